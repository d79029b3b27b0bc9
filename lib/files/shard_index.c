/* shard_index.c - the index of a checkpoint in several files: which of them each tensor is in */
#include "files/shard_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/file.h"
#include "files/sanitize.h"

/* A name that could lead out of the folder is an attack, whatever is there. */
static bool is_shard_name(const char *name)
{
    static const char end[] = ".safetensors";
    const size_t length = strlen(name), tail = sizeof end - 1;

    return length > tail && strcmp(name + length - tail, end) == 0 && !strchr(name, '/') &&
           !strstr(name, "..");
}

static int compare_strings(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

static int compare_tensors(const void *a, const void *b)
{
    const struct index_tensor *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* Every file named by the map, once. */
static enum vit_status list_shards(const char *path, json_t *map, struct index_file *index,
                                   struct vit_error *err)
{
    const char *name;
    json_t *value;
    size_t named = 0;

    index->shard = malloc((json_object_size(map) + 1) * sizeof *index->shard);
    if (!index->shard)
        return file_no_memory(path, err);
    json_object_foreach (map, name, value) {
        const char *shard = json_string_value(value);
        if (!shard)
            return fail(err, VIT_EFORMAT,
                        "%s: tensor \"%s\" is not in a file, expected a string in weight_map",
                        sanitize_path(path).text, sanitize_name(name).text);
        if (!is_shard_name(shard))
            return fail(err, VIT_EFORMAT,
                        "%s: tensor \"%s\" is in \"%s\", expected NAME.safetensors, without '/' "
                        "or '..'",
                        sanitize_path(path).text, sanitize_name(name).text,
                        sanitize_name(shard).text);
        index->shard[named++] = shard;
    }
    qsort(index->shard, named, sizeof *index->shard, compare_strings);
    for (size_t i = 0; i < named; i++)
        if (i == 0 || strcmp(index->shard[i], index->shard[i - 1]) != 0)
            index->shard[index->shards++] = index->shard[i];
    if (index->shards > INDEX_MAX_SHARDS)
        return fail(err, VIT_EUNSUPPORTED, "%s: tensors in %zu files, expected %d at most",
                    sanitize_path(path).text, index->shards, INDEX_MAX_SHARDS);
    return VIT_OK;
}

static enum vit_status list_tensors(const char *path, json_t *map, struct index_file *index,
                                    struct vit_error *err)
{
    const char *name;
    json_t *value;

    index->tensors = malloc((json_object_size(map) + 1) * sizeof *index->tensors);
    if (!index->tensors)
        return file_no_memory(path, err);
    json_object_foreach (map, name, value) {
        const char *shard = json_string_value(value);
        const char **at =
            bsearch(&shard, index->shard, index->shards, sizeof *index->shard, compare_strings);
        index->tensors[index->count++] = (struct index_tensor){ name, (size_t)(at - index->shard) };
    }
    qsort(index->tensors, index->count, sizeof *index->tensors, compare_tensors);
    return VIT_OK;
}

static enum vit_status parse_map(const char *path, struct index_file *index, struct vit_error *err)
{
    json_t *map = json_object_get(index->root, "weight_map");
    const json_t *metadata = json_object_get(index->root, "metadata");
    enum vit_status status;

    if (!json_is_object(index->root))
        return fail(err, VIT_EFORMAT,
                    "%s: expected a JSON object with weight_map, found something else",
                    sanitize_path(path).text);
    if (metadata && !json_is_object(metadata))
        return fail(err, VIT_EFORMAT, "%s: metadata is not an object", sanitize_path(path).text);
    if (!json_is_object(map))
        return fail(err, VIT_EFORMAT, "%s: weight_map is %s, expected an object",
                    sanitize_path(path).text, map ? "something else" : "missing");
    if ((status = list_shards(path, map, index, err)))
        return status;
    return list_tensors(path, map, index, err);
}

enum vit_status index_parse(const char *path, const char *text, size_t bytes,
                            struct index_file **index, struct vit_error *err)
{
    struct index_file *parsed;
    json_error_t why;
    enum vit_status status;

    if (bytes > INDEX_MAX_BYTES)
        return fail(err, VIT_EFORMAT, "%s: %zu bytes long, expected %d at most",
                    sanitize_path(path).text, bytes, INDEX_MAX_BYTES);
    parsed = calloc(1, sizeof *parsed);
    if (!parsed)
        return file_no_memory(path, err);
    parsed->root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &why);
    if (parsed->root)
        status = parse_map(path, parsed, err);
    else if (!*why.text) /* jansson could not allocate, and says nothing */
        status = file_no_memory(path, err);
    else
        status = fail(err, VIT_EFORMAT, "%s: not JSON at line %d, column %d: %s",
                      sanitize_path(path).text, why.line, why.column, sanitize_name(why.text).text);
    if (!status)
        *index = parsed;
    else
        index_free(parsed);
    return status;
}

void index_free(struct index_file *index)
{
    if (!index)
        return;
    free(index->tensors);
    free(index->shard);
    json_decref(index->root);
    free(index);
}

const struct index_tensor *index_find(const struct index_file *index, const char *name)
{
    const struct index_tensor key = { .name = name };

    return bsearch(&key, index->tensors, index->count, sizeof *index->tensors, compare_tensors);
}
