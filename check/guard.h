/* guard.h - arrays between guard pages */
#ifndef VIT_CHECK_GUARD_H
#define VIT_CHECK_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum guard_side { GUARD_BEFORE, GUARD_AFTER, GUARD_SIDES };

struct guard {
    float *at; /* `bytes` bytes, directly beside the guard page of its side */
    size_t bytes;
    void *map;
    size_t map_bytes;
};

#define GUARD_FILL 0x5a /* every byte of a new array and of the rest of its pages */

/*
 * `alignment` is a power of two. If it does not divide `bytes`, an array before its guard page ends
 * up to alignment − 1 bytes before that page; guard_intact sees writes to them. Exits with a
 * message if there is no memory. Not thread-safe: it reuses the pages of freed arrays.
 */
struct guard guard_new(size_t bytes, size_t alignment, enum guard_side side);
void guard_free(struct guard *guard);

/* Whether the rest of the array's pages is unchanged. */
bool guard_intact(const struct guard *guard);

/* Whether all of `bytes` bytes are GUARD_FILL. */
bool guard_filled(const void *at, size_t bytes);

#endif
