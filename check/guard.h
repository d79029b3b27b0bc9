/* guard.h - arrays between guard pages */
#ifndef VIT_CHECK_GUARD_H
#define VIT_CHECK_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum guard_side { GUARD_BEFORE, GUARD_AFTER, GUARD_SIDES };

struct guard {
    float *at; /* `count` floats, directly beside the guard page of its side */
    size_t count;
    void *map;
    size_t map_bytes;
};

#define GUARD_FILL 0x5a /* every byte of a new array and of the rest of its pages */

/*
 * Exits with a message if there is no memory. Not thread-safe: it reuses the pages of freed arrays.
 */
struct guard guard_new(size_t count, enum guard_side side);
void guard_free(struct guard *guard);

/* Whether the rest of the array's pages is unchanged. */
bool guard_intact(const struct guard *guard);

/* Whether all of `bytes` bytes are GUARD_FILL. */
bool guard_filled(const void *at, size_t bytes);

#endif
