/* npz.h - reading .npz files, zip archives of .npy files, hostile until proven otherwise */
#ifndef VIT_FILES_NPZ_H
#define VIT_FILES_NPZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/npy_header.h"
#include "vit/status.h"

#define NPZ_MAX_MEMBERS 65535 /* what a directory says without zip64; models have under 3,000 */

struct npz_member {
    char *name;     /* without ".npy" */
    uint64_t place; /* in the archive's directory */
    struct npy_header header;
};

struct npz {
    size_t count;
    struct npz_member *members; /* sorted by name */
    char *path;                 /* for messages */
    struct zip *archive;
    const struct npz_member *held; /* whose data are held, or NULL */
    void *data;
};

/*
 * Opens an archive and checks its directory and the header of every member: stored or deflated,
 * not encrypted, every name once and ending in ".npy", sizes that agree with each other and that
 * the file is long enough for. VIT_EIO, VIT_ENOMEM; VIT_EFORMAT (the message names the file and the
 * member); VIT_EUNSUPPORTED another compression, encryption, above NPZ_MAX_MEMBERS, or as
 * npy_parse_header.
 */
enum vit_status npz_open(const char *path, struct npz **npz, struct vit_error *err);

/* The same of a file in memory, which must stay as it is until npz_close. */
enum vit_status npz_parse(const char *path, const void *bytes, size_t size, struct npz **npz,
                          struct vit_error *err);

/* NULL is allowed. */
void npz_close(struct npz *npz);

/* Whether npz_read_f32 knows the dtype: float32, float16, float64, bfloat16. */
bool npz_readable(enum npy_dtype dtype);

/*
 * Elements first .. first + count − 1 of a member as float32, exactly but for float64, which is
 * rounded to nearest. A member is unpacked whole, its checksum compared, and held until another
 * is asked for: one thread at a time. VIT_EINVAL they are not all within the member;
 * VIT_EUNSUPPORTED its dtype is not readable; VIT_EFORMAT its data are damaged or cut short;
 * VIT_EIO they cannot be read; VIT_ENOMEM.
 */
enum vit_status npz_read_f32(struct npz *npz, const struct npz_member *member, size_t first,
                             size_t count, float *out, struct vit_error *err);

#endif
