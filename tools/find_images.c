/* find_images.c - the image files that operands name */
#include "tools/find_images.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "tools/error.h"
#include "tools/path_name.h"

bool is_image_name(const char *path)
{
    static const char *const extensions[] = { ".jpg", ".jpeg", ".png", ".webp" };
    const char *const name = path_name(path);
    const char *const dot = name[0] == '.' ? NULL : strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++) {
        if (strcasecmp(dot, extensions[i]) == 0)
            return true;
    }
    return false;
}

/* Owns `path`, from malloc, from now on. */
static enum vit_status add(char *path, struct image_paths *paths, struct vit_error *err)
{
    if (paths->count == paths->capacity) {
        const size_t capacity = paths->capacity ? 2 * paths->capacity : 64;
        char **const grown = realloc(paths->path, capacity * sizeof *grown);
        if (!grown) {
            free(path);
            return tool_no_memory(err);
        }
        paths->path = grown;
        paths->capacity = capacity;
    }
    paths->path[paths->count++] = path;
    return VIT_OK;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name); /* alphasort would follow the locale */
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static enum vit_status add_copy(const char *path, struct image_paths *paths, struct vit_error *err)
{
    char *const copy = strdup(path);

    return copy ? add(copy, paths, err) : tool_no_memory(err);
}

static enum vit_status walk_directory(const char *directory, struct image_paths *paths,
                                      struct vit_error *err);

static enum vit_status walk_entry(const char *directory, const char *name,
                                  struct image_paths *paths, struct vit_error *err)
{
    const size_t length = strlen(directory);
    const size_t size = length + strlen(name) + 2;
    char *const path = malloc(size);
    enum vit_status status = VIT_OK;
    struct stat info;

    if (!path)
        return tool_no_memory(err);
    snprintf(path, size, "%s%s%s", directory, directory[length - 1] == '/' ? "" : "/", name);
    /* lstat: a link could lead back to a directory that contains it */
    const bool is_directory = lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (!is_directory && is_image_name(name))
        return add(path, paths, err);
    if (is_directory)
        status = walk_directory(path, paths, err);
    free(path);
    return status;
}

static enum vit_status walk_directory(const char *directory, struct image_paths *paths,
                                      struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    struct dirent **entries;
    const int count = scandir(directory, &entries, not_hidden, by_name);

    if (count < 0 && paths->keep_going && errno != ENOMEM)
        return add_copy(directory, paths, err);
    if (count < 0)
        return tool_fail(err, VIT_EIO, "cannot read directory %s: %s", directory, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (!status)
            status = walk_entry(directory, entries[i]->d_name, paths, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum vit_status find_images(const char *operand, struct image_paths *paths, struct vit_error *err)
{
    const size_t before = paths->count;
    struct stat info;

    if (stat(operand, &info) != 0 && paths->keep_going)
        return add_copy(operand, paths, err);
    if (stat(operand, &info) != 0)
        return tool_fail(err, errno == ENOENT ? VIT_ENOTFOUND : VIT_EIO, "cannot open %s: %s",
                         operand, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return add_copy(operand, paths, err);

    const enum vit_status status = walk_directory(operand, paths, err);
    if (status)
        return status;
    if (paths->count == before && paths->keep_going)
        return add_copy(operand, paths, err);
    if (paths->count == before)
        return tool_fail(
            err, VIT_EINVAL,
            "%s: expected .jpg, .jpeg, .png or .webp files in the directory, found none", operand);
    return VIT_OK;
}

void image_paths_free(struct image_paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->path[i]);
    free(paths->path);
    *paths = (struct image_paths){ 0 };
}
