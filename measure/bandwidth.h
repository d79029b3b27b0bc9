/* bandwidth.h - how fast memory can be read and copied: the limit of memory-bound kernels */
#ifndef VIT_MEASURE_BANDWIDTH_H
#define VIT_MEASURE_BANDWIDTH_H

#include <stddef.h>

/*
 * Bytes per second over the memory that a kernel uses, and so from the same cache: the maximum of a
 * few bursts, each thread over a part of its own. x and y are aligned to a cache line; `bytes` is
 * not 0.
 */

/* Reads x, by a sum or by the additions of the widest vectors here, whichever is faster. */
double bandwidth_read(const void *x, size_t bytes, size_t threads);

/* Copies x to y, by memcpy or a loop, whichever is faster; counts bytes read and bytes written. */
double bandwidth_copy(const void *x, void *y, size_t bytes, size_t threads);

#endif
