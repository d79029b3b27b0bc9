/* npy.h - numpy's .npy files: float32 and uint8 arrays in C order */
#ifndef VIT_TOOLS_NPY_H
#define VIT_TOOLS_NPY_H

#include <stdio.h>

#include "files/npy_header.h"

/*
 * Reads a file; *data is free()d by the caller. VIT_EIO, VIT_ENOMEM, or as npy_parse_header;
 * VIT_EUNSUPPORTED a dtype other than float32 and uint8.
 */
enum vit_status npy_read(const char *path, struct npy_header *header, void **data,
                         struct vit_error *err);

/* Writes an array; the caller checks the FILE for errors, as after any fwrite. */
void npy_write(FILE *file, enum npy_dtype dtype, size_t rank, const size_t *shape,
               const void *data);

#endif
