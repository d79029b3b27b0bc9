/* last_caches.h - how many caches of level 3 the processors of this process have */
#ifndef VIT_MEASURE_LAST_CACHES_H
#define VIT_MEASURE_LAST_CACHES_H

#include <stdbool.h>
#include <stddef.h>

/* Those of all processors that this process may run on; at least 1. */
size_t last_caches_here(void);

/* Those of processors allowed [count], as the system describes them below `root`; 0: unknown. */
size_t last_caches_of(const char *root, size_t count, const bool *allowed);

#endif
