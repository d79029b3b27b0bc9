/* atomic_folder.c - output folders that appear complete or not at all */
#include "tools/atomic_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/error.h"
#include "tools/pending.h"

static enum vit_status cannot_write(const char *path, struct vit_error *err)
{
    return tool_fail(err, VIT_EIO, "cannot write %s: %s", path_end(path), strerror(errno));
}

/* Without the slashes at its end, which the temporary name would follow. */
static char *copy_path(const char *path)
{
    char *const copy = strdup(path);
    size_t length = copy ? strlen(copy) : 0;

    while (length > 1 && copy[length - 1] == '/')
        copy[--length] = '\0';
    return copy;
}

enum vit_status atomic_folder_open(const char *path, struct atomic_folder *f, struct vit_error *err)
{
    struct stat info;

    *f = (struct atomic_folder){ .target = copy_path(path) };
    if (!f->target)
        return tool_no_memory(err);
    if (lstat(f->target, &info) == 0)
        return tool_fail(err, VIT_EINVAL, "cannot write %s: expected no such folder, found %s",
                         path_end(path), S_ISDIR(info.st_mode) ? "one" : "a file");
    f->temporary = malloc(strlen(f->target) + PENDING_SUFFIX);
    if (!f->temporary)
        return tool_no_memory(err);
    if (pending_create_folder(f->target, f->temporary))
        return VIT_OK;
    const enum vit_status status = cannot_write(path, err);
    free(f->temporary);
    f->temporary = NULL;
    return status;
}

enum vit_status atomic_folder_file(struct atomic_folder *f, const char *name, const char **file,
                                   struct vit_error *err)
{
    const size_t bytes = strlen(f->temporary) + strlen(name) + 2;
    char *const path = f->count < FOLDER_FILES ? malloc(bytes) : NULL;

    if (!path)
        return tool_no_memory(err);
    snprintf(path, bytes, "%s/%s", f->temporary, name);
    f->files[f->count++] = path;
    pending_replace(NULL, path);
    *file = path;
    return VIT_OK;
}

enum vit_status atomic_folder_write(struct atomic_folder *f, const char *name, const void *data,
                                    size_t bytes, struct vit_error *err)
{
    const char *path;
    enum vit_status status = atomic_folder_file(f, name, &path, err);

    if (status)
        return status;
    FILE *const file = fopen(path, "wbx");
    if (!file)
        return cannot_write(f->target, err);
    if (fwrite(data, 1, bytes, file) != bytes || fflush(file) != 0)
        status = cannot_write(f->target, err);
    if (fclose(file) != 0 && !status)
        status = cannot_write(f->target, err);
    return status;
}

/* Forgets the files, which have moved or are removed. */
static void forget(struct atomic_folder *f)
{
    for (size_t i = f->count; i-- > 0;) {
        pending_replace(f->files[i], NULL);
        free(f->files[i]);
    }
    if (f->temporary)
        pending_replace(f->temporary, NULL);
    free(f->temporary);
    free(f->target);
    *f = (struct atomic_folder){ .count = 0 };
}

enum vit_status atomic_folder_commit(struct atomic_folder *f, struct vit_error *err)
{
    if (rename(f->temporary, f->target) != 0)
        return cannot_write(f->target, err);
    forget(f);
    return VIT_OK;
}

void atomic_folder_discard(struct atomic_folder *f)
{
    for (size_t i = 0; i < f->count; i++)
        unlink(f->files[i]);
    if (f->temporary)
        rmdir(f->temporary);
    forget(f);
}
