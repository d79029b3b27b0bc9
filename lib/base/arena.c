/* arena.c - the memory of a model's weights and of a context's activations */
#include "base/arena.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/checked.h"

#define LINE      64                /* bytes of a cache line */
#define HUGE_PAGE ((size_t)2 << 20) /* bytes; with other page sizes the advice is less effective */

void *arena_bytes(struct arena *arena, size_t bytes)
{
    const size_t start = arena->used;

    if (bytes > SIZE_MAX - start - LINE) {
        arena->overflow = true;
        return NULL;
    }
    arena->used = (start + bytes + LINE - 1) / LINE * LINE;
    return arena->base ? arena->base + start : NULL;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;

    if (!checked_mul(count, size, &bytes)) {
        arena->overflow = true;
        return NULL;
    }
    return arena_bytes(arena, bytes);
}

static size_t alignment_of(const struct arena *arena)
{
    return arena->used >= HUGE_PAGE ? HUGE_PAGE : LINE;
}

size_t arena_measured(const struct arena *arena)
{
    const size_t align = alignment_of(arena), used = arena->used ? arena->used : 1;

    if (arena->overflow || used > SIZE_MAX - align)
        return 0;
    return (used + align - 1) / align * align;
}

bool arena_allocate(const struct memory *memory, struct arena *arena)
{
    const size_t align = alignment_of(arena), bytes = arena_measured(arena);

    arena->base = bytes > 0 ? memory_aligned(memory, align, bytes) : NULL;
    if (!arena->base)
        return false;
    arena->bytes = bytes;
    arena->used = 0;
#ifdef MADV_HUGEPAGE
    if (align == HUGE_PAGE && !memory->allocate)
        madvise(arena->base, arena->bytes, MADV_HUGEPAGE); /* advice only: failure is harmless */
#endif
    return true;
}

void arena_free(const struct memory *memory, struct arena *arena)
{
    memory_release(memory, arena->base, arena->bytes);
    *arena = (struct arena){ 0 };
}

size_t padded_stride(size_t n)
{
    const size_t line = LINE / sizeof(float), page = 4096 / sizeof(float);
    const size_t stride = (n + line - 1) / line * line;
    return stride % page ? stride : stride + line;
}
