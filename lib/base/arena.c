/* arena.c - the memory of a model's weights and of a context's activations */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>
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

bool arena_allocate(struct arena *arena)
{
    const size_t align = arena->used >= HUGE_PAGE ? HUGE_PAGE : LINE;

    if (arena->overflow || arena->used > SIZE_MAX - align)
        return false;
    arena->bytes = (arena->used + align - 1) / align * align;
    arena->base = aligned_alloc(align, arena->bytes ? arena->bytes : align);
    if (!arena->base)
        return false;
    arena->used = 0;
#ifdef MADV_HUGEPAGE
    if (align == HUGE_PAGE)
        madvise(arena->base, arena->bytes, MADV_HUGEPAGE); /* advice only: failure is harmless */
#endif
    return true;
}

void arena_free(struct arena *arena)
{
    free(arena->base);
    *arena = (struct arena){ 0 };
}

size_t padded_stride(size_t n)
{
    const size_t line = LINE / sizeof(float), page = 4096 / sizeof(float);
    const size_t stride = (n + line - 1) / line * line;
    return stride % page ? stride : stride + line;
}
