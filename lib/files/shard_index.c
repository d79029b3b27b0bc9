/* shard_index.c - the index of a checkpoint in several files: which file holds each tensor */
#include "files/shard_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/json.h"
#include "files/name_order.h"
#include "files/sanitize.h"

/* A name that could lead out of the directory is an attack, whether or not the file exists. */
static bool is_shard_name(const char *name)
{
    static const char end[] = ".safetensors";
    const size_t length = strlen(name), tail = sizeof end - 1;

    return length > tail && strcmp(name + length - tail, end) == 0 && !strchr(name, '/') &&
           !strstr(name, "..");
}

/* Lists the tensors in the order of the map, and the file that each is in. */
static enum vit_status list_tensors(const char *path, const struct json *map,
                                    struct index_file *index, struct named *files,
                                    struct vit_error *err)
{
    const char *name;
    const struct json *value;

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
        files[index->count] = (struct named){ .name = shard, .index = index->count };
        index->tensors[index->count++].name = name;
    }
    return VIT_OK;
}

/* Lists every file once, and numbers the tensors; returns how many files there are. */
static size_t number_files(struct index_file *index, struct named *files)
{
    size_t count = 0;

    names_sort(index->count, files, files + index->count);
    for (size_t i = 0; i < index->count; i++) {
        if (i == 0 || files[i].name[files[i].common] != '\0' ||
            files[i - 1].name[files[i].common] != '\0')
            index->shard[count++] = files[i].name;
        index->tensors[files[i].index].shard = count - 1;
    }
    return count;
}

/* Orders the tensors by shard, then by name. `names` is [2 * index->count] */
static void order_tensors(struct index_file *index, struct named *names)
{
    const struct index_tensor *const tensors = index->tensors;
    struct named *const sorted = names + index->count;

    for (size_t i = 0; i < index->count; i++) {
        names[i] = (struct named){ .name = tensors[i].name, .index = i };
        index->first[tensors[i].shard + 1]++;
    }
    for (size_t s = 0; s < index->shards; s++)
        index->first[s + 1] += index->first[s];
    names_sort(index->count, names, sorted);
    for (size_t i = index->count; i-- > 0;) /* from the end: first[s + 1] moves to first[s] */
        sorted[--index->first[tensors[names[i].index].shard + 1]] = names[i];
    for (size_t i = 0; i < index->count; i++) /* no longer needed: here the number of the file */
        sorted[i].common = tensors[sorted[i].index].shard;
    for (size_t i = 0; i < index->count; i++)
        index->tensors[i] = (struct index_tensor){ sorted[i].name, sorted[i].common };
    for (size_t s = 0; s < index->shards; s++)
        index->first[s] = index->first[s + 1];
    index->first[index->shards] = index->count;
}

static enum vit_status list_all(const char *path, const struct json *map, struct index_file *index,
                                struct vit_error *err)
{
    const size_t members = json_members(map);
    struct named *const scratch = malloc((2 * members + 1) * sizeof *scratch);
    enum vit_status status;

    index->tensors = malloc((members + 1) * sizeof *index->tensors);
    index->shard = malloc((members + 1) * sizeof *index->shard);
    if (!scratch || !index->tensors || !index->shard) {
        status = fail_no_memory(err, path);
        goto free_scratch;
    }
    if ((status = list_tensors(path, map, index, scratch, err)))
        goto free_scratch;
    index->shards = number_files(index, scratch);
    if (index->shards > INDEX_MAX_SHARDS) {
        status = fail_file(err, VIT_EUNSUPPORTED, path,
                           "weight_map: expected at most %d files, found %zu", INDEX_MAX_SHARDS,
                           index->shards);
        goto free_scratch;
    }
    index->first = calloc(index->shards + 1, sizeof *index->first);
    if (index->first)
        order_tensors(index, scratch);
    else
        status = fail_no_memory(err, path);

free_scratch:
    free(scratch);
    return status;
}

static enum vit_status parse_map(const char *path, struct index_file *index, struct vit_error *err)
{
    const struct json *map = json_member(index->root, "weight_map");
    const struct json *metadata = json_member(index->root, "metadata");

    if (!json_is_object(index->root))
        return fail_file(err, VIT_EFORMAT, path, "expected a JSON object, found %s",
                         json_kind(index->root));
    if (metadata && !json_is_null(metadata) && !json_is_object(metadata))
        return fail_file(err, VIT_EFORMAT, path, "metadata: expected an object, found %s",
                         json_kind(metadata));
    if (!json_is_object(map))
        return fail_file(err, VIT_EFORMAT, path, "weight_map: expected an object, found %s",
                         json_kind(map));
    return list_all(path, map, index, err);
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
