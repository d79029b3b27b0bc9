/* sized.h - the ABI rule of vit/config.h: structs that carry their size, in both directions */
#ifndef VIT_BASE_SIZED_H
#define VIT_BASE_SIZED_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/status.h"

/* A public struct that can grow. */
struct sized {
    const char *name;
    size_t bytes;
    size_t known; /* the bytes before `reserved`: those of the fields */
};

/*
 * struct `type`, which begins with `size_t size`, its sizeof in the caller's header, and ends with
 * `reserved`. A new field takes the first of the reserved bytes; if none would be left, eight more
 * follow it. So there is never padding at the end, where an old caller may leave anything.
 */
#define SIZED(type)                                                                                \
    ((struct sized){ .name = #type,                                                                \
                     .bytes = sizeof(struct type) + 0 * sizeof(SIZED_CHECK(struct type)),          \
                     .known = offsetof(struct type, reserved) })
#define SIZED_CHECK(type)                                                                          \
    struct {                                                                                       \
        _Static_assert(offsetof(type, size) == 0, #type " begins with size");                      \
        _Static_assert(offsetof(type, reserved) + sizeof(((type *)0)->reserved) == sizeof(type),   \
                       #type " ends with reserved, without padding");                              \
        char checked;                                                                              \
    }

/* No version has a larger struct: such a size is garbage. */
enum { SIZED_MAX = 1 << 14 };

/* Whether a version can have that size: whole words, at least `size` itself, at most SIZED_MAX. */
bool sized_is_possible(size_t size);

/*
 * Reads a caller's struct into ours. The fields that a shorter one lacks become 0; to->size becomes
 * that of ours. VIT_EINVAL: an impossible size. VIT_EUNSUPPORTED: a non-zero byte after our
 * fields.
 */
enum vit_status sized_read(void *to, const void *from, struct sized type, struct vit_error *err);

/*
 * Writes our struct into a caller's, whose size stays. A shorter one gets the fields that it has; a
 * longer one becomes 0 after our fields. VIT_EINVAL: an impossible size.
 */
enum vit_status sized_write(void *to, const void *from, struct sized type, struct vit_error *err);

#endif
