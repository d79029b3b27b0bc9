/* measure.h - prepares, checks and times a benchmark, and measures the limits of the machine */
#ifndef VIT_BENCH_MEASURE_H
#define VIT_BENCH_MEASURE_H

#include <stddef.h>

#include "vit/kernels.h"

struct benchmark_kind;

struct bench {
    const struct benchmark_kind *kind;
    const struct vit_kernels *level;
    const void *shape; /* of the kind's type */
    size_t threads;
    /* of one iteration; 0 where it does not apply */
    double operations; /* a multiply-add counts as two: gives GFLOP_per_s, peak_share */
    double bytes;      /* read and written: gives GB_per_s, bandwidth_share */
    double elements;   /* gives ns_per_element */
    double images;     /* gives ms_per_image */
};

/* A kind of benchmark. Functions that can fail return NULL, or the reason of the failure. */
struct benchmark_kind {
    /* allocates and fills *work; after a failure it may be incomplete, and `release` frees it */
    const char *(*prepare)(const struct bench *bench, void **work);
    /* one iteration, which is timed */
    void (*run)(void *work);
    /* after one run: compares samples of its result with scalar's bits (sample.h) */
    const char *(*check)(void *work);
    /* the bandwidth of the memory of this work in bytes per second; NULL if bench.bytes is 0 */
    double (*bandwidth)(void *work);
    void (*release)(void *work); /* NULL is allowed */
};

/*
 * Registers a benchmark under a name such as "avx512/matmul/vit_b/qkv". Copies both structs; the
 * shape has shape_size bytes. Exits if there is no memory.
 *
 * The clock is the thread's CPU time, so that other processes do not count; with several threads it
 * is real time. Times are medians over stretches of a millisecond or one iteration. Shares are
 * medians over segments of some 30 ms, relative to the peak or the bandwidth measured just before
 * and just after each segment. Google Benchmark's own columns are means.
 */
void measure_add(const char *name, const struct bench *bench, const void *shape, size_t shape_size);

/* Frees everything that measure_add and the benchmarks allocated. */
void measure_finish(void);

#endif
