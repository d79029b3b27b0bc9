/* weights_file.c - which file of a checkpoint's directory holds the weights */
#include "files/weights_file.h"

#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/sanitize.h"

static const char single[] = "model.safetensors", index_file[] = "model.safetensors.index.json";

/* What the messages name. The smallest names, so that they do not depend on the listing's order. */
struct candidates {
    bool single, index;
    char *first, *second; /* files of weights: the two smallest names */
    char *unreadable;     /* weights in a format that is not read: the smallest name */
};

static bool ends_with(const char *name, const char *end)
{
    const size_t length = strlen(name), tail = strlen(end);

    return length > tail && strcmp(name + length - tail, end) == 0;
}

static bool weights_format(const char *name, enum tensors_format *format)
{
    if (strcmp(name, single) == 0)
        *format = TENSORS_SAFETENSORS;
    else if (strcmp(name, index_file) == 0)
        *format = TENSORS_SHARDED;
    else if (ends_with(name, ".npz"))
        *format = TENSORS_NPZ;
    else
        return false;
    return true;
}

/* Weights under another name, or in a format that can execute code when it is loaded. */
static bool is_unreadable(const char *name)
{
    static const char *const ends[] = { ".safetensors", ".bin", ".pt", ".pth", ".ckpt" };

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i]))
            return true;
    return false;
}

/*
 * Inserts the name if it is among the smallest so far: *second, unless NULL, holds the one after
 * *smallest. False: out of memory.
 */
static bool insert(const char *name, char **smallest, char **second)
{
    char *copy;

    if (*smallest && strcmp(name, *smallest) >= 0)
        return second ? insert(name, second, NULL) : true;
    copy = strdup(name);
    if (!copy)
        return false;
    if (second) {
        free(*second);
        *second = *smallest;
    } else {
        free(*smallest);
    }
    *smallest = copy;
    return true;
}

static bool visit(void *user, const char *name)
{
    struct candidates *const found = user;
    enum tensors_format format;

    if (weights_format(name, &format)) {
        found->single = found->single || format == TENSORS_SAFETENSORS;
        found->index = found->index || format == TENSORS_SHARDED;
        return format == TENSORS_NPZ ? insert(name, &found->first, &found->second) : true;
    }
    return is_unreadable(name) ? insert(name, &found->unreadable, NULL) : true;
}

enum vit_status weights_file_find(const struct directory *directory, enum tensors_format *format,
                                  char **name, struct vit_error *err)
{
    struct candidates found = { 0 };
    enum vit_status status = directory_visit(directory, visit, &found, err);

    if (status)
        goto free_found;
    /* the single file counts if there is also an index, as for transformers and timm */
    if ((found.single || found.index) &&
        !insert(found.single ? single : index_file, &found.first, &found.second)) {
        status = fail_no_memory(err, directory->path);
        goto free_found;
    }
    if (found.second) {
        status = fail_file(err, VIT_EFORMAT, directory->path,
                           "expected one file of weights, found %s and %s",
                           sanitize_name(found.first).text, sanitize_name(found.second).text);
        goto free_found;
    }
    if (!found.first) {
        status = fail_file(err, VIT_ENOTFOUND, directory->path,
                           "expected model.safetensors, model.safetensors.index.json or a .npz "
                           "file, found %s",
                           found.unreadable ? sanitize_name(found.unreadable).text : "none");
        goto free_found;
    }
    weights_format(found.first, format);
    *name = found.first;
    found.first = NULL;

free_found:
    free(found.first);
    free(found.second);
    free(found.unreadable);
    return status;
}
