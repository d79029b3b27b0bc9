/* measure.h - a benchmark: prepared when its turn comes, checked, timed between its yardsticks */
#ifndef VIT_BENCH_MEASURE_H
#define VIT_BENCH_MEASURE_H

#include <stddef.h>

#include "vit/kernels.h"

struct topic;

struct bench {
    const struct topic *topic;
    const struct vit_kernels *level;
    const void *shape; /* of the topic's own kind */
    size_t threads;
    /* of one iteration; 0 where it does not apply */
    double operations; /* a multiply-add being two: gives GFLOP_per_s, peak_share */
    double bytes;      /* read and written: gives GB_per_s, bandwidth_share */
    double elements;   /* gives ns_per_element */
    double images;     /* gives ms_per_image */
};

/* A kind of benchmark. What can fail returns NULL, or why it did. */
struct topic {
    /* *work is allocated and filled; a failure may leave it half made, for `release` */
    const char *(*prepare)(const struct bench *bench, void **work);
    /* what is timed, once an iteration */
    void (*run)(void *work);
    /* after one run: that its result has scalar's bits, on a bounded number of rows (sample.h) */
    const char *(*check)(void *work);
    /* bytes a second that the memory of this work allows; NULL where bench.bytes is 0 */
    double (*bandwidth)(void *work);
    void (*release)(void *work); /* NULL is allowed */
};

/*
 * Registers a benchmark under a name such as "avx512/matmul/vit_b/qkv"; both structs are copied,
 * the shape is of shape_size bytes. Ends the program if there is no memory for that.
 *
 * Its clock is the thread's CPU time, so that what else the machine does is no part of a kernel's
 * speed; with several threads it is real time. Times are medians of stretches of a millisecond or
 * one iteration. Shares are medians too, of segments of some 30 ms, each between the peak or the
 * bandwidth measured just before and just after it. Google Benchmark's own columns are means.
 */
void measure_add(const char *name, const struct bench *bench, const void *shape, size_t shape_size);

/* Frees everything that measure_add and the benchmarks left. */
void measure_finish(void);

#endif
