/* alloc_counter.h - counts the library's allocations and OpenMP regions */
#ifndef VIT_TESTS_ALLOC_COUNTER_H
#define VIT_TESTS_ALLOC_COUNTER_H

#include <stddef.h>

/* The number so far in this process; 0 if the wrappers are not linked. */
size_t watched_allocations(void);
size_t watched_bytes(void); /* that these allocations asked for */
size_t watched_regions(void);

#endif
