/* packed_file.h - files of packed weights: mapped, verified, written */
#ifndef VIT_FILES_PACKED_FILE_H
#define VIT_FILES_PACKED_FILE_H

#include "files/packed_header.h"

/* A mapped file. A zeroed struct is none. */
struct packed_map {
    const unsigned char *base; /* [bytes], for reading alone */
    size_t bytes;
    char *path;
};

/*
 * Maps a file whose header must be the one that is expected, and takes the digests from it. It
 * reads the header alone. VIT_ENOTFOUND, VIT_EIO as file_open; VIT_EFORMAT, VIT_ESTALE as
 * packed_header_check; VIT_ENOMEM.
 */
enum vit_status packed_file_map(const char *path, struct packed_header *expected,
                                struct packed_map *map, struct vit_error *err);
void packed_file_unmap(struct packed_map *map); /* a zeroed one is allowed */

/*
 * Compares the header of a mapped file again, takes the digests from it, and reads all data.
 * VIT_ESTALE: their digest is not the one in the header; VIT_ENOMEM.
 */
enum vit_status packed_file_verify(const struct packed_map *map, struct packed_header *expected,
                                   struct vit_error *err);

/* VIT_ESTALE: the digest of the data of a file is not the one that its header has. */
enum vit_status packed_digest_check(const char *path, const unsigned char *expected,
                                    const unsigned char *found, struct vit_error *err);

/*
 * Writes a file of a header that packed_header_place placed, and data[i] for array i. It appears
 * whole or not at all: it is written as PATH.tmp, or as PATH.PID-TIME.tmp if that exists, which a
 * process that is killed leaves behind, then renamed. It keeps the permissions of a file that it
 * replaces. `from`: the mapped file that the data are those of, whose digests the header has, or
 * NULL. Fills header->digest.
 * VIT_EINVAL: `path` is a link, no regular file, or a file of another format; VIT_ESTALE: the data
 * of `from` are damaged; VIT_EIO: the file cannot be written; VIT_ENOMEM.
 */
enum vit_status packed_file_write(const char *path, const struct packed_map *from,
                                  struct packed_header *header, const void *const *data,
                                  struct vit_error *err);

#endif
