/* directory.c - the directory of a checkpoint: its files by name */
#include "files/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/fail_file.h"

enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_DIRECTORY };

enum vit_status directory_open(const char *path, struct directory *directory, struct vit_error *err)
{
    *directory = (struct directory){ .path = path, .fd = open(path, OPEN_FLAGS) };
    if (directory->fd < 0)
        return fail_file(err, errno == ENOENT ? VIT_ENOTFOUND : VIT_EIO, path,
                         "cannot be opened: %s", strerror(errno));
    return VIT_OK;
}

void directory_close(struct directory *directory)
{
    if (directory->fd >= 0)
        close(directory->fd);
    directory->fd = -1;
}

char *directory_path(const struct directory *directory, const char *name)
{
    const size_t length = strlen(directory->path);
    const char *slash = length > 0 && directory->path[length - 1] == '/' ? "" : "/";
    const size_t bytes = length + strlen(name) + 2;
    char *const path = malloc(bytes);

    if (path)
        snprintf(path, bytes, "%s%s%s", directory->path, slash, name);
    return path;
}

enum vit_status directory_open_file(const struct directory *directory, const char *name,
                                    struct input_file *file, struct vit_error *err)
{
    const uint64_t limit = directory->max_file_bytes;
    enum vit_status status =
        file_open_at(directory->fd, name, directory_path(directory, name), file, err);

    if (status || limit == 0 || file->bytes <= limit)
        return status;
    status = fail_file(err, VIT_EUNSUPPORTED, file->path,
                       "expected at most %" PRIu64 " bytes, found %" PRIu64
                       "; max_file_bytes raises the limit",
                       limit, file->bytes);
    file_close(file);
    return status;
}

enum vit_status directory_read_text(const struct directory *directory, const char *name,
                                    size_t max_bytes, bool optional, struct text_file *text,
                                    struct vit_error *err)
{
    struct input_file file;
    enum vit_status status;

    *text = (struct text_file){ .path = directory_path(directory, name) };
    if (!text->path)
        return fail_no_memory(err, directory->path);
    /* a link to nothing is a part of the checkpoint that was lost on the way, not an absent one */
    struct stat info;
    if (optional && fstatat(directory->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 &&
        errno == ENOENT)
        return VIT_OK;
    if ((status = directory_open_file(directory, name, &file, err)))
        goto free_text;
    status = file_read_text(&file, max_bytes, text, err);
    file_close(&file);

free_text:
    if (status)
        text_file_free(text);
    return status;
}

enum vit_status directory_visit(const struct directory *directory,
                                bool (*visit)(void *user, const char *name), void *user,
                                struct vit_error *err)
{
    const int fd =
        openat(directory->fd, ".", OPEN_FLAGS); /* its own position; closedir closes it */
    DIR *const stream = fd >= 0 ? fdopendir(fd) : NULL;
    enum vit_status status = VIT_OK;

    if (!stream) {
        status = fail_file(err, errno == ENOMEM ? VIT_ENOMEM : VIT_EIO, directory->path,
                           "cannot be listed: %s", strerror(errno));
        goto close_fd;
    }
    while (!status) {
        errno = 0;
        const struct dirent *const entry = readdir(stream); /* no other thread has the stream */
        if (!entry && errno != 0)
            status =
                fail_file(err, VIT_EIO, directory->path, "cannot be listed: %s", strerror(errno));
        if (!entry)
            break;
        if (entry->d_name[0] != '.' && !visit(user, entry->d_name))
            status = fail_no_memory(err, directory->path);
    }
    closedir(stream);
    return status;

close_fd:
    if (fd >= 0)
        close(fd);
    return status;
}
