/* bandwidth.h - how fast memory can be read and copied: the limit of memory-bound kernels */
#ifndef VIT_BENCH_BANDWIDTH_H
#define VIT_BENCH_BANDWIDTH_H

#include <stddef.h>

/*
 * Bytes per second of one thread over the memory that a kernel uses, and so from the same cache:
 * the maximum of a few bursts. x and y are aligned to a cache line. `bytes` is much more than a few
 * cache lines, because the last few may be left out.
 */

/* The sum of x. */
double bandwidth_read(const void *x, size_t bytes);

/* Copies x to y, by memcpy or a loop, whichever is faster; counts bytes read and bytes written. */
double bandwidth_copy(const void *x, void *y, size_t bytes);

#endif
