/* roofs.h - the bandwidths of the caches and of memory, and how large operands from memory are */
#ifndef VIT_MEASURE_KINDS_ROOFS_H
#define VIT_MEASURE_KINDS_ROOFS_H

#include <stddef.h>

#include "vit/kernels.h"

/* The bandwidth of reading a cache, or memory. */
struct roof {
    const char *name; /* "L1", "L2", "L3", "memory" */
    double bytes_per_s;
};
enum { MAX_ROOFS = 4 };

/*
 * Measures them with so many threads. Each reads its own half of a core's share of L1 and L2; of L3
 * all threads together read a quarter, since others use it too. The maximum of a few measurements,
 * and no less than that of the next cache, which short reads may not reach. L3 is left out where it
 * is unknown or too small to hold what does not fit in L2. Returns their number; 0: no memory.
 */
size_t roofs_measure(size_t threads, struct roof roofs[MAX_ROOFS]);

/*
 * Operands of so many bytes that are used in turn come from memory: four times the largest cache,
 * all of L3 once for each thread as far as there are several, or the shares of all threads' cores,
 * because caches do not always evict what was used longest ago; at least 64 MiB.
 */
double roofs_cold_bytes(size_t threads);

/* The same for cores with such caches, whose processors have so many L3 caches. */
double roofs_cold_of(const struct vit_caches *caches, size_t last_caches, size_t threads);

#endif
