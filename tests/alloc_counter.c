/* alloc_counter.c - counts the library's allocations and OpenMP regions */
#include "alloc_counter.h"

#include <stdatomic.h>

/* The linker redirects the library's calls to these wrappers: WRAP in tests/Makefile.inc. */
static atomic_size_t allocations, allocated, regions;

#define WRAP(type, name, parameters, arguments, size)                                              \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        atomic_fetch_add(&allocations, 1);                                                         \
        atomic_fetch_add(&allocated, size);                                                        \
        return __real_##name arguments;                                                            \
    }
WRAP(void *, malloc, (size_t bytes), (bytes), bytes)
WRAP(void *, calloc, (size_t count, size_t bytes), (count, bytes), count *bytes)
WRAP(void *, realloc, (void *old, size_t bytes), (old, bytes), bytes)
WRAP(void *, aligned_alloc, (size_t align, size_t bytes), (align, bytes), bytes)

#ifdef _OPENMP
void __real_GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
void __wrap_GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags);
void __wrap_GOMP_parallel(void (*body)(void *), void *data, unsigned threads, unsigned flags)
{
    atomic_fetch_add(&regions, 1);
    __real_GOMP_parallel(body, data, threads, flags);
}
#endif

size_t watched_allocations(void)
{
    return atomic_load(&allocations);
}

size_t watched_bytes(void)
{
    return atomic_load(&allocated);
}

size_t watched_regions(void)
{
    return atomic_load(&regions);
}
