/* sized.c - the ABI rule of vit/config.h: structs that carry their size, in both directions */
#include "base/sized.h"

#include <string.h>

#include "base/status.h"

bool sized_is_possible(size_t size)
{
    return size >= sizeof size && size <= SIZED_MAX && size % sizeof size == 0;
}

static size_t size_of(const void *object)
{
    size_t size;

    memcpy(&size, object, sizeof size);
    return size;
}

static enum vit_status impossible(struct sized type, size_t size, struct vit_error *err)
{
    return fail(err, VIT_EINVAL, "struct %s: expected size %zu, found %zu", type.name, type.bytes,
                size);
}

enum vit_status sized_read(void *to, const void *from, struct sized type, struct vit_error *err)
{
    const size_t size = size_of(from);
    const unsigned char *const byte = from;

    if (!sized_is_possible(size))
        return impossible(type, size, err);
    for (size_t i = type.known; i < size; i++)
        if (byte[i] != 0)
            return fail(err, VIT_EUNSUPPORTED,
                        "struct %s: expected 0 after the %zu bytes that this version of the "
                        "library knows, found a field at byte %zu",
                        type.name, type.known, i);
    memset(to, 0, type.bytes);
    memcpy(to, from, size < type.known ? size : type.known);
    memcpy(to, &type.bytes, sizeof type.bytes);
    return VIT_OK;
}

enum vit_status sized_write(void *to, const void *from, struct sized type, struct vit_error *err)
{
    const size_t size = size_of(to);

    if (!sized_is_possible(size))
        return impossible(type, size, err);
    memset(to, 0, size);
    memcpy(to, from, size < type.known ? size : type.known);
    memcpy(to, &size, sizeof size);
    return VIT_OK;
}
