/* npy_file.h - an array of numpy's as float32: a .npy file, which may be hostile */
#ifndef VIT_FILES_NPY_FILE_H
#define VIT_FILES_NPY_FILE_H

#include "files/npy_header.h"

/*
 * Reads a whole file: header->shape says what *data, which the caller frees, is. float32, float16
 * and bfloat16 are read exactly, float64 is rounded to nearest; it takes at most twice the file's
 * length. VIT_EFORMAT, VIT_EUNSUPPORTED as npy_parse_header; also VIT_EUNSUPPORTED: another dtype.
 * VIT_ENOTFOUND, VIT_EIO, VIT_ENOMEM.
 */
enum vit_status npy_file_load(const char *path, struct npy_header *header, float **data,
                              struct vit_error *err);

#endif
