/* byte_source.c - the bytes of an open file, or of one in memory */
#include "files/byte_source.h"

#include <string.h>

enum vit_status byte_source_read(const struct byte_source *source, uint64_t offset, size_t bytes,
                                 void *out, size_t *count, struct vit_error *err)
{
    const uint64_t left = offset < source->size ? source->size - offset : 0;

    if (!source->bytes)
        return file_read_up_to(&source->file, offset, bytes, out, count, err);
    *count = left < bytes ? (size_t)left : bytes;
    if (*count > 0)
        memcpy(out, source->bytes + offset, *count);
    return VIT_OK;
}
