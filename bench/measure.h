/* measure.h - work as a benchmark of Google Benchmark */
#ifndef VIT_BENCH_MEASURE_H
#define VIT_BENCH_MEASURE_H

#include "measure/kinds/kinds.h"

/*
 * Registers a benchmark under a name such as "avx512/matmul/vit_b/qkv". Copies the struct; the
 * subject must outlive the benchmarks. Exits if there is no memory.
 *
 * Times are medians over stretches. Shares are medians over segments, relative to the peak or the
 * bandwidth measured just before and just after each (measure/kinds/timing.h). Google Benchmark's
 * own columns are means.
 */
void measure_add(const char *name, const struct bench *bench);

/* Frees everything that measure_add and the benchmarks allocated. */
void measure_finish(void);

#endif
