/* guard.h - arrays between pages that no one may touch */
#ifndef VIT_CHECK_GUARD_H
#define VIT_CHECK_GUARD_H

#include <stdbool.h>
#include <stddef.h>

enum guard_side { GUARD_BEFORE, GUARD_AFTER, GUARD_SIDES };

struct guard {
    float *at; /* `count` floats, flush against the guard page of its side */
    size_t count;
    void *map;
    size_t map_bytes;
};

#define GUARD_FILL 0x5a /* every byte of a fresh array, and of what is left of its pages */

/*
 * Ends the process, with a message, if there is no memory. Not thread-safe: pages of arrays that
 * were freed are used again.
 */
struct guard guard_new(size_t count, enum guard_side side);
void guard_free(struct guard *guard);

/* Whether the rest of the array's pages is as it was. */
bool guard_intact(const struct guard *guard);

/* Whether all of `bytes` bytes are GUARD_FILL. */
bool guard_filled(const void *at, size_t bytes);

#endif
