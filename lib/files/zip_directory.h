/* zip_directory.h - the members of a zip archive, which may be hostile, as minizip lists them */
#ifndef VIT_FILES_ZIP_DIRECTORY_H
#define VIT_FILES_ZIP_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "files/file.h"

enum { ZIP_FLAG_ENCRYPTED = 1, ZIP_METHOD_STORED = 0, ZIP_METHOD_DEFLATED = 8 };

struct zip_member {
    const char *name; /* until the next call */
    size_t name_bytes;
    unsigned flags, method;
    uint32_t crc;
    uint64_t packed, size; /* bytes in the archive, and unpacked */
    uint64_t header, data; /* where its local header and its data begin: zip_directory_locate */
};

struct zip_directory;

/*
 * Finds the directory of an archive, which must not change until zip_directory_close; *count
 * members. VIT_EFORMAT: not an archive; VIT_EIO, VIT_ENOMEM.
 */
enum vit_status zip_directory_open(const struct input_file *source,
                                   struct zip_directory **directory, uint64_t *count,
                                   struct vit_error *err);

/*
 * The next member as the directory has it, without places; at most *count calls. The last checks
 * that the directory ends there. VIT_EFORMAT: the directory is damaged; VIT_EIO.
 */
enum vit_status zip_directory_next(struct zip_directory *directory, struct zip_member *member,
                                   struct vit_error *err);

/*
 * Fills in the places of the member of the last call from its local header, which must agree with
 * the directory; `where` begins the message. VIT_EFORMAT: it disagrees, or lies outside the
 * archive; VIT_EIO, VIT_ENOMEM.
 */
enum vit_status zip_directory_locate(struct zip_directory *directory, struct zip_member *member,
                                     const char *where, struct vit_error *err);

/* NULL is allowed. */
void zip_directory_close(struct zip_directory *directory);

#endif
