/* file.c - reading regular files, which may be hostile and may change while they are read */
#include "files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/fail_file.h"

/* strerror is thread-safe in glibc since 2.32 and in musl; strerror_r has two signatures */
static enum vit_status fail_errno(const char *path, const char *what, struct vit_error *err)
{
    const enum vit_status status = errno == ENOENT   ? VIT_ENOTFOUND
                                   : errno == ENOMEM ? VIT_ENOMEM
                                                     : VIT_EIO;
    return fail_file(err, status, path, "%s: %s", what, strerror(errno));
}

/* A clone without Git LFS has a short text in place of each large file. */
static enum vit_status check_not_lfs(const struct input_file *file, struct vit_error *err)
{
    static const char start[] = "version https://git-lfs.github.com/spec/";
    char found[sizeof start - 1];
    size_t count;

    if (file_read_up_to(file, 0, sizeof found, found, &count, NULL) || count < sizeof found ||
        memcmp(found, start, sizeof found) != 0)
        return VIT_OK;
    return fail_file(err, VIT_EFORMAT, file->path,
                     "expected the file itself, found a Git LFS pointer to it; "
                     "git lfs pull fetches the file");
}

static void stamp(const struct stat *info, struct input_file *file)
{
    file->bytes = (uint64_t)info->st_size;
    file->seconds = (int64_t)info->st_mtim.tv_sec;
    file->nanoseconds = (uint32_t)info->st_mtim.tv_nsec;
}

bool file_has_stamp_of(const struct input_file *file, const struct input_file *other)
{
    return file->bytes == other->bytes && file->seconds == other->seconds &&
           file->nanoseconds == other->nanoseconds;
}

bool file_is_unchanged(const struct input_file *file)
{
    struct input_file now;
    struct stat info;

    if (file->data)
        return true;
    if (fstat(file->fd, &info) != 0)
        return false;
    stamp(&info, &now);
    return file_has_stamp_of(&now, file);
}

enum vit_status file_open(const char *path, struct input_file *file, struct vit_error *err)
{
    char *const copy = strdup(path);

    return copy ? file_open_at(AT_FDCWD, path, copy, file, err) : fail_no_memory(err, path);
}

enum vit_status file_open_at(int directory, const char *name, char *path, struct input_file *file,
                             struct vit_error *err)
{
    struct stat info;
    enum vit_status status;

    *file = (struct input_file){ .path = path, .fd = -1 };
    if (!path)
        return fail_no_memory(err, name);
    do /* without O_NONBLOCK, opening a named pipe waits for its writer */
        file->fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    while (file->fd < 0 && errno == EINTR);
    if (file->fd < 0) {
        status = fail_errno(path, "cannot be opened", err);
        goto close_file;
    }
    if (fstat(file->fd, &info) != 0) {
        status = fail_errno(path, "cannot be examined", err);
        goto close_file;
    }
    if (!S_ISREG(info.st_mode)) {
        status = fail_file(err, VIT_EIO, path, "cannot be read: not a regular file");
        goto close_file;
    }
    stamp(&info, file);
    if ((status = check_not_lfs(file, err)))
        goto close_file;
    return VIT_OK;

close_file:
    file_close(file);
    return status;
}

enum vit_status file_open_memory(const struct memory_file *from, char *path,
                                 struct input_file *file, struct vit_error *err)
{
    static const unsigned char nothing[1];
    enum vit_status status;

    *file = (struct input_file){
        .path = path, .fd = -1, .data = from->data ? from->data : nothing, .bytes = from->bytes
    };
    if (!path)
        return fail_no_memory(err, from->name);
    if ((status = check_not_lfs(file, err)))
        file_close(file);
    return status;
}

void file_close_descriptor(struct input_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
    file->data = NULL;
}

void file_close(struct input_file *file)
{
    file_close_descriptor(file);
    free(file->path);
    *file = (struct input_file){ .fd = -1 };
}

enum vit_status file_read_up_to(const struct input_file *file, uint64_t offset, size_t bytes,
                                void *out, size_t *count, struct vit_error *err)
{
    char *const to = out;

    *count = 0;
    if (file->data) {
        const uint64_t left = offset < file->bytes ? file->bytes - offset : 0;
        *count = left < bytes ? (size_t)left : bytes;
        if (*count > 0)
            memcpy(out, file->data + offset, *count);
        return VIT_OK;
    }
    while (*count < bytes) {
        const ssize_t got = pread(file->fd, to + *count, bytes - *count, (off_t)(offset + *count));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(file->path, "cannot be read", err);
        if (got == 0)
            break;
        *count += (size_t)got;
    }
    return VIT_OK;
}

enum vit_status file_read(const struct input_file *file, uint64_t offset, size_t bytes, void *out,
                          struct vit_error *err)
{
    size_t count;
    const enum vit_status status = file_read_up_to(file, offset, bytes, out, &count, err);

    if (!status && count < bytes)
        return fail_file(err, VIT_EIO, file->path,
                         "cannot be read: expected %zu more bytes, found the end at byte "
                         "%" PRIu64,
                         bytes - count, offset + count);
    return status;
}

enum vit_status file_read_text(const struct input_file *file, size_t max_bytes,
                               struct text_file *text, struct vit_error *err)
{
    enum vit_status status;

    if (file->bytes > max_bytes)
        return fail_file(err, VIT_EFORMAT, file->path, "expected at most %zu bytes, found %" PRIu64,
                         max_bytes, file->bytes);
    char *const buffer = malloc((size_t)file->bytes + 1);
    if (!buffer)
        return fail_no_memory(err, file->path);
    if ((status = file_read(file, 0, (size_t)file->bytes, buffer, err))) {
        free(buffer);
        return status;
    }
    buffer[file->bytes] = '\0';
    text->text = buffer;
    text->bytes = (size_t)file->bytes;
    return VIT_OK;
}

void text_file_free(struct text_file *file)
{
    free((char *)file->path);
    free((char *)file->text);
    *file = (struct text_file){ 0 };
}
