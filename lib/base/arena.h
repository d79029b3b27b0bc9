/* arena.h - one block of memory: its size is measured first, then it is carved into arrays */
#ifndef VIT_BASE_ARENA_H
#define VIT_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/*
 * Make the same calls twice: first with a zeroed arena, which only adds up sizes; then, after
 * arena_allocate, to get the memory. A size that does not fit in size_t makes arena_allocate fail.
 */
struct arena {
    char *base;
    size_t used, bytes;
    bool overflow;
};

/* Bytes that begin at a cache line, which aligns every type; NULL in the measuring pass. */
void *arena_bytes(struct arena *arena, size_t bytes);

/* The same for count elements of `size` bytes; the product may overflow. */
void *arena_array(struct arena *arena, size_t count, size_t size);

static inline float *arena_floats(struct arena *arena, size_t count)
{
    return arena_array(arena, count, sizeof(float));
}

static inline double *arena_doubles(struct arena *arena, size_t count)
{
    return arena_array(arena, count, sizeof(double));
}

/* The bytes that arena_allocate allocates for what is measured; 0: they do not fit in size_t. */
size_t arena_measured(const struct arena *arena);

/*
 * Allocates the measured size; from the C library with huge pages where the system grants them.
 * False: no memory.
 */
bool arena_allocate(const struct memory *memory, struct arena *arena);

/* `memory` as for arena_allocate. */
void arena_free(const struct memory *memory, struct arena *arena);

/* The row stride for rows of n floats: whole cache lines, never a multiple of 4 KiB. */
size_t padded_stride(size_t n);

#endif
