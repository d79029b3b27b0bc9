/* bandwidth.h - how fast memory can be read and copied, as a yardstick beside a kernel */
#ifndef VIT_BENCH_BANDWIDTH_H
#define VIT_BENCH_BANDWIDTH_H

#include <stddef.h>

/*
 * Bytes a second of one thread over the very memory that a kernel works on, so in the same cache:
 * the best of a few bursts. x and y are aligned to a cache line; `bytes`, of which less than a
 * cache line's worth for each of a few streams may be left out, is far more than that.
 */

/* A plain sum of x. */
double bandwidth_read(const void *x, size_t bytes);

/* x to y, bytes read and bytes written counted alike: the C library's memcpy or a plain loop. */
double bandwidth_copy(const void *x, void *y, size_t bytes);

#endif
