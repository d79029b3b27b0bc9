/* npy.h - numpy's .npy files: float32 and uint8 arrays in C order */
#ifndef VIT_TOOLS_NPY_H
#define VIT_TOOLS_NPY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vit/status.h"

enum { NPY_MAX_RANK = 8 };

enum npy_dtype {
    NPY_F32, /* '<f4' */
    NPY_U8,  /* '|u1' */
};

struct npy_header {
    enum npy_dtype dtype;
    size_t rank; /* 0 is a scalar */
    size_t shape[NPY_MAX_RANK];
    size_t elements;
    size_t data_offset; /* of the first element, from the start of the file */
};

/*
 * Parses the header of a file of file_bytes, of which `bytes` holds the first `size`; `path` is for
 * the message. Versions 1, 2 and 3. The data are exactly as long as the shape says.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * VIT_EFORMAT malformed, truncated, or data of another length; VIT_EUNSUPPORTED Fortran order,
 * another dtype, or a rank above NPY_MAX_RANK.
 */
enum vit_status npy_parse_header(const char *path, const void *bytes, size_t size,
                                 uint64_t file_bytes, struct npy_header *header,
                                 struct vit_error *err);

/* Reads a file; *data is free()d by the caller. VIT_EIO, VIT_ENOMEM, or as npy_parse_header. */
enum vit_status npy_read(const char *path, struct npy_header *header, void **data,
                         struct vit_error *err);

/* Writes an array; the caller checks the FILE for errors, as after any fwrite. */
void npy_write(FILE *file, enum npy_dtype dtype, size_t rank, const size_t *shape,
               const void *data);

/* "float32 [2, 3, 48, 48]"; returns text. */
const char *npy_describe(enum npy_dtype dtype, size_t rank, const size_t *shape, char *text,
                         size_t size);

#endif
