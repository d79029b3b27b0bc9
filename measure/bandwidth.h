/* bandwidth.h - how fast memory can be read and copied: the limit of memory-bound kernels */
#ifndef VIT_MEASURE_BANDWIDTH_H
#define VIT_MEASURE_BANDWIDTH_H

#include <stddef.h>

/* Memory that a kernel reads and perhaps writes, aligned to a cache line. */
struct stream {
    const void *x; /* read */
    void *y;       /* written; NULL: x is only read */
    size_t bytes;  /* of x, and of y; not 0 */
};

/*
 * Bytes read and written per second over the memory that a kernel uses, and so from the same cache:
 * the maximum of a few bursts, each thread over a part of its own. The streams are used in turn,
 * from number `first` on.
 *   read  by a sum, or by the additions of the widest vectors here, whichever is faster
 *   copy  by memcpy or a loop, whichever is faster
 */
double bandwidth_measure(const struct stream *streams, size_t count, size_t first, size_t threads);

#endif
