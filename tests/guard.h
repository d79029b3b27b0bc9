/* guard.h - arrays that end, or begin, at a page that no one may touch */
#ifndef VIT_GUARD_H
#define VIT_GUARD_H

#include <stddef.h>

enum guard_side { GUARD_BEFORE, GUARD_AFTER, GUARD_SIDES };

struct guard {
    float *at; /* `count` floats, flush against the guard page of its side */
    size_t count;
    void *map;
    size_t map_bytes;
};

/*
 * Ends the test if there is no memory. Filled with a pattern, so that a stray write inside
 * shows.
 */
struct guard guard_new(size_t count, enum guard_side side);
void guard_free(struct guard *guard);

#endif
