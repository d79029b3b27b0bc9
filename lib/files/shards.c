/* shards.c - a checkpoint in several .safetensors files, checked against their index */
#include "files/shards.h"

#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/sanitize.h"
#include "files/shard_index.h"

/* A tensor of a file that the index does not give it. */
static enum vit_status fail_unexpected(const struct index_file *index, const char *path,
                                       const char *name, struct vit_error *err)
{
    const struct index_tensor *const tensor = index_find(index, name);

    if (!tensor)
        return fail_tensor(err, VIT_EFORMAT, path, name, "unexpected: the index does not name it");
    return fail_tensor(err, VIT_EFORMAT, path, name, "unexpected: the index names %s for it",
                       sanitize_name(index->shard[tensor->shard]).text);
}

/* Checks that a file has the tensors that the index gives it, and no other: two sorted lists. */
static enum vit_status check_file(const char *index_path, const struct index_file *index,
                                  size_t shard, const struct safetensors *file,
                                  struct vit_error *err)
{
    const struct index_tensor *const expected = index->tensors + index->first[shard];
    const size_t count = index->first[shard + 1] - index->first[shard];
    const char *missing = NULL;
    size_t found = 0;

    for (size_t i = 0; i < count; i++) {
        const int order =
            found < file->count ? strcmp(file->entries[found].name, expected[i].name) : 1;
        if (order < 0)
            break;
        if (order == 0)
            found++;
        else if (!missing)
            missing = expected[i].name;
    }
    if (found < file->count)
        return fail_unexpected(index, file->source.path, file->entries[found].name, err);
    if (missing)
        return fail_tensor(err, VIT_EFORMAT, index_path, missing,
                           "expected in %s, found no such tensor there",
                           sanitize_name(index->shard[shard]).text);
    return VIT_OK;
}

/*
 * Each file is checked before the next is opened: were they links to one large file, the second
 * would have tensors that the index gives to the first.
 */
static enum vit_status open_files(const struct directory *directory, const char *index_path,
                                  const struct index_file *index, struct safetensors **files,
                                  struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t s = 0; !status && s < index->shards; s++) {
        struct input_file file;
        if (!(status = directory_open_file(directory, index->shard[s], &file, err)) &&
            !(status = safetensors_open_file(&file, &files[s], err)))
            status = check_file(index_path, index, s, files[s], err);
    }
    return status;
}

enum vit_status shards_open(const struct directory *directory, const char *index_name,
                            size_t *count, struct safetensors ***files, struct vit_error *err)
{
    struct safetensors **opened;
    struct index_file *index;
    struct text_file text;
    enum vit_status status =
        directory_read_text(directory, index_name, INDEX_MAX_BYTES, false, &text, err);

    if (status)
        return status;
    if ((status = index_parse(text.path, text.text, text.bytes, &index, err)))
        goto free_text;
    opened = calloc(index->shards + 1, sizeof *opened);
    if (!opened) {
        status = fail_no_memory(err, text.path);
        goto free_index;
    }
    if ((status = open_files(directory, text.path, index, opened, err))) {
        shards_close(index->shards, opened);
        goto free_index;
    }
    *count = index->shards;
    *files = opened;

free_index:
    index_free(index);
free_text:
    text_file_free(&text);
    return status;
}

void shards_close(size_t count, struct safetensors **files)
{
    for (size_t i = 0; files && i < count; i++)
        safetensors_close(files[i]);
    free(files);
}
