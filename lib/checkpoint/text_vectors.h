/* text_vectors.h - the vectors of texts in a file, which may be hostile, and the texts' names */
#ifndef VIT_CHECKPOINT_TEXT_VECTORS_H
#define VIT_CHECKPOINT_TEXT_VECTORS_H

#include <stddef.h>

#include "checkpoint/labels.h"

/* Vectors of finite numbers, none of zeros alone; names that differ, none of them empty. */
struct text_vectors {
    size_t count, width;
    float *vectors;      /* [count][width] */
    struct labels names; /* as many; none: the texts have no names */
    char *path;          /* for messages */
};

/*
 * Reads NAME.npy, an array [texts][numbers], with a name per line in NAME.txt; or a .safetensors
 * file, of a tensor per text, [numbers] or [1, numbers], whose name is the text's. The vectors take
 * at most twice the length of the file. VIT_EUNSUPPORTED: more than 2^20 texts; VIT_EFORMAT,
 * VIT_ENOTFOUND, VIT_EIO, VIT_ENOMEM: the message names the file and the text. VIT_EINVAL: the path
 * has another ending.
 */
enum vit_status text_vectors_read(const char *path, struct text_vectors *texts,
                                  struct vit_error *err);

/* Copies [count][width] numbers and [count] names, or NULL. Errors as vit_texts_create. */
enum vit_status text_vectors_copy(size_t count, size_t width, const float *vectors,
                                  const char *const *names, struct text_vectors *texts,
                                  struct vit_error *err);

/* VIT_EINVAL: the vectors have another width. */
enum vit_status text_vectors_have_width(const struct text_vectors *texts, size_t width,
                                        struct vit_error *err);

void text_vectors_free(struct text_vectors *texts);

#endif
