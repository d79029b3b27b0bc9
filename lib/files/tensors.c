/* tensors.c - the tensors of a checkpoint folder, whatever files they are in */
#include "files/tensors.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "files/file.h"
#include "files/folder.h"
#include "files/npz.h"
#include "files/safetensors.h"
#include "files/sanitize.h"
#include "files/shards.h"

_Static_assert(SAFETENSORS_MAX_RANK <= TENSOR_MAX_RANK, "a shape fits");
_Static_assert((int)NPY_MAX_RANK <= (int)TENSOR_MAX_RANK, "a shape fits");

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

static struct tensor tensor_of_member(const struct npz *npz, size_t i)
{
    const struct npz_member *member = &npz->members[i];
    const struct npy_header *header = &member->header;
    struct tensor tensor = {
        .name = member->name,
        .dtype = npy_dtype_descr(header->dtype),
        .readable = npz_readable(header->dtype),
        .rank = header->rank,
        .elements = header->elements,
        .path = npz->path,
        .entry = i,
    };

    memcpy(tensor.shape, header->shape, header->rank * sizeof *header->shape);
    return tensor;
}

static int compare_names(const void *a, const void *b)
{
    const struct tensor *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* The entries of all files, sorted. */
static enum vit_status list_entries(struct tensors *tensors, struct vit_error *err)
{
    const size_t members = tensors->npz ? tensors->npz->count : 0;
    size_t count = members;

    for (size_t f = 0; f < tensors->files; f++)
        count += tensors->shards[f]->count;
    tensors->entries = calloc(count + 1, sizeof *tensors->entries);
    if (!tensors->entries)
        return file_no_memory(tensors->path, err);
    for (size_t f = 0; f < tensors->files; f++)
        for (size_t i = 0; i < tensors->shards[f]->count; i++)
            tensors->entries[tensors->count++] = tensor_of_entry(tensors->shards[f], f, i);
    for (size_t i = 0; i < members; i++)
        tensors->entries[tensors->count++] = tensor_of_member(tensors->npz, i);
    qsort(tensors->entries, count, sizeof *tensors->entries, compare_names);
    return VIT_OK;
}

static enum vit_status open_single(struct tensors *tensors, struct vit_error *err)
{
    enum vit_status status;

    tensors->shards = calloc(1, sizeof *tensors->shards);
    if (!tensors->shards)
        return file_no_memory(tensors->path, err);
    status = safetensors_open(tensors->path, &tensors->shards[0], err);
    tensors->files = status ? 0 : 1;
    return status;
}

static enum vit_status open_files(const char *folder, struct tensors *tensors,
                                  struct vit_error *err)
{
    enum vit_status status = folder_weights(folder, &tensors->format, &tensors->path, err);

    if (status)
        return status;
    switch (tensors->format) {
    case TENSORS_SAFETENSORS:
        status = open_single(tensors, err);
        break;
    case TENSORS_SHARDED:
        status = shards_open(folder, tensors->path, &tensors->files, &tensors->shards, err);
        break;
    case TENSORS_NPZ:
        status = npz_open(tensors->path, &tensors->npz, err);
        break;
    }
    return status ? status : list_entries(tensors, err);
}

enum vit_status tensors_open(const char *folder, struct tensors **tensors, struct vit_error *err)
{
    struct tensors *opened = calloc(1, sizeof *opened);
    enum vit_status status;

    if (!opened)
        return file_no_memory(folder, err);
    status = open_files(folder, opened, err);
    if (!status)
        *tensors = opened;
    else
        tensors_close(opened);
    return status;
}

void tensors_close(struct tensors *tensors)
{
    if (!tensors)
        return;
    shards_close(tensors->files, tensors->shards);
    npz_close(tensors->npz);
    free(tensors->entries);
    free(tensors->path);
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
    if (tensors->format == TENSORS_NPZ)
        return npz_read_f32(tensors->npz, &tensors->npz->members[tensor->entry], first, count, out,
                            err);

    const struct safetensors *file = tensors->shards[tensor->file];
    return safetensors_read_f32(file, &file->entries[tensor->entry], first, count, out, err);
}
