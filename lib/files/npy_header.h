/* npy_header.h - the header of numpy's .npy files, which are hostile until proven otherwise */
#ifndef VIT_FILES_NPY_HEADER_H
#define VIT_FILES_NPY_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

enum {
    NPY_MAX_RANK = 8,
    NPY_PREAMBLE = 12, /* bytes that say how long the header is */
    NPY_MAX_HEADER =
        65535, /* bytes; all that version 1 can say; numpy itself refuses above 10,000 */
};

enum npy_dtype {
    NPY_F32,
    NPY_F16,
    NPY_F64,
    NPY_BF16, /* numpy has none: ml_dtypes, which JAX uses, makes it a void of 2 bytes */
    NPY_BOOL,
    NPY_U8,
    NPY_I8,
    NPY_U16,
    NPY_I16,
    NPY_U32,
    NPY_I32,
    NPY_U64,
    NPY_I64,
    NPY_DTYPES
};

struct npy_header {
    enum npy_dtype dtype;
    size_t rank; /* 0 is a scalar */
    size_t shape[NPY_MAX_RANK];
    size_t elements;
    size_t data_offset; /* of the first element, from the start of the file */
};

/*
 * Where the data of a file of file_bytes begin, from its first `size` bytes, NPY_PREAMBLE or more
 * unless it is shorter. `where` begins the message, and is fit for one. Versions 1, 2 and 3.
 * VIT_EFORMAT no .npy file, or truncated, or a header above NPY_MAX_HEADER; VIT_EUNSUPPORTED
 * another version.
 */
enum vit_status npy_data_offset(const char *where, const void *bytes, size_t size,
                                uint64_t file_bytes, size_t *offset, struct vit_error *err);

/*
 * Parses the header of a file of file_bytes, of which `bytes` holds the first `size`, its data's
 * offset or more. The data are exactly as long as the shape says.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 * VIT_EFORMAT malformed, truncated, or data of another length; VIT_EUNSUPPORTED Fortran order, a
 * dtype not above or in big-endian order, a rank above NPY_MAX_RANK, or another version.
 */
enum vit_status npy_parse_header(const char *where, const void *bytes, size_t size,
                                 uint64_t file_bytes, struct npy_header *header,
                                 struct vit_error *err);

/* The dtype as the format spells it ("<f4"), and the bytes of one element. */
const char *npy_dtype_descr(enum npy_dtype dtype);
size_t npy_dtype_bytes(enum npy_dtype dtype);

/* "float32 [2, 3, 48, 48]"; returns text. */
const char *npy_describe(enum npy_dtype dtype, size_t rank, const size_t *shape, char *text,
                         size_t size);

#endif
