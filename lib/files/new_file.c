/* new_file.c - writing a file under a temporary name beside its own */
#include "files/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

enum { SUFFIX = 64 }; /* bytes that a temporary name may have more than the path */

/* A descriptor for writing, and its name in name[bytes]; -1: errno says why. */
static int create(const char *path, char *name, size_t bytes)
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

static enum vit_status fail_exists(const char *path, struct vit_error *err)
{
    return fail_file(err, VIT_EINVAL, path, "expected no such file, found one");
}

enum vit_status new_file_open(const char *path, bool replaces, struct new_file *file,
                              struct vit_error *err)
{
    const size_t bytes = strlen(path) + SUFFIX;
    enum vit_status status;
    struct stat info;

    if (!replaces && lstat(path, &info) == 0)
        return fail_exists(path, err);
    *file = (struct new_file){ .path = path, .replaces = replaces, .name = malloc(bytes) };
    if (!file->name)
        return fail_no_memory(err, path);
    file->fd = create(path, file->name, bytes);
    if (file->fd >= 0)
        return VIT_OK;
    status = new_file_fail(path, err);
    free(file->name);
    return status;
}

static enum vit_status publish(const struct new_file *file, struct vit_error *err)
{
    if (!file->replaces && link(file->name, file->path) == 0) {
        unlink(file->name);
        return VIT_OK;
    }
    if (!file->replaces && errno == EEXIST)
        return fail_exists(file->path, err);
    /* or a file system without links */
    return rename(file->name, file->path) == 0 ? VIT_OK : new_file_fail(file->path, err);
}

/*
 * After a loss of power the directory of a file must have its name too; some file systems cannot do
 * it. Cuts the path.
 */
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

enum vit_status new_file_close(struct new_file *file, enum vit_status written,
                               struct vit_error *err)
{
    enum vit_status status = written;

    if (close(file->fd) != 0 && !status)
        status = new_file_fail(file->path, err);
    if (!status)
        status = publish(file, err);
    if (status)
        unlink(file->name);
    else
        sync_directory(file->name);
    free(file->name);
    return status;
}
