/* tensors.c - the tensors of a checkpoint's directory, in any of the supported formats */
#include "files/tensors.h"

#include <stdlib.h>
#include <string.h>

#include "files/fail_file.h"
#include "files/name_order.h"
#include "files/npz.h"
#include "files/safetensors.h"
#include "files/shards.h"
#include "files/weights_file.h"

_Static_assert(SAFETENSORS_MAX_RANK <= TENSOR_MAX_RANK, "a shape fits");
_Static_assert((int)NPY_MAX_RANK <= (int)TENSOR_MAX_RANK, "a shape fits");

static struct tensor tensor_of_entry(const struct safetensors *file, size_t shard, size_t i)
{
    const struct safetensors_entry *entry = &file->entries[i];
    struct tensor tensor = {
        .name = entry->name,
        .dtype = safetensors_dtype_name(entry->dtype),
        .readable = safetensors_readable(entry->dtype),
        .rank = entry->rank,
        .elements = entry->elements,
        .path = file->source.path,
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
        .dtype = member->unread ? "other" : npy_dtype_descr(header->dtype),
        .unread = member->unread,
        .readable = npz_readable(header->dtype),
        .rank = header->rank,
        .elements = header->elements,
        .path = npz->source.path,
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

/* Fills tensors->entries from all files. */
static enum vit_status list_entries(struct tensors *tensors, struct vit_error *err)
{
    const size_t members = tensors->npz ? tensors->npz->count : 0;
    size_t count = members;

    for (size_t f = 0; f < tensors->files; f++)
        count += tensors->shards[f]->count;
    tensors->entries = calloc(count + 1, sizeof *tensors->entries);
    if (!tensors->entries)
        return fail_no_memory(err, tensors->path);
    for (size_t f = 0; f < tensors->files; f++)
        for (size_t i = 0; i < tensors->shards[f]->count; i++)
            tensors->entries[tensors->count++] = tensor_of_entry(tensors->shards[f], f, i);
    for (size_t i = 0; i < members; i++)
        tensors->entries[tensors->count++] = tensor_of_member(tensors->npz, i);
    /* one file has them in this order */
    if (tensors->files > 1 &&
        !structs_sort_by_name(count, sizeof *tensors->entries, tensors->entries))
        return fail_no_memory(err, tensors->path);
    return VIT_OK;
}

static enum vit_status open_single(const struct directory *directory, const char *name,
                                   struct tensors *tensors, struct vit_error *err)
{
    struct input_file file;
    enum vit_status status;

    tensors->shards = calloc(1, sizeof *tensors->shards);
    if (!tensors->shards)
        return fail_no_memory(err, tensors->path);
    if ((status = directory_open_file(directory, name, &file, err)))
        return status;
    status = safetensors_open_file(&file, &tensors->shards[0], err);
    tensors->files = status ? 0 : 1;
    return status;
}

static enum vit_status open_npz(const struct directory *directory, const char *name,
                                struct tensors *tensors, struct vit_error *err)
{
    struct input_file file;
    const enum vit_status status = directory_open_file(directory, name, &file, err);

    return status ? status : npz_open_file(&file, &tensors->npz, err);
}

static enum vit_status open_files(const struct directory *directory, const char *name,
                                  struct tensors *tensors, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    tensors->path = directory_path(directory, name);
    if (!tensors->path)
        return fail_no_memory(err, directory->path);
    switch (tensors->format) {
    case TENSORS_SAFETENSORS:
        status = open_single(directory, name, tensors, err);
        break;
    case TENSORS_SHARDED:
        status = shards_open(directory, name, &tensors->files, &tensors->shards, err);
        break;
    case TENSORS_NPZ:
        status = open_npz(directory, name, tensors, err);
        break;
    }
    return status ? status : list_entries(tensors, err);
}

enum vit_status tensors_open(const struct directory *directory, struct tensors **tensors,
                             struct vit_error *err)
{
    struct tensors *opened = calloc(1, sizeof *opened);
    char *name = NULL;
    enum vit_status status;

    if (!opened)
        return fail_no_memory(err, directory->path);
    if (!(status = weights_file_find(directory, &opened->format, &name, err)))
        status = open_files(directory, name, opened, err);
    free(name);
    if (!status)
        *tensors = opened;
    else
        tensors_close(opened);
    return status;
}

const struct input_file *tensors_file(const struct tensors *tensors, size_t i)
{
    if (tensors->npz)
        return i == 0 ? &tensors->npz->source : NULL;
    return i < tensors->files ? &tensors->shards[i]->source : NULL;
}

void tensors_close_files(struct tensors *tensors)
{
    for (size_t f = 0; f < tensors->files; f++)
        safetensors_close_file(tensors->shards[f]);
    if (tensors->npz)
        npz_close_file(tensors->npz);
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
    const struct tensor key = { .name = name };

    if (tensors->count == 0) /* entries may be NULL, which bsearch does not allow */
        return NULL;
    return bsearch(&key, tensors->entries, tensors->count, sizeof *tensors->entries, compare_names);
}

size_t tensors_index(const struct tensors *tensors, const char *name)
{
    const struct tensor *const tensor = tensors_find(tensors, name);

    return tensor ? (size_t)(tensor - tensors->entries) : tensors->count;
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
