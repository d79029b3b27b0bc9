/* find_images.c - the images that files and folders name */
#include "tools/find_images.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "tools/error.h"

static bool is_image(const char *name)
{
    static const char *const extensions[] = { ".jpg", ".jpeg", ".png", ".webp" };
    const char *const dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof extensions / sizeof *extensions; i++) {
        if (strcasecmp(dot, extensions[i]) == 0)
            return true;
    }
    return false;
}

/* Takes path, which malloc gave. */
static enum vit_status add(char *path, struct paths *paths, struct vit_error *err)
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

static enum vit_status walk_folder(const char *folder, struct paths *paths, struct vit_error *err);

static enum vit_status walk_entry(const char *folder, const char *name, struct paths *paths,
                                  struct vit_error *err)
{
    const size_t length = strlen(folder);
    const size_t size = length + strlen(name) + 2;
    char *const path = malloc(size);
    enum vit_status status = VIT_OK;
    struct stat info;

    if (!path)
        return tool_no_memory(err);
    snprintf(path, size, "%s%s%s", folder, folder[length - 1] == '/' ? "" : "/", name);
    /* a linked folder may lead back to where the walk is */
    const bool is_folder = lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (!is_folder && is_image(name))
        return add(path, paths, err);
    if (is_folder)
        status = walk_folder(path, paths, err);
    free(path);
    return status;
}

static enum vit_status walk_folder(const char *folder, struct paths *paths, struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    struct dirent **entries;
    const int count = scandir(folder, &entries, not_hidden, by_name);

    if (count < 0)
        return tool_fail(err, VIT_EIO, "cannot read folder %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        if (!status)
            status = walk_entry(folder, entries[i]->d_name, paths, err);
        free(entries[i]);
    }
    free(entries);
    return status;
}

enum vit_status walk(const char *operand, struct paths *paths, struct vit_error *err)
{
    const size_t before = paths->count;
    struct stat info;

    if (stat(operand, &info) != 0)
        return tool_fail(err, VIT_EIO, "cannot open %s: %s", operand, strerror(errno));
    if (!S_ISDIR(info.st_mode)) {
        char *const path = strdup(operand);
        return path ? add(path, paths, err) : tool_no_memory(err);
    }

    const enum vit_status status = walk_folder(operand, paths, err);
    if (status)
        return status;
    if (paths->count == before)
        return tool_fail(err, VIT_EINVAL,
                         "%s: expected .jpg, .jpeg, .png or .webp files in the folder, found none",
                         operand);
    return VIT_OK;
}

void paths_free(struct paths *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        free(paths->path[i]);
    free(paths->path);
    *paths = (struct paths){ 0 };
}
