/* npy.h - numpy's .npy files with float32 and uint8 arrays in C order */
#ifndef VIT_TOOLS_NPY_H
#define VIT_TOOLS_NPY_H

#include <stddef.h>
#include <stdio.h>

#include "vit/status.h"

enum { NPY_MAX_RANK = 8 };

enum npy_type { NPY_FLOAT32, NPY_UINT8 };

struct npy_array {
    enum npy_type type;
    size_t rank, shape[NPY_MAX_RANK];
    size_t elements; /* their product */
    void *data;      /* free() releases it */
};

/*
 * Reads a file: versions 1 to 3 of the format, with exactly the data of its shape.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html VIT_EIO: the file cannot
 * be read. VIT_EFORMAT: not a .npy file, malformed, or data of another length. VIT_EUNSUPPORTED:
 * another type, order or version, or a rank above NPY_MAX_RANK. VIT_ENOMEM.
 */
enum vit_status npy_load(const char *path, struct npy_array *array, struct vit_error *err);

/*
 * The same for a file in memory. Fills the array except for its data, which begin at bytes +
 * *offset; `path` is for messages.
 */
enum vit_status npy_parse(const char *path, const void *bytes, size_t size, struct npy_array *array,
                          size_t *offset, struct vit_error *err);

/* Writes an array, without its `elements`. The caller checks the FILE for errors. */
void npy_save(const struct npy_array *array, FILE *file);

/*
 * The same without the data. Of arrays of two dimensions every header has 128 bytes, so that one
 * can replace another.
 */
void npy_save_header(const struct npy_array *array, FILE *file);

/* "float32 [2, 3, 48, 48]"; returns text. */
const char *npy_describe_array(const struct npy_array *array, char *text, size_t size);

#endif
