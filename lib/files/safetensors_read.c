/* safetensors_read.c - reading the data of a tensor in a .safetensors file */
#include "files/fail_file.h"
#include "files/read_f32.h"
#include "files/safetensors.h"

bool safetensors_readable(enum safetensors_dtype dtype)
{
    return dtype == DTYPE_F64 || dtype == DTYPE_F32 || dtype == DTYPE_F16 || dtype == DTYPE_BF16;
}

static enum vit_status check_range(const struct safetensors *file,
                                   const struct safetensors_entry *entry, size_t first,
                                   size_t count, struct vit_error *err)
{
    if (first > entry->elements || count > entry->elements - first)
        return fail_tensor(err, VIT_EINVAL, file->source.path, entry->name,
                           "expected at least %zu elements from element %zu on, found %zu in all",
                           count, first, entry->elements);
    if (!file_is_open(&file->source))
        return fail_file(err, VIT_EINVAL, file->source.path,
                         "the file is not open: the data cannot be read");
    return VIT_OK;
}

static enum vit_status read_range(const struct safetensors *file,
                                  const struct safetensors_entry *entry, size_t first, size_t count,
                                  void *out, struct vit_error *err)
{
    const size_t bytes = safetensors_dtype_bytes(entry->dtype);

    return file_read(&file->source, entry->offset + first * bytes, count * bytes, out, err);
}

enum vit_status safetensors_read(const struct safetensors *file,
                                 const struct safetensors_entry *entry, size_t first, size_t count,
                                 void *out, struct vit_error *err)
{
    const enum vit_status status = check_range(file, entry, first, count, err);

    return status ? status : read_range(file, entry, first, count, out, err);
}

static enum stored stored_of(enum safetensors_dtype dtype)
{
    return dtype == DTYPE_F64   ? STORED_F64
           : dtype == DTYPE_F16 ? STORED_F16
           : dtype == DTYPE_F32 ? STORED_F32
                                : STORED_BF16;
}

enum vit_status safetensors_read_f32(const struct safetensors *file,
                                     const struct safetensors_entry *entry, size_t first,
                                     size_t count, float *out, struct vit_error *err)
{
    const enum vit_status status = check_range(file, entry, first, count, err);

    if (status)
        return status;
    if (!safetensors_readable(entry->dtype))
        return fail_tensor(err, VIT_EUNSUPPORTED, file->source.path, entry->name,
                           "expected dtype F64, F32, F16 or BF16, found %s",
                           safetensors_dtype_name(entry->dtype));
    return read_f32(&file->source, stored_of(entry->dtype),
                    entry->offset + first * safetensors_dtype_bytes(entry->dtype), count, out, err);
}
