/* packed_write.c - writes a file of packed weights, which appears whole or not at all */
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/fail_file.h"
#include "files/packed_file.h"

_Static_assert((int)PACKED_DIGEST == (int)SHA256_DIGEST_SIZE, "a digest fits");

/* An open file, and the digest of what is written. */
struct writer {
    int fd;
    struct sha256_ctx digest;
};

/* False: errno says why. */
static bool write_at(int fd, const void *bytes, size_t count, uint64_t offset)
{
    const char *from = bytes;

    while (count > 0) {
        const ssize_t done = pwrite(fd, from, count, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        from += done;
        count -= (size_t)done;
        offset += (uint64_t)done;
    }
    return true;
}

/* Writes and digests in pieces that stay in a cache between the two. */
static bool write_data(struct writer *w, const void *bytes, size_t count, uint64_t offset)
{
    enum { PIECE = 1 << 18 };
    const unsigned char *const from = bytes;

    for (size_t at = 0; at < count; at += PIECE) {
        const size_t here = count - at < PIECE ? count - at : PIECE;
        sha256_update(&w->digest, here, from + at);
        if (!write_at(w->fd, from + at, here, offset + at))
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
static bool write_all(int fd, struct packed_header *h, const void *const *data,
                      unsigned char *header)
{
    struct writer w = { .fd = fd };

    sha256_init(&w.digest);
    if (!write_arrays(&w, h, data))
        return false;
    sha256_digest(&w.digest, sizeof h->digest, h->digest);
    packed_header_write(h, header);
    return write_at(fd, header, h->data, 0) && fsync(fd) == 0;
}

/* A new file beside the target: PATH.PID-N.tmp, which no other has. */
static int create_beside(const char *path, char *name, size_t bytes)
{
    int fd = -1;

    for (int i = 0; fd < 0 && i < 100; i++) {
        snprintf(name, bytes, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

/* After a loss of power the directory must have the name too; some file systems cannot do it. */
static void sync_directory(char *path)
{
    char *const slash = strrchr(path, '/');

    if (slash)
        slash[slash == path] = '\0';
    const int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

enum vit_status packed_file_write(const char *path, struct packed_header *header,
                                  const void *const *data, struct vit_error *err)
{
    const size_t bytes = strlen(path) + 64;
    char *const name = malloc(bytes);
    unsigned char *const buffer = malloc(header->data);
    enum vit_status status = VIT_OK;

    if (!name || !buffer) {
        status = fail_no_memory(err, path);
        goto free_buffer;
    }
    const int fd = create_beside(path, name, bytes);
    if (fd < 0) {
        status = fail_file(err, errno == ENOENT ? VIT_ENOTFOUND : VIT_EIO, path,
                           "cannot be written: %s", strerror(errno));
        goto free_buffer;
    }
    bool written = write_all(fd, header, data, buffer);
    int why = errno;
    if (close(fd) != 0 && written) {
        written = false;
        why = errno;
    }
    if (written && rename(name, path) != 0) {
        written = false;
        why = errno;
    }
    if (!written) {
        unlink(name);
        status = fail_file(err, VIT_EIO, path, "cannot be written: %s", strerror(why));
        goto free_buffer;
    }
    sync_directory(name);

free_buffer:
    free(buffer);
    free(name);
    return status;
}
