/* safetensors.h - reading .safetensors files, which may be hostile */
#ifndef VIT_FILES_SAFETENSORS_H
#define VIT_FILES_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/file.h"

/*
 * The format: the length of a header, 8 bytes in little-endian order; the header, a JSON object of
 * NAME: {"dtype", "shape", "data_offsets": [begin, end]} with an optional "__metadata__", an object
 * of strings; then the data. The offsets count from the start of the data and cover them without
 * gaps. https://github.com/huggingface/safetensors
 */
#define SAFETENSORS_MAX_RANK   8
#define SAFETENSORS_MAX_HEADER 100000000 /* bytes; the reference implementation's limit */

/* The format has more, below one byte (F4, F6_…): for those the reader returns VIT_EUNSUPPORTED. */
enum safetensors_dtype {
    DTYPE_F64,
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_I64,
    DTYPE_I32,
    DTYPE_I16,
    DTYPE_I8,
    DTYPE_U8,
    DTYPE_BOOL,
    DTYPE_U64,
    DTYPE_U32,
    DTYPE_U16,
    DTYPE_F8_E4M3,
    DTYPE_F8_E5M2,
    DTYPE_F8_E8M0,
    DTYPE_F8_E4M3FNUZ,
    DTYPE_F8_E5M2FNUZ,
    DTYPE_C64,
    DTYPES
};

struct safetensors_entry {
    char *name;
    enum safetensors_dtype dtype;
    size_t rank; /* 0 is a scalar */
    size_t shape[SAFETENSORS_MAX_RANK];
    size_t elements;
    uint64_t offset; /* of the first byte, from the start of the file */
};

struct safetensors {
    size_t count;
    struct safetensors_entry *entries; /* sorted by name */
    struct input_file source;          /* not open if it is closed, or a part was parsed */
};

/*
 * Opens a file and checks its header completely: lengths, offsets, overlaps, gaps, duplicate keys,
 * dtype × shape, keys that the format does not have. VIT_EIO, VIT_EFORMAT (the message names the
 * file and the tensor), VIT_ENOMEM; VIT_EUNSUPPORTED: a dtype that is not in the list above, or a
 * rank above SAFETENSORS_MAX_RANK.
 */
enum vit_status safetensors_open(const char *path, struct safetensors **file,
                                 struct vit_error *err);

/* The same for an open file, which it takes over; it closes the file if it fails. */
enum vit_status safetensors_open_file(struct input_file *source, struct safetensors **file,
                                      struct vit_error *err);

/*
 * The same checks on the first `bytes` bytes of a file of file_bytes, in memory. Its data cannot be
 * read. Also VIT_EINVAL: more bytes than the file has, or the bytes end before the header does.
 */
enum vit_status safetensors_parse(const char *path, const void *start, size_t bytes,
                                  uint64_t file_bytes, struct safetensors **file,
                                  struct vit_error *err);

/* NULL is allowed. */
void safetensors_close(struct safetensors *file);

/* Closes the file; the entries stay. */
void safetensors_close_file(struct safetensors *file);

/* The entry of that name, or NULL. */
const struct safetensors_entry *safetensors_find(const struct safetensors *file, const char *name);

/* The dtype in the format's spelling ("F32"), and the bytes of one element. */
const char *safetensors_dtype_name(enum safetensors_dtype dtype);
size_t safetensors_dtype_bytes(enum safetensors_dtype dtype);
/* Whether safetensors_read_f32 can convert it. */
bool safetensors_readable(enum safetensors_dtype dtype);

/*
 * Elements first .. first + count − 1 in the stored dtype. Thread-safe. VIT_EINVAL: the range is
 * not within the entry, or the file is not open; VIT_EIO: the file is truncated or
 * cannot be read.
 */
enum vit_status safetensors_read(const struct safetensors *file,
                                 const struct safetensors_entry *entry, size_t first, size_t count,
                                 void *out, struct vit_error *err);

/*
 * The same, converted to float32 exactly from F32, F16 or BF16: subnormals and infinities are
 * preserved, and so is the payload of a NaN. VIT_EUNSUPPORTED: another dtype.
 */
enum vit_status safetensors_read_f32(const struct safetensors *file,
                                     const struct safetensors_entry *entry, size_t first,
                                     size_t count, float *out, struct vit_error *err);

#endif
