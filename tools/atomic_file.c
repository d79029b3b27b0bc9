/* atomic_file.c - output files that appear complete or not at all */
#include "tools/atomic_file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/error.h"
#include "tools/inputs.h"
#include "tools/path_name.h"
#include "tools/pending.h"

static enum vit_status cannot_write(const char *path, struct vit_error *err)
{
    return tool_fail(err, VIT_EIO, "cannot write %s: %s", path, strerror(errno));
}

/* A new file beside the target. */
static enum vit_status open_temporary(struct atomic_file *f, mode_t mode, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    f->temporary = malloc(strlen(f->target) + PENDING_SUFFIX);
    if (!f->temporary)
        return tool_no_memory(err);
    const int fd = pending_create(f->target, mode, f->temporary);
    if (fd < 0) {
        status = cannot_write(f->target, err);
        free(f->temporary);
        f->temporary = NULL; /* not our file: atomic_file_discard must not remove it */
        return status;
    }
    f->file = fdopen(fd, "wb");
    if (!f->file) {
        status = cannot_write(f->target, err);
        close(fd);
    }
    return status;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* The directory of a path, "." if it names none; the caller frees it. */
static char *parent(const char *path)
{
    const char *const slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

bool atomic_file_same(const char *a, const char *b)
{
    if (same_file(a, b) || strcmp(a, b) == 0)
        return true;
    if (strcmp(path_name(a), path_name(b)) != 0)
        return false;
    char *const of_a = parent(a), *const of_b = parent(b);
    const bool same = of_a && of_b && same_file(of_a, of_b);
    free(of_a);
    free(of_b);
    return same;
}

/* --- links */

/* Replaces *path by what the symbolic link there says; *path is from malloc. */
static bool read_link(char **path, size_t length)
{
    char *const says = malloc(length + 1);
    const ssize_t got = says ? readlink(*path, says, length + 1) : -1;
    char *joined = NULL;

    if (got >= 0 && (size_t)got <= length) {
        const char *const slash = says[0] == '/' ? NULL : strrchr(*path, '/');
        const size_t before = slash ? (size_t)(slash - *path) + 1 : 0;
        joined = malloc(before + (size_t)got + 1);
        if (joined) {
            memcpy(joined, *path, before);
            memcpy(joined + before, says, (size_t)got);
            joined[before + (size_t)got] = '\0';
            free(*path);
            *path = joined;
        }
    }
    free(says);
    return joined != NULL;
}

/*
 * The file that a path leads to through symbolic links, whether or not it exists: rename would
 * replace a link. The caller frees it; NULL: errno says why.
 */
static char *follow_links(const char *path)
{
    enum { MAX_LINKS = 40, MAX_LENGTH = 1 << 16 };
    char *target = strdup(path);
    struct stat info;

    for (int links = 0; target && lstat(target, &info) == 0 && S_ISLNK(info.st_mode); links++)
        if (links == MAX_LINKS || !read_link(&target, MAX_LENGTH)) {
            if (links == MAX_LINKS)
                errno = ELOOP;
            free(target);
            target = NULL;
        }
    return target;
}

/* The descriptor that "/dev/stdout", "/dev/fd/N" or "/proc/self/fd/N" names, or -1. */
static int named_descriptor(const char *path)
{
    static const char *const standard[] = { "/dev/stdin", "/dev/stdout", "/dev/stderr" };
    static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/" };

    for (int i = 0; i < 3; i++)
        if (strcmp(path, standard[i]) == 0)
            return i;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        const size_t length = strlen(folders[i]);
        char *end;
        if (strncmp(path, folders[i], length) != 0 || path[length] < '0' || path[length] > '9')
            continue;
        const unsigned long number = strtoul(path + length, &end, 10);
        return *end || number > INT_MAX ? -1 : (int)number;
    }
    return -1;
}

/* Writes where an open descriptor stands: behind what the file has, if it appends. */
static enum vit_status open_in_place(struct atomic_file *f, const char *path, int descriptor,
                                     struct vit_error *err)
{
    const int copy = descriptor >= 0 ? dup(descriptor) : -1;

    f->target = strdup(path);
    f->file = descriptor < 0 ? fopen(path, "wb") : copy >= 0 ? fdopen(copy, "wb") : NULL;
    if (f->file && f->target)
        return VIT_OK;
    const enum vit_status status = cannot_write(path, err);
    if (copy >= 0 && !f->file)
        close(copy);
    return status;
}

/* Whether a path may be written; `info` is of the file there, or NULL. */
static enum vit_status check_target(const char *path, const struct stat *info,
                                    struct vit_error *err)
{
    if (!info)
        return VIT_OK;
    if (S_ISDIR(info->st_mode)) {
        errno = EISDIR;
        return cannot_write(path, err);
    }
    return access(path, W_OK) == 0 ? VIT_OK : cannot_write(path, err);
}

static enum vit_status check_input(const char *path, const struct stat *info, struct vit_error *err)
{
    const char *const input = info && S_ISREG(info->st_mode) ? inputs_find(info) : NULL;

    if (input)
        return tool_fail(err, VIT_EINVAL, "cannot write %s: it is an input, %s", path_end(path),
                         path_end(input));
    return VIT_OK;
}

/* A new file beside the one that a path leads to; `info` is of the file there, or NULL. */
static enum vit_status open_beside(struct atomic_file *f, const char *path, const struct stat *info,
                                   struct vit_error *err)
{
    const mode_t mode = info ? info->st_mode & 0777 : 0666;

    f->target = follow_links(path);
    if (!f->target)
        return cannot_write(path, err);
    const enum vit_status status = open_temporary(f, mode, err);
    /* a file that is replaced keeps its permissions, whatever the umask */
    if (!status && info && fchmod(fileno(f->file), mode) != 0)
        return cannot_write(path, err);
    return status;
}

enum vit_status atomic_file_open(const char *path, struct atomic_file *f, struct vit_error *err)
{
    struct stat info = { .st_mode = S_IFREG | 0666 };
    const bool exists = stat(path, &info) == 0;
    const int descriptor = named_descriptor(path);
    const bool in_place = !S_ISREG(info.st_mode) || descriptor >= 0;
    enum vit_status status = VIT_OK;

    *f = (struct atomic_file){ 0 };
    if ((status = check_target(path, exists ? &info : NULL, err)) ||
        (status = check_input(path, exists ? &info : NULL, err)))
        return status;
    if (in_place)
        status = open_in_place(f, path, descriptor, err);
    else
        status = open_beside(f, path, exists ? &info : NULL, err);
    if (status)
        atomic_file_discard(f);
    return status;
}

enum vit_status atomic_file_sync(struct atomic_file *f, struct vit_error *err)
{
    if (ferror(f->file) || fflush(f->file) != 0)
        return cannot_write(f->target, err);
    /* some file systems cannot */
    if (fsync(fileno(f->file)) != 0 && errno != EINVAL && errno != ENOTSUP)
        return cannot_write(f->target, err);
    return VIT_OK;
}

enum vit_status atomic_file_commit(struct atomic_file *f, struct vit_error *err)
{
    FILE *const file = f->file;
    enum vit_status status = VIT_OK;

    f->file = NULL;
    const bool failed = ferror(file) || fflush(file) != 0; /* errno is that of the failed write */
    if (failed)
        status = cannot_write(f->target, err);
    if (fclose(file) != 0 && !failed)
        status = cannot_write(f->target, err);
    if (!status && f->temporary && rename(f->temporary, f->target) != 0)
        status = cannot_write(f->target, err);
    if (!status && f->temporary) {
        pending_replace(f->temporary, NULL);
        free(f->temporary);
        f->temporary = NULL;
    }
    atomic_file_discard(f);
    return status;
}

void atomic_file_discard(struct atomic_file *f)
{
    if (f->file)
        fclose(f->file);
    if (f->temporary) {
        unlink(f->temporary);
        pending_replace(f->temporary, NULL);
    }
    free(f->temporary);
    free(f->target);
    *f = (struct atomic_file){ 0 };
}

/* The name that vit_model_save_packed writes under, which is ours as long as `path` is. */
static char *name_of_library(const char *path)
{
    const size_t size = strlen(path) + 5;
    char *const name = malloc(size);

    if (name)
        snprintf(name, size, "%s.tmp", path);
    return name;
}

enum vit_status atomic_file_write(const char *path,
                                  enum vit_status (*write)(void *user, const char *target,
                                                           struct vit_error *err),
                                  void *user, struct vit_error *err)
{
    struct stat info;
    const struct stat *const there = stat(path, &info) == 0 ? &info : NULL;
    struct atomic_file f = { .file = NULL };
    enum vit_status status = check_target(path, there, err);

    if (!status)
        status = open_beside(&f, path, there, err);
    if (status || !f.temporary) /* it is not NULL here, which clang-tidy does not see */
        goto discard;
    char *const inner = name_of_library(f.temporary);
    if (!inner) {
        status = tool_no_memory(err);
        goto discard;
    }
    pending_replace(NULL, inner);
    status = write(user, f.temporary, err);
    pending_replace(inner, NULL);
    free(inner);
    if (!status)
        return atomic_file_commit(&f, err);

discard:
    atomic_file_discard(&f);
    return status;
}
