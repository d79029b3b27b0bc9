/* tensors.c - the tensors of a checkpoint folder, whatever files they are in */
#include "checkpoint/tensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "checkpoint/file.h"
#include "checkpoint/quote.h"
#include "checkpoint/safetensors.h"

_Static_assert(SAFETENSORS_MAX_RANK <= TENSOR_MAX_RANK, "a shape fits");

static enum vit_status out_of_memory(const char *path, struct vit_error *err)
{
    return fail(err, VIT_ENOMEM, "%s: out of memory", quote_path(path).text);
}

static struct tensor tensor_of_entry(const struct safetensors *file, size_t shard, size_t i)
{
    const struct safetensors_entry *entry = &file->entries[i];
    struct tensor tensor = {
        .name = entry->name,
        .dtype = safetensors_dtype_name(entry->dtype),
        .readable =
            entry->dtype == DTYPE_F32 || entry->dtype == DTYPE_F16 || entry->dtype == DTYPE_BF16,
        .rank = entry->rank,
        .elements = entry->elements,
        .path = file->path,
        .file = shard,
        .entry = i,
    };

    memcpy(tensor.shape, entry->shape, entry->rank * sizeof *entry->shape);
    return tensor;
}

/* The entries of all files; a file's own are sorted already. */
static enum vit_status list_entries(struct tensors *tensors, struct vit_error *err)
{
    size_t count = 0;

    for (size_t f = 0; f < tensors->files; f++)
        count += tensors->shards[f]->count;
    tensors->entries = calloc(count + 1, sizeof *tensors->entries);
    if (!tensors->entries)
        return out_of_memory(tensors->path, err);
    for (size_t f = 0; f < tensors->files; f++)
        for (size_t i = 0; i < tensors->shards[f]->count; i++)
            tensors->entries[tensors->count++] = tensor_of_entry(tensors->shards[f], f, i);
    return VIT_OK;
}

static enum vit_status open_single(const char *path, struct tensors *tensors, struct vit_error *err)
{
    enum vit_status status;

    tensors->shards = calloc(1, sizeof *tensors->shards);
    if (!tensors->shards)
        return out_of_memory(path, err);
    if ((status = safetensors_open(path, &tensors->shards[0], err)))
        return status;
    tensors->files = 1;
    tensors->path = tensors->shards[0]->path;
    return list_entries(tensors, err);
}

enum vit_status tensors_open(const char *folder, struct tensors **tensors, struct vit_error *err)
{
    struct tensors *opened = calloc(1, sizeof *opened);
    char *path = file_path(folder, "model.safetensors");
    enum vit_status status;

    if (!opened || !path)
        status = out_of_memory(folder, err);
    else
        status = open_single(path, opened, err);
    if (!status)
        *tensors = opened;
    else
        tensors_close(opened);
    free(path);
    return status;
}

void tensors_close(struct tensors *tensors)
{
    if (!tensors)
        return;
    for (size_t f = 0; f < tensors->files; f++)
        safetensors_close(tensors->shards[f]);
    free(tensors->shards);
    free(tensors->entries);
    free(tensors);
}

const struct tensor *tensors_find(const struct tensors *tensors, const char *name)
{
    size_t low = 0, high = tensors->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(name, tensors->entries[middle].name);
        if (order == 0)
            return &tensors->entries[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

enum vit_status tensors_read_f32(const struct tensors *tensors, const struct tensor *tensor,
                                 size_t first, size_t count, float *out, struct vit_error *err)
{
    const struct safetensors *file = tensors->shards[tensor->file];

    return safetensors_read_f32(file, &file->entries[tensor->entry], first, count, out, err);
}
