/* npz_zip.h - access to libzip, shared by the two files of the .npz reader */
#ifndef VIT_FILES_NPZ_ZIP_H
#define VIT_FILES_NPZ_ZIP_H

#include <zip.h>

#include "files/sanitize.h"
#include "vit/status.h"

/* "FILE: member NAME", sanitized: how a message about a member begins; `suffix` follows NAME. */
struct npz_where {
    char text[2 * sizeof(struct sanitized) + 24];
};
struct npz_where npz_where(const char *path, const char *name, const char *suffix);

/* The status and the message for an error of libzip. */
enum vit_status npz_fail(const char *where, zip_error_t *error, struct vit_error *err);

/* Reads `bytes` bytes of an open member. VIT_EFORMAT: truncated or damaged; else as npz_fail. */
enum vit_status npz_fread(const char *where, zip_file_t *file, uint64_t bytes, void *out,
                          struct vit_error *err);

#endif
