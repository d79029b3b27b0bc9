/* npz_where.h - how a message about a member of a .npz file begins */
#ifndef VIT_FILES_NPZ_WHERE_H
#define VIT_FILES_NPZ_WHERE_H

#include "files/sanitize.h"
#include "vit/status.h"

/* "FILE: member NAME", sanitized: how a message about a member begins; `suffix` follows NAME. */
struct npz_where {
    char text[2 * sizeof(struct sanitized) + 24];
};
struct npz_where npz_where(const char *path, const char *name, const char *suffix);

#endif
