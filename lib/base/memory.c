/* memory.c - where a model's or a context's memory comes from: hooks, or the C library */
#include "base/memory.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

const struct memory memory_of_c = { NULL, NULL, NULL };

void *memory_aligned(const struct memory *memory, size_t alignment, size_t bytes)
{
    return memory->allocate ? memory->allocate(memory->user, alignment, bytes)
                            : aligned_alloc(alignment, bytes);
}

void *memory_zeroed(const struct memory *memory, size_t count, size_t size)
{
    size_t bytes;

    if (!memory->allocate)
        return calloc(count, size);
    if (!checked_mul(count, size, &bytes))
        return NULL;
    void *const block = memory->allocate(memory->user, alignof(max_align_t), bytes);
    return block ? memset(block, 0, bytes) : NULL;
}

void memory_release(const struct memory *memory, void *block, size_t bytes)
{
    if (!memory->allocate)
        free(block);
    else if (block)
        memory->release(memory->user, block, bytes);
}
