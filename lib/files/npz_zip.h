/* npz_zip.h - what both halves of the .npz reader ask of libzip */
#ifndef VIT_FILES_NPZ_ZIP_H
#define VIT_FILES_NPZ_ZIP_H

#include <zip.h>

#include "files/sanitize.h"
#include "vit/status.h"

/* "FILE: member "NAMEEND"", which begins a message. */
struct npz_where {
    char text[2 * sizeof(struct quote) + 24];
};
struct npz_where npz_where(const char *path, const char *name, const char *end);

/* The status that libzip's error deserves, and its sentence. */
enum vit_status npz_fail(const char *where, zip_error_t *error, struct vit_error *err);

/*
 * Reads `bytes` bytes of an open member. VIT_EFORMAT it ends before, or is damaged; else as
 * npz_fail.
 */
enum vit_status npz_fread(const char *where, zip_file_t *file, uint64_t bytes, void *out,
                          struct vit_error *err);

#endif
