/* tensors.h - the tensors of a checkpoint folder, whatever files they are in */
#ifndef VIT_FILES_TENSORS_H
#define VIT_FILES_TENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/status.h"

enum { TENSOR_MAX_RANK = 8 };

struct tensor {
    const char *name;
    const char *dtype; /* as its format spells it: "F32", "<f4" */
    bool readable;     /* tensors_read_f32 knows the dtype */
    size_t rank;       /* 0 is a scalar */
    size_t shape[TENSOR_MAX_RANK];
    size_t elements;
    const char *path;   /* the file it is in, for messages */
    size_t file, entry; /* the reader's: where in the file, and in which of several */
};

enum tensors_format {
    TENSORS_SAFETENSORS, /* model.safetensors */
    TENSORS_SHARDED,     /* model.safetensors.index.json, and the files that it names */
    TENSORS_NPZ,         /* one .npz file */
};

struct tensors {
    enum tensors_format format;
    char *path; /* for messages: the file, or the index of several */
    size_t count;
    struct tensor *entries;      /* sorted by name, as strcmp does */
    size_t files;                /* how many .safetensors are open */
    struct safetensors **shards; /* [files] */
    struct npz *npz;             /* NULL unless that is the format */
};

/*
 * Opens the one file of weights in a folder: model.safetensors; model.safetensors.index.json and
 * the files that it names; or any one .npz. Every header is checked whole; no data are read. All or
 * nothing, and the message names the file and the tensor. VIT_EIO there is no such file, or one
 * cannot be read; VIT_EFORMAT there are several, or one is malformed, or what the index says of its
 * files is not so; VIT_EUNSUPPORTED as safetensors_open, index_parse and npz_open; VIT_ENOMEM.
 */
enum vit_status tensors_open(const char *folder, struct tensors **tensors, struct vit_error *err);

/* NULL is allowed. */
void tensors_close(struct tensors *tensors);

/* The tensor of that name, or NULL. */
const struct tensor *tensors_find(const struct tensors *tensors, const char *name);

/*
 * Elements first .. first + count − 1 in the file's own row-major order, as float32: exactly from
 * F32, F16 and BF16, rounded to nearest from a .npz file's float64. One thread at a time: of a .npz
 * file the tensor last read is held whole, so tensors are best read one after the other.
 * VIT_EINVAL they are not all within the tensor; VIT_EUNSUPPORTED it is not readable; VIT_EIO the
 * file ends early or cannot be read; VIT_EFORMAT a .npz file is damaged or cut there; VIT_ENOMEM.
 */
enum vit_status tensors_read_f32(const struct tensors *tensors, const struct tensor *tensor,
                                 size_t first, size_t count, float *out, struct vit_error *err);

#endif
