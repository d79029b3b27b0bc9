/* shard_index.c - the index of a checkpoint in several files: which file holds each tensor */
#include "files/shard_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/json.h"
#include "files/sanitize.h"

/* A name that could lead out of the directory is an attack, whether or not the file exists. */
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

    if (x->shard != y->shard)
        return x->shard < y->shard ? -1 : 1;
    return strcmp(x->name, y->name);
}

/* Lists every file that the map names, once. */
static enum vit_status list_shards(const char *path, const struct json *map,
                                   struct index_file *index, struct vit_error *err)
{
    const char *name;
    const struct json *value;
    size_t named = 0;

    index->shard = malloc((json_members(map) + 1) * sizeof *index->shard);
    if (!index->shard)
        return fail_no_memory(err, path);
    json_each_member(map, name, value)
    {
        const char *shard = json_text(value);
        if (!shard)
            return fail_file(err, VIT_EFORMAT, path,
                             "weight_map: tensor %s: expected a string, found %s",
                             sanitize_name(name).text, json_kind(value));
        if (!is_shard_name(shard))
            return fail_file(err, VIT_EFORMAT, path,
                             "weight_map: tensor %s: expected NAME.safetensors without '/' or "
                             "'..', found \"%s\"",
                             sanitize_name(name).text, sanitize_name(shard).text);
        index->shard[named++] = shard;
    }
    qsort(index->shard, named, sizeof *index->shard, compare_strings);
    for (size_t i = 0; i < named; i++)
        if (i == 0 || strcmp(index->shard[i], index->shard[i - 1]) != 0)
            index->shard[index->shards++] = index->shard[i];
    if (index->shards > INDEX_MAX_SHARDS)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "weight_map: expected at most %d files, found %zu", INDEX_MAX_SHARDS,
                         index->shards);
    return VIT_OK;
}

static enum vit_status list_tensors(const char *path, const struct json *map,
                                    struct index_file *index, struct vit_error *err)
{
    const char *name;
    const struct json *value;

    index->tensors = malloc((json_members(map) + 1) * sizeof *index->tensors);
    index->first = calloc(index->shards + 1, sizeof *index->first);
    if (!index->tensors || !index->first)
        return fail_no_memory(err, path);
    json_each_member(map, name, value)
    {
        const char *shard = json_text(value);
        const char **at =
            bsearch(&shard, index->shard, index->shards, sizeof *index->shard, compare_strings);
        index->tensors[index->count++] = (struct index_tensor){ name, (size_t)(at - index->shard) };
        index->first[at - index->shard + 1]++;
    }
    for (size_t s = 0; s < index->shards; s++)
        index->first[s + 1] += index->first[s];
    qsort(index->tensors, index->count, sizeof *index->tensors, compare_tensors);
    return VIT_OK;
}

static enum vit_status parse_map(const char *path, struct index_file *index, struct vit_error *err)
{
    const struct json *map = json_member(index->root, "weight_map");
    const struct json *metadata = json_member(index->root, "metadata");
    enum vit_status status;

    if (!json_is_object(index->root))
        return fail_file(err, VIT_EFORMAT, path, "expected a JSON object, found %s",
                         json_kind(index->root));
    if (metadata && !json_is_object(metadata))
        return fail_file(err, VIT_EFORMAT, path, "metadata: expected an object, found %s",
                         json_kind(metadata));
    if (!json_is_object(map))
        return fail_file(err, VIT_EFORMAT, path, "weight_map: expected an object, found %s",
                         json_kind(map));
    if ((status = list_shards(path, map, index, err)))
        return status;
    return list_tensors(path, map, index, err);
}

enum vit_status index_parse(const char *path, const char *text, size_t bytes,
                            struct index_file **index, struct vit_error *err)
{
    struct index_file *parsed;
    enum vit_status status;

    if (bytes > INDEX_MAX_BYTES)
        return fail_file(err, VIT_EFORMAT, path, "expected at most %d bytes, found %zu",
                         INDEX_MAX_BYTES, bytes);
    parsed = calloc(1, sizeof *parsed);
    if (!parsed)
        return fail_no_memory(err, path);
    if (!(status = json_parse(path, "", text, bytes, &parsed->root, err)))
        status = parse_map(path, parsed, err);
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
    free(index->first);
    free(index->tensors);
    free(index->shard);
    json_free(index->root);
    free(index);
}

const struct index_tensor *index_find(const struct index_file *index, const char *name)
{
    for (size_t i = 0; i < index->count; i++)
        if (strcmp(index->tensors[i].name, name) == 0)
            return &index->tensors[i];
    return NULL;
}
