/* file.c - reading regular files that may be anything, and may change while they are read */
#include "files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"
#include "files/sanitize.h"

/* strerror is thread-safe in glibc since 2.32 and in musl; strerror_r has two forms */
static enum vit_status fail_errno(const char *path, const char *what, struct vit_error *err)
{
    return fail(err, VIT_EIO, "%s: %s: %s", sanitize_path(path).text, what, strerror(errno));
}

enum vit_status file_no_memory(const char *path, struct vit_error *err)
{
    return fail(err, VIT_ENOMEM, "%s: out of memory", sanitize_path(path).text);
}

enum vit_status file_open(const char *path, int *fd, uint64_t *bytes, struct vit_error *err)
{
    struct stat info;

    do /* without O_NONBLOCK the open of a named pipe waits for its writer */
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    while (*fd < 0 && errno == EINTR);
    if (*fd < 0)
        return fail_errno(path, "cannot be opened", err);
    if (fstat(*fd, &info) != 0) {
        fail_errno(path, "cannot be examined", err);
        goto close_fd;
    }
    if (!S_ISREG(info.st_mode)) {
        fail(err, VIT_EIO, "%s: cannot be read: not a regular file", sanitize_path(path).text);
        goto close_fd;
    }
    *bytes = (uint64_t)info.st_size;
    return VIT_OK;

close_fd:
    close(*fd);
    *fd = -1;
    return VIT_EIO;
}

enum vit_status file_read(const char *path, int fd, uint64_t offset, size_t bytes, void *out,
                          struct vit_error *err)
{
    char *to = out;

    while (bytes > 0) {
        const ssize_t got = pread(fd, to, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(path, "cannot be read", err);
        if (got == 0)
            return fail(err, VIT_EIO,
                        "%s: cannot be read: it ends at byte %" PRIu64 ", expected %zu more",
                        sanitize_path(path).text, offset, bytes);
        to += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return VIT_OK;
}

enum vit_status file_read_all(const char *path, size_t most, bool optional, char **text,
                              size_t *bytes, struct vit_error *err)
{
    enum vit_status status;
    uint64_t size;
    int fd;

    *text = NULL;
    *bytes = 0;
    if (optional && access(path, F_OK) != 0 && errno == ENOENT)
        return VIT_OK;
    if ((status = file_open(path, &fd, &size, err)))
        return status;
    if (size > most) {
        status = fail(err, VIT_EFORMAT, "%s: %" PRIu64 " bytes long, expected %zu at most",
                      sanitize_path(path).text, size, most);
        goto close_fd;
    }
    char *buffer = malloc((size_t)size + 1);
    if (!buffer) {
        status = file_no_memory(path, err);
        goto close_fd;
    }
    if ((status = file_read(path, fd, 0, (size_t)size, buffer, err))) {
        free(buffer);
        goto close_fd;
    }
    buffer[size] = '\0';
    *text = buffer;
    *bytes = (size_t)size;

close_fd:
    close(fd);
    return status;
}

char *file_path(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    char *path = malloc(length + strlen(name) + 2);

    if (path)
        sprintf(path, "%s%s%s", folder, slash, name);
    return path;
}
