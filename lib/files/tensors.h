/* tensors.h - the tensors of a checkpoint's directory, in any of the supported formats */
#ifndef VIT_FILES_TENSORS_H
#define VIT_FILES_TENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include "files/directory.h"
#include "files/weights_file.h"
#include "vit/status.h"

enum { TENSOR_MAX_RANK = 8 };

struct tensor {
    const char *name;
    const char *dtype;  /* in its format's spelling: "F32", "<f4" */
    bool readable;      /* tensors_read_f32 can convert the dtype */
    const char *unread; /* why its shape and dtype are not known: a message; or NULL */
    size_t rank;        /* 0 is a scalar */
    size_t shape[TENSOR_MAX_RANK];
    size_t elements;
    const char *path;   /* of its file, for messages */
    size_t file, entry; /* the reader's: the index of the file, and of the entry in that file */
};

struct tensors {
    enum tensors_format format;
    char *path; /* for messages: the file of weights, or the index of several */
    size_t count;
    struct tensor *entries;      /* sorted by name, in the order of strcmp */
    size_t files;                /* how many .safetensors files are open */
    struct safetensors **shards; /* [files] */
    struct npz *npz;             /* NULL for the other formats */
};

/*
 * Opens the one file of weights in a directory: model.safetensors; model.safetensors.index.json and
 * the files that it names; or a .npz file of any name. It checks every header completely and reads
 * no data. All or nothing; the message names the file and the tensor. VIT_EIO: there is no such
 * file, or one cannot be read; VIT_EFORMAT: there are several, one is malformed, or the index and
 * its files disagree; VIT_EUNSUPPORTED as safetensors_open, index_parse and npz_open; VIT_ENOMEM.
 */
enum vit_status tensors_open(const struct directory *directory, struct tensors **tensors,
                             struct vit_error *err);

/* File i of those that have the tensors, open or not; NULL past the last. */
const struct input_file *tensors_file(const struct tensors *tensors, size_t i);

/* Closes the files: the list stays, and reading data is VIT_EINVAL from here on. */
void tensors_close_files(struct tensors *tensors);

/* NULL is allowed. */
void tensors_close(struct tensors *tensors);

/* The index of the tensor of that name in entries; count if there is none. */
size_t tensors_index(const struct tensors *tensors, const char *name);

/* The tensor of that name, or NULL. */
const struct tensor *tensors_find(const struct tensors *tensors, const char *name);

/*
 * Elements first .. first + count − 1 in the file's row-major order, as float32: exactly from F32,
 * F16 and BF16, rounded to nearest from float64. Not thread-safe: it keeps the
 * last tensor of a .npz file in memory, so it is fastest to read one tensor after the other.
 * VIT_EINVAL: the range is not within the tensor; VIT_EUNSUPPORTED: the tensor is not readable;
 * VIT_EIO: the file is truncated or cannot be read; VIT_EFORMAT: the data of a .npz file are
 * damaged or truncated; VIT_ENOMEM.
 */
enum vit_status tensors_read_f32(const struct tensors *tensors, const struct tensor *tensor,
                                 size_t first, size_t count, float *out, struct vit_error *err);

#endif
