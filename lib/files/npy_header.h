/* npy_header.h - the header of numpy's .npy files, which may be hostile */
#ifndef VIT_FILES_NPY_HEADER_H
#define VIT_FILES_NPY_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

enum {
    NPY_MAX_RANK = 8,
    NPY_PREAMBLE = 12,      /* bytes that hold the magic, the version and the header's length */
    NPY_MAX_HEADER = 65535, /* bytes; version 1 allows no more; numpy's own limit is 10,000 */
};

enum npy_dtype {
    NPY_F32,
    NPY_F16,
    NPY_F64,
    NPY_BF16, /* not a numpy type: ml_dtypes, which JAX uses, stores it as a void of 2 bytes */
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
 * *offset = where the data of a file of file_bytes begin. `bytes` holds the first `size` bytes of
 * the file: at least NPY_PREAMBLE, unless the file is shorter. `where` begins the error message and
 * must be sanitized. Versions 1, 2 and 3. VIT_EFORMAT: not a .npy file, truncated, or a header
 * above NPY_MAX_HEADER; VIT_EUNSUPPORTED: another version.
 */
enum vit_status npy_data_offset(const char *where, const void *bytes, size_t size,
                                uint64_t file_bytes, size_t *offset, struct vit_error *err);

/*
 * Parses the header of a file of file_bytes. `bytes` holds the first `size` bytes of the file, with
 * the whole header. The file must end exactly where the data of that shape ends.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html VIT_EFORMAT: malformed,
 * truncated, or data of another length; VIT_EUNSUPPORTED: Fortran order, a dtype that is not listed
 * above or is big-endian, a rank above NPY_MAX_RANK, or another version.
 */
enum vit_status npy_parse_header(const char *where, const void *bytes, size_t size,
                                 uint64_t file_bytes, struct npy_header *header,
                                 struct vit_error *err);

/* The dtype in the format's spelling ("<f4"), and the bytes of one element. */
const char *npy_dtype_descr(enum npy_dtype dtype);
size_t npy_dtype_bytes(enum npy_dtype dtype);

/* "float32 [2, 3, 48, 48]"; returns text. */
const char *npy_describe(enum npy_dtype dtype, size_t rank, const size_t *shape, char *text,
                         size_t size);

#endif
