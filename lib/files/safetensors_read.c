/* safetensors_read.c - the numbers of a tensor in a .safetensors file */
#include "base/status.h"
#include "files/convert.h"
#include "files/file.h"
#include "files/safetensors.h"
#include "files/sanitize.h"

enum { CHUNK = 8192 }; /* elements converted at a time, from the stack: 16 KiB */

static enum vit_status check_range(const struct safetensors *file,
                                   const struct safetensors_entry *entry, size_t first,
                                   size_t count, struct vit_error *err)
{
    if (first > entry->elements || count > entry->elements - first)
        return fail(err, VIT_EINVAL,
                    "%s: tensor \"%s\" has %zu elements, expected %zu from element %zu on",
                    sanitize_path(file->path).text, sanitize_name(entry->name).text,
                    entry->elements, count, first);
    if (file->fd < 0)
        return fail(err, VIT_EINVAL, "%s: parsed from memory, its data cannot be read",
                    sanitize_path(file->path).text);
    return VIT_OK;
}

static enum vit_status read_range(const struct safetensors *file,
                                  const struct safetensors_entry *entry, size_t first, size_t count,
                                  void *out, struct vit_error *err)
{
    const size_t bytes = safetensors_dtype_bytes(entry->dtype);

    return file_read(file->path, file->fd, entry->offset + first * bytes, count * bytes, out, err);
}

enum vit_status safetensors_read(const struct safetensors *file,
                                 const struct safetensors_entry *entry, size_t first, size_t count,
                                 void *out, struct vit_error *err)
{
    const enum vit_status status = check_range(file, entry, first, count, err);

    return status ? status : read_range(file, entry, first, count, out, err);
}

enum vit_status safetensors_read_f32(const struct safetensors *file,
                                     const struct safetensors_entry *entry, size_t first,
                                     size_t count, float *out, struct vit_error *err)
{
    uint16_t chunk[CHUNK];
    enum vit_status status = check_range(file, entry, first, count, err);

    if (status)
        return status;
    if (entry->dtype == DTYPE_F32)
        return read_range(file, entry, first, count, out, err);
    if (entry->dtype != DTYPE_F16 && entry->dtype != DTYPE_BF16)
        return fail(err, VIT_EUNSUPPORTED, "%s: tensor \"%s\" is %s, expected F32, F16 or BF16",
                    sanitize_path(file->path).text, sanitize_name(entry->name).text,
                    safetensors_dtype_name(entry->dtype));
    for (size_t done = 0, n; done < count; done += n) {
        n = count - done < CHUNK ? count - done : CHUNK;
        if ((status = read_range(file, entry, first + done, n, chunk, err)))
            return status;
        if (entry->dtype == DTYPE_F16)
            widen_f16(n, chunk, out + done);
        else
            widen_bf16(n, chunk, out + done);
    }
    return VIT_OK;
}
