/* shards.c - a checkpoint in several .safetensors files, held against their index */
#include "files/shards.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/status.h"
#include "files/file.h"
#include "files/sanitize.h"
#include "files/shard_index.h"

static enum vit_status open_index(const char *path, struct index_file **index,
                                  struct vit_error *err)
{
    char *text;
    size_t bytes;
    enum vit_status status = file_read_all(path, INDEX_MAX_BYTES, false, &text, &bytes, err);

    if (status)
        return status;
    status = index_parse(path, text, bytes, index, err);
    free(text);
    return status;
}

/* That the index has every tensor of a file there, and counts them. */
static enum vit_status check_file(const struct index_file *index, size_t shard,
                                  const struct safetensors *file, size_t *found,
                                  struct vit_error *err)
{
    for (size_t i = 0; i < file->count; i++) {
        const char *name = file->entries[i].name;
        const struct index_tensor *tensor = index_find(index, name);
        if (!tensor)
            return fail(err, VIT_EFORMAT, "%s: tensor \"%s\" is unexpected: the index has none",
                        sanitize_path(file->path).text, sanitize_name(name).text);
        if (tensor->shard != shard)
            return fail(err, VIT_EFORMAT,
                        "%s: tensor \"%s\" is unexpected: the index has it in \"%s\"",
                        sanitize_path(file->path).text, sanitize_name(name).text,
                        sanitize_name(index->shard[tensor->shard]).text);
    }
    *found += file->count;
    return VIT_OK;
}

static enum vit_status check_files(const char *index_path, const struct index_file *index,
                                   struct safetensors **files, struct vit_error *err)
{
    enum vit_status status;
    size_t found = 0;

    for (size_t s = 0; s < index->shards; s++)
        if ((status = check_file(index, s, files[s], &found, err)))
            return status;
    if (found == index->count) /* each found is another one: all are */
        return VIT_OK;
    for (size_t i = 0; i < index->count; i++) {
        const struct index_tensor *tensor = &index->tensors[i];
        if (!safetensors_find(files[tensor->shard], tensor->name))
            return fail(err, VIT_EFORMAT,
                        "%s: tensor \"%s\" is missing in \"%s\", expected there by the index",
                        sanitize_path(index_path).text, sanitize_name(tensor->name).text,
                        sanitize_name(index->shard[tensor->shard]).text);
    }
    return VIT_OK;
}

static enum vit_status open_files(const char *folder, const struct index_file *index,
                                  struct safetensors **files, struct vit_error *err)
{
    for (size_t s = 0; s < index->shards; s++) {
        char *path = file_path(folder, index->shard[s]);
        if (!path)
            return file_no_memory(folder, err);
        const enum vit_status status = safetensors_open(path, &files[s], err);
        free(path);
        if (status)
            return status;
    }
    return VIT_OK;
}

enum vit_status shards_open(const char *folder, const char *index_path, size_t *count,
                            struct safetensors ***files, struct vit_error *err)
{
    struct safetensors **opened;
    struct index_file *index;
    enum vit_status status = open_index(index_path, &index, err);

    if (status)
        return status;
    opened = calloc(index->shards + 1, sizeof *opened);
    if (!opened) {
        status = file_no_memory(index_path, err);
        goto free_index;
    }
    if ((status = open_files(folder, index, opened, err)) ||
        (status = check_files(index_path, index, opened, err))) {
        shards_close(index->shards, opened);
        goto free_index;
    }
    *count = index->shards;
    *files = opened;

free_index:
    index_free(index);
    return status;
}

void shards_close(size_t count, struct safetensors **files)
{
    for (size_t i = 0; files && i < count; i++)
        safetensors_close(files[i]);
    free(files);
}
