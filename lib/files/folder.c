/* folder.c - which file of weights a checkpoint folder has */
#include "files/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/file.h"
#include "files/sanitize.h"

/* What the message about several or none names: the same whatever order the folder is listed in. */
struct found {
    char *first, *second; /* files of weights, the two smallest names */
    char *other;          /* weights of a kind that is not read, the smallest name */
};

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);

    return length > tail && strcmp(name + length - tail, end) == 0;
}

static bool weights_format(const char *name, enum tensors_format *format)
{
    if (strcmp(name, "model.safetensors") == 0)
        *format = TENSORS_SAFETENSORS;
    else if (strcmp(name, "model.safetensors.index.json") == 0)
        *format = TENSORS_SHARDED;
    else if (ends_with(name, ".npz"))
        *format = TENSORS_NPZ;
    else
        return false;
    return true;
}

/* Weights by another name, or in a format that can run code when it is loaded. */
static bool is_other(const char *name)
{
    static const char *const ends[] = { ".safetensors", ".bin", ".pt", ".pth", ".ckpt" };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i]))
            return true;
    return false;
}

/* Copies the name into *smallest if it comes before that, whose place is then *rest if wanted. */
static bool keep(const char *name, char **smallest, char **rest)
{
    char *copy;

    if (*smallest && strcmp(name, *smallest) >= 0)
        return rest ? keep(name, rest, NULL) : true;
    copy = strdup(name);
    if (!copy)
        return false;
    if (rest) {
        free(*rest);
        *rest = *smallest;
    } else {
        free(*smallest);
    }
    *smallest = copy;
    return true;
}

static enum vit_status list(const char *folder, DIR *dir, struct found *found,
                            struct vit_error *err)
{
    for (;;) {
        enum tensors_format format;
        bool kept = true;
        errno = 0;
        const struct dirent *entry = readdir(dir); /* of a stream that no other thread has */
        if (!entry && errno != 0)
            return fail(err, VIT_EIO, "%s: cannot be listed: %s", sanitize_path(folder).text,
                        strerror(errno));
        if (!entry)
            return VIT_OK;
        if (entry->d_name[0] == '.')
            continue;
        if (weights_format(entry->d_name, &format))
            kept = keep(entry->d_name, &found->first, &found->second);
        else if (is_other(entry->d_name))
            kept = keep(entry->d_name, &found->other, NULL);
        if (!kept)
            return file_no_memory(folder, err);
    }
}

static enum vit_status choose(const char *folder, const struct found *found, struct vit_error *err)
{
    if (found->second)
        return fail(err, VIT_EFORMAT,
                    "%s: found both \"%s\" and \"%s\", expected one of them: remove the other",
                    sanitize_path(folder).text, sanitize_name(found->first).text,
                    sanitize_name(found->second).text);
    if (!found->first)
        return fail(err, VIT_EIO,
                    "%s: expected model.safetensors, model.safetensors.index.json or a .npz file, "
                    "found %s%s%s",
                    sanitize_path(folder).text, found->other ? "\"" : "",
                    found->other ? sanitize_name(found->other).text : "none of them",
                    found->other ? "\"" : "");
    return VIT_OK;
}

enum vit_status folder_weights(const char *folder, enum tensors_format *format, char **path,
                               struct vit_error *err)
{
    struct found found = { 0 };
    DIR *dir = opendir(folder);
    enum vit_status status;

    if (!dir && errno != ENOMEM)
        return fail(err, VIT_EIO, "%s: cannot be listed: %s", sanitize_path(folder).text,
                    strerror(errno));
    if (!dir)
        return file_no_memory(folder, err);
    if ((status = list(folder, dir, &found, err)) || (status = choose(folder, &found, err)))
        goto free_found;
    weights_format(found.first, format);
    *path = file_path(folder, found.first);
    if (!*path)
        status = file_no_memory(folder, err);

free_found:
    free(found.first);
    free(found.second);
    free(found.other);
    closedir(dir);
    return status;
}
