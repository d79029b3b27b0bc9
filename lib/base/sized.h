/* sized.h - the ABI rule of vit/config.h: structs that carry their size, in both directions */
#ifndef VIT_BASE_SIZED_H
#define VIT_BASE_SIZED_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/status.h"

/*
 * A public struct that can grow begins with `size_t size`, its sizeof in the caller's header. It
 * has no padding at its end: a field that a later version put there would read what an old caller
 * left in the padding. SIZED_LAST checks both.
 */
#define SIZED_LAST(type, last)                                                                     \
    _Static_assert(offsetof(type, size) == 0 &&                                                    \
                       offsetof(type, last) + sizeof(((type *)0)->last) == sizeof(type),           \
                   #type " begins with size and ends with " #last ", without padding")

/* No version has a larger struct: such a size is garbage. */
enum { SIZED_MAX = 1 << 14 };

/* Whether a version can have that size: whole words, at least `size` itself, at most SIZED_MAX. */
bool sized_is_possible(size_t size);

/*
 * Reads a caller's struct into ours of `bytes`. The fields that a shorter one lacks become 0;
 * to->size becomes `bytes`. `name` is the struct's, for messages.
 * VIT_EINVAL an impossible size; VIT_EUNSUPPORTED a longer struct, not zero behind ours.
 */
enum vit_status sized_read(void *to, const void *from, size_t bytes, const char *name,
                           struct vit_error *err);

/*
 * Writes our struct of `bytes` into a caller's, whose size stays. A shorter one gets the fields
 * that it has; a longer one becomes 0 behind ours. VIT_EINVAL an impossible size.
 */
enum vit_status sized_write(void *to, const void *from, size_t bytes, const char *name,
                            struct vit_error *err);

#endif
