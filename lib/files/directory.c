/* directory.c - the directory of a checkpoint, on disk or in memory: its files by name */
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
#include "files/sanitize.h"

enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_DIRECTORY };

enum vit_status directory_open(const char *path, struct directory *directory, struct vit_error *err)
{
    *directory = (struct directory){ .path = path, .fd = open(path, OPEN_FLAGS) };
    if (directory->fd < 0)
        return fail_file(err, errno == ENOENT ? VIT_ENOTFOUND : VIT_EIO, path,
                         "cannot be opened: %s", strerror(errno));
    return VIT_OK;
}

struct directory directory_in_memory(size_t count, const struct memory_file *files)
{
    return (
        struct directory){ .path = "files in memory", .fd = -1, .count = count, .files = files };
}

static const struct memory_file *find_in_memory(const struct directory *directory, const char *name)
{
    for (size_t i = 0; i < directory->count; i++)
        if (strcmp(directory->files[i].name, name) == 0)
            return &directory->files[i];
    return NULL;
}

void directory_close(struct directory *directory)
{
    if (directory->fd >= 0)
        close(directory->fd);
    directory->fd = -1;
}

char *directory_path(const struct directory *directory, const char *name)
{
    if (directory->files)
        return strdup(name);
    const size_t length = strlen(directory->path);
    const char *slash = length > 0 && directory->path[length - 1] == '/' ? "" : "/";
    const size_t bytes = length + strlen(name) + 2;
    char *const path = malloc(bytes);

    if (path)
        snprintf(path, bytes, "%s%s%s", directory->path, slash, name);
    return path;
}

/* `path` as for file_open_at. */
static enum vit_status open_in_memory(const struct directory *directory, const char *name,
                                      char *path, struct input_file *file, struct vit_error *err)
{
    const struct memory_file *const found = find_in_memory(directory, name);

    if (found)
        return file_open_memory(found, path, file, err);
    free(path);
    *file = (struct input_file){ .fd = -1 };
    return fail_file(err, VIT_ENOTFOUND, directory->path, "expected %s, found no such file",
                     sanitize_name(name).text);
}

/* Whether there is no such name: a link to nothing is a part that was lost on the way. */
static bool is_absent(const struct directory *directory, const char *name)
{
    struct stat info;

    if (directory->files)
        return !find_in_memory(directory, name);
    return fstatat(directory->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

enum vit_status directory_open_file(const struct directory *directory, const char *name,
                                    struct input_file *file, struct vit_error *err)
{
    const uint64_t limit = directory->max_file_bytes;
    char *const path = directory_path(directory, name);
    enum vit_status status = directory->files ? open_in_memory(directory, name, path, file, err)
                                              : file_open_at(directory->fd, name, path, file, err);

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
    if (optional && is_absent(directory, name))
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

static enum vit_status visit_in_memory(const struct directory *directory,
                                       bool (*visit)(void *user, const char *name), void *user,
                                       struct vit_error *err)
{
    for (size_t i = 0; i < directory->count; i++)
        if (directory->files[i].name[0] != '.' && !visit(user, directory->files[i].name))
            return fail_no_memory(err, directory->path);
    return VIT_OK;
}

enum vit_status directory_visit(const struct directory *directory,
                                bool (*visit)(void *user, const char *name), void *user,
                                struct vit_error *err)
{
    if (directory->files)
        return visit_in_memory(directory, visit, user, err);
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
