/* safetensors_write.h - writing a .safetensors file of float32, whole or not at all */
#ifndef VIT_FILES_SAFETENSORS_WRITE_H
#define VIT_FILES_SAFETENSORS_WRITE_H

#include <stddef.h>

#include "vit/status.h"

enum { NEW_TENSOR_NAME = 160 };

/* A tensor to write. */
struct new_tensor {
    char name[NEW_TENSOR_NAME]; /* letters, digits, dots and underscores */
    size_t rank, shape[4];
};

/* Where the numbers come from: elements first .. first + count − 1 of tensor i, row by row. */
struct new_tensor_source {
    enum vit_status (*read)(void *user, size_t i, size_t first, size_t count, float *out,
                            struct vit_error *err);
    void *user;
};

/*
 * Writes tensors[count], in this order, to a file that must not exist yet. It is written as
 * new_file_open says, and flushed to the disk before it gets its name. VIT_EINVAL: `path` exists;
 * VIT_EIO; VIT_ENOTFOUND: its directory does not exist; VIT_ENOMEM; what the source returns.
 */
enum vit_status safetensors_write(const char *path, size_t count, const struct new_tensor *tensors,
                                  const struct new_tensor_source *source, struct vit_error *err);

#endif
