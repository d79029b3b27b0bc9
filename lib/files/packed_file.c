/* packed_file.c - files of packed weights: mapped, and verified */
#include "files/packed_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "files/fail_file.h"
#include "files/file.h"
#include "files/sha256.h"

/* The bytes of the header, or of a shorter file. */
static enum vit_status check_header(const struct input_file *file, struct packed_header *expected,
                                    struct vit_error *err)
{
    const size_t bytes = file->bytes < expected->data ? (size_t)file->bytes : expected->data;
    unsigned char *const found = malloc(expected->data);
    enum vit_status status;

    if (!found)
        return fail_no_memory(err, file->path);
    if (!(status = file_read(file, 0, bytes, found, err)))
        status = packed_header_check(expected, file->path, found, bytes, file->bytes, err);
    free(found);
    return status;
}

enum vit_status packed_file_map(const char *path, struct packed_header *expected,
                                struct packed_map *map, struct vit_error *err)
{
    struct input_file file;
    enum vit_status status = file_open(path, &file, err);

    if (status)
        return status;
    if ((status = check_header(&file, expected, err)))
        goto close_file;
    void *const base = mmap(NULL, (size_t)expected->file_bytes, PROT_READ, MAP_SHARED, file.fd, 0);
    if (base == MAP_FAILED) {
        status = fail_file(err, errno == ENOMEM ? VIT_ENOMEM : VIT_EIO, path,
                           "cannot be mapped: %s", strerror(errno));
        goto close_file;
    }
    *map = (struct packed_map){ .base = base,
                                .bytes = (size_t)expected->file_bytes,
                                .path = file.path };
    file.path = NULL; /* the map's from here on */

close_file:
    file_close(&file);
    return status;
}

void packed_file_unmap(struct packed_map *map)
{
    if (map->base)
        munmap((void *)map->base, map->bytes);
    free(map->path);
    *map = (struct packed_map){ 0 };
}

enum vit_status packed_digest_check(const char *path, const unsigned char *expected,
                                    const unsigned char *found, struct vit_error *err)
{
    if (memcmp(found, expected, SHA256_BYTES) == 0)
        return VIT_OK;
    return fail_file(err, VIT_ESTALE, path,
                     "data: expected SHA-256 %s, found %s; remove the damaged file, then it can be "
                     "written again",
                     sha256_text(expected).text, sha256_text(found).text);
}

enum vit_status packed_file_verify(const struct packed_map *map, struct packed_header *expected,
                                   struct vit_error *err)
{
    unsigned char found[SHA256_BYTES];
    const enum vit_status status =
        packed_header_check(expected, map->path, map->base, map->bytes, map->bytes, err);

    if (status)
        return status;
    sha256(map->base + expected->data, map->bytes - expected->data, found);
    return packed_digest_check(map->path, expected->digest, found, err);
}
