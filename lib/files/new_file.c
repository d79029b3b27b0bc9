/* new_file.c - writing a file under a temporary name beside its own */
#include "files/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files/fail_file.h"

bool new_file_write(int fd, const void *bytes, size_t count, uint64_t offset)
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

enum vit_status new_file_fail(const char *path, struct vit_error *err)
{
    return fail_file(err, errno == ENOENT ? VIT_ENOTFOUND : VIT_EIO, path, "cannot be written: %s",
                     strerror(errno));
}

int new_file_create(const char *path, char *name, size_t bytes)
{
    enum { MAX_NAME = 230 }; /* bytes; of NAME_MAX, which is 255 or more */
    const char *const slash = strrchr(path, '/');
    const size_t length = strlen(slash ? slash + 1 : path);
    const size_t kept = strlen(path) - (length > MAX_NAME ? length - MAX_NAME : 0);
    struct timespec now;
    int fd = -1;

    snprintf(name, bytes, "%.*s.tmp", (int)kept, path);
    for (int i = 0; fd < 0 && i < 100; i++) {
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
        clock_gettime(CLOCK_REALTIME, &now);
        snprintf(name, bytes, "%.*s.%ld-%ld.tmp", (int)kept, path, (long)getpid(), now.tv_nsec);
    }
    return fd;
}

void new_file_sync_directory(char *path)
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
