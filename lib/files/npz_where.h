/* npz_where.h - how the messages about a member of a .npz file begin */
#ifndef VIT_FILES_NPZ_WHERE_H
#define VIT_FILES_NPZ_WHERE_H

#include "files/sanitize.h"

/* "FILE: member NAME", sanitized; `suffix` follows NAME. */
struct npz_where {
    char text[2 * sizeof(struct sanitized) + 24];
};
struct npz_where npz_where(const char *path, const char *name, const char *suffix);

#endif
