/* packed_write.c - writes a file of packed weights, which appears whole or not at all */
#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/fail_file.h"
#include "files/file.h"
#include "files/new_file.h"
#include "files/packed_file.h"

/* An open file, and the digest of what is written. */
struct writer {
    int fd;
    struct sha256_ctx digest;
};

/* Writes and digests in pieces that stay in a cache between the two. */
static bool write_data(struct writer *w, const void *bytes, size_t count, uint64_t offset)
{
    enum { PIECE = 1 << 18 };
    const unsigned char *const from = bytes;

    for (size_t at = 0; at < count; at += PIECE) {
        const size_t here = count - at < PIECE ? count - at : PIECE;
        sha256_update(&w->digest, here, from + at);
        if (!new_file_write(w->fd, from + at, here, offset + at))
            return false;
    }
    return true;
}

/* The arrays, with zeros up to the next. */
static bool write_arrays(struct writer *w, const struct packed_header *h, const void *const *data)
{
    static const unsigned char zeros[PACKED_ALIGN];

    for (size_t i = 0; i < h->array_count; i++) {
        const struct packed_array *const a = &h->arrays[i];
        const uint64_t end = a->offset + a->bytes;
        const uint64_t next = i + 1 < h->array_count ? a[1].offset : h->file_bytes;
        if (!write_data(w, data[i], (size_t)a->bytes, a->offset) ||
            !write_data(w, zeros, (size_t)(next - end), end))
            return false;
    }
    return true;
}

/* The header comes last: it has the digest of the data. */
static bool write_header(int fd, const struct packed_header *h, unsigned char *header)
{
    packed_header_write(h, header);
    return new_file_write(fd, header, h->data, 0) && fsync(fd) == 0;
}

/* Data that were mapped must be those that were once packed, or they would get a valid digest. */
static enum vit_status write_all(int fd, const char *path, const struct packed_map *from,
                                 struct packed_header *h, const void *const *data,
                                 struct vit_error *err)
{
    struct writer w = { .fd = fd };
    unsigned char digest[SHA256_BYTES];
    unsigned char *const header = malloc(h->data);
    enum vit_status status = VIT_OK;

    if (!header)
        return fail_no_memory(err, path);
    sha256_init(&w.digest);
    if (!write_arrays(&w, h, data)) {
        status = new_file_fail(path, err);
        goto free_header;
    }
    sha256_digest(&w.digest, sizeof digest, digest);
    if (from && (status = packed_digest_check(from->path, h->digest, digest, err)))
        goto free_header;
    memcpy(h->digest, digest, sizeof digest);
    if (!write_header(fd, h, header))
        status = new_file_fail(path, err);

free_header:
    free(header);
    return status;
}

/*
 * Only an older file of packed weights is replaced, or an empty one: never weights, which the data
 * come from, a device or a link. *mode: that of the older file; 0: there is none.
 */
static enum vit_status check_target(const char *path, mode_t *mode, struct vit_error *err)
{
    unsigned char start[PACKED_MAGIC];
    struct input_file file;
    struct stat info;
    size_t count;
    enum vit_status status;

    *mode = 0;
    if (lstat(path, &info) != 0)
        return errno == ENOENT ? VIT_OK : new_file_fail(path, err);
    if (!S_ISREG(info.st_mode))
        return fail_file(err, VIT_EINVAL, path,
                         "cannot be written: expected a regular file or none, found %s",
                         S_ISLNK(info.st_mode)   ? "a symbolic link"
                         : S_ISDIR(info.st_mode) ? "a directory"
                                                 : "a device or a pipe");
    if ((status = file_open(path, &file, err)))
        return status;
    status = file_read_up_to(&file, 0, sizeof start, start, &count, err);
    if (!status && count > 0 && !packed_header_begins(start, count))
        status = fail_file(err, VIT_EINVAL, path,
                           "cannot be written: expected a file of packed weights or none, found "
                           "another format");
    file_close(&file);
    *mode = info.st_mode & 0777;
    return status;
}

enum vit_status packed_file_write(const char *path, const struct packed_map *from,
                                  struct packed_header *header, const void *const *data,
                                  struct vit_error *err)
{
    struct new_file file;
    mode_t mode;
    enum vit_status status = check_target(path, &mode, err);

    if (status || (status = new_file_open(path, true, &file, err)))
        return status;
    status = write_all(file.fd, path, from, header, data, err);
    if (!status && mode && fchmod(file.fd, mode) != 0) /* whatever the umask */
        status = new_file_fail(path, err);
    return new_file_close(&file, status, err);
}
