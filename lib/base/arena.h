/* arena.h - one block of memory, measured first, then carved into aligned arrays */
#ifndef VIT_BASE_ARENA_H
#define VIT_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Carve twice with the same calls: first with no memory, when arena_floats only adds up, then after
 * arena_allocate has made that much. A size that does not fit in size_t is remembered and fails
 * there.
 */
struct arena {
    char *base;
    size_t used, bytes;
    bool overflow;
};

/* count floats at a cache line's start; NULL in the measuring pass. */
float *arena_floats(struct arena *arena, size_t count);

/* Allocates what was measured, advised as huge pages, for the second pass. False: no memory. */
bool arena_allocate(struct arena *arena);

void arena_free(struct arena *arena);

/* The row stride for rows of n floats: whole cache lines, never a multiple of 4 KiB. */
size_t padded_stride(size_t n);

#endif
