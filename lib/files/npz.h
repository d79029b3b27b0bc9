/* npz.h - reading .npz files: zip archives of .npy files, which may be hostile */
#ifndef VIT_FILES_NPZ_H
#define VIT_FILES_NPZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files/npy_header.h"
#include "files/zip_stream.h"

#define NPZ_MAX_MEMBERS                                                                            \
    65535 /* the limit of a zip directory without zip64; models have under 3,000 */

/*
 * What the members may unpack to, and what they may be as float32: 4 bytes for each byte of the
 * file, and 16 MiB. Weights hardly compress: float32 by a tenth, bfloat16 stored as float32 to a
 * third; only zeros need more. docs/correctness.md has the reasons.
 */
enum { NPZ_MAX_EXPANSION = 4, NPZ_FREE_BYTES = 16 << 20 };

struct npz_member {
    char *name;           /* without ".npy" */
    uint64_t place;       /* of its local header, in the archive */
    struct zip_data data; /* the .npy file */
    struct npy_header header;
    char *unread; /* why the member cannot be read, a message; or NULL. Then header has no array */
};

struct npz {
    size_t count;
    struct npz_member *members; /* sorted by name */
    struct input_file source;
    const struct npz_member *unpacked; /* the member whose unpacked data are in memory, or NULL */
    void *data;
};

/*
 * Opens an archive and checks its directory, the places of its members, which must not overlap, and
 * the header of each: stored or deflated, not encrypted, each name once and ending in ".npy", sizes
 * that agree with each other and with the length of the file. VIT_EIO, VIT_ENOMEM; VIT_EFORMAT (the
 * message names the file and the member); VIT_EUNSUPPORTED: another compression, encryption, more
 * than NPZ_MAX_MEMBERS. A member that npy_parse_header does not support is listed with the reason:
 * a model may not need it.
 */
enum vit_status npz_open(const char *path, struct npz **npz, struct vit_error *err);

/* The same for an open file, which it takes over; it closes the file if it fails. */
enum vit_status npz_open_file(struct input_file *file, struct npz **npz, struct vit_error *err);

/* The same for a file in memory, which must not change until npz_close. */
enum vit_status npz_parse(const char *path, const void *bytes, size_t size, struct npz **npz,
                          struct vit_error *err);

/* Closes the archive and frees the unpacked data; the members stay. */
void npz_close_file(struct npz *npz);

/* NULL is allowed. */
void npz_close(struct npz *npz);

/* Whether npz_read_f32 can convert the dtype: float32, float16, float64, bfloat16. */
bool npz_readable(enum npy_dtype dtype);

/*
 * Elements first .. first + count − 1 of a member as float32, exactly except from float64, which is
 * rounded to nearest. Not thread-safe: it unpacks the whole member, compares its checksum, and
 * keeps the data until another member is read. VIT_EINVAL: the range is not within the member;
 * VIT_EUNSUPPORTED: the dtype is not readable; VIT_EFORMAT: the data are damaged or truncated;
 * VIT_EIO: the file cannot be read; VIT_ENOMEM.
 */
enum vit_status npz_read_f32(struct npz *npz, const struct npz_member *member, size_t first,
                             size_t count, float *out, struct vit_error *err);

#endif
