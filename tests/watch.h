/* watch.h - what the library asks of the system: allocations, and OpenMP regions */
#ifndef VIT_TESTS_WATCH_H
#define VIT_TESTS_WATCH_H

#include <stddef.h>

/* How many there have been so far in this process; 0 if the wrappers are not linked in. */
size_t watched_allocations(void);
size_t watched_regions(void);

#endif
