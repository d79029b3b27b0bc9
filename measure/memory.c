/* memory.c - the memory of operands, laid out like the library's own, and how much there may be */
#include "measure/memory.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LINE = 64, PAGE = 4096, HUGE_PAGE = 2 << 20 }; /* bytes */

void *memory_allocate(size_t bytes)
{
    const size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : LINE;
    const size_t whole = (bytes ? bytes + align - 1 : align) / align * align;
    void *const memory = aligned_alloc(align, whole);

#ifdef MADV_HUGEPAGE
    if (memory && align == HUGE_PAGE)
        madvise(memory, whole, MADV_HUGEPAGE); /* advice only: failure is harmless */
#endif
    return memory;
}

float *memory_floats(size_t rows, size_t n)
{
    return memory_allocate(rows * n * sizeof(float));
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + LINE - 1) / LINE * LINE;
}

void *memory_block(size_t count, const size_t *bytes, void **parts)
{
    size_t total = 0;

    for (size_t i = 0; i < count; i++)
        total += whole_lines(bytes[i]);
    char *const block = memory_allocate(total);
    if (!block)
        return NULL;
    total = 0;
    for (size_t i = 0; i < count; i++) {
        parts[i] = block + total;
        total += whole_lines(bytes[i]);
    }
    return block;
}

size_t memory_stride(size_t n)
{
    const size_t line = LINE / sizeof(float);
    const size_t stride = (n + line - 1) / line * line;
    return stride % (PAGE / sizeof(float)) ? stride : stride + line;
}

double memory_limit(void)
{
    const double unknown = 2.0 * (1u << 31);

#ifdef _SC_PHYS_PAGES
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0)
        return 0.5 * (double)pages * (double)page;
#endif
    return unknown;
}
