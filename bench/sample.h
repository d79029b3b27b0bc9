/* sample.h - the input of benchmarks, and the rows of their result that are compared with scalar */
#ifndef VIT_BENCH_SAMPLE_H
#define VIT_BENCH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>

/* Uniform in ±1, the same every time; no operation on these gives a NaN. */
void fill_uniform(size_t count, float *x);

/*
 * Scalar does a billion multiply-adds in some seconds, so of many rows only SAMPLES parts of
 * SAMPLE_ROWS are compared: the first, the middle, the last. No micro-kernel's tile has more rows,
 * and rows do not depend on one another.
 */
enum { SAMPLES = 3, SAMPLE_ROWS = 16, MOST_SAMPLE_ROWS = SAMPLES * SAMPLE_ROWS };

/*
 * The first row and the number of rows of part i < SAMPLES: at most MOST_SAMPLE_ROWS, when rows are
 * so few that one part has them all and the others none.
 */
struct sample {
    size_t first, count;
};
struct sample sample_of(size_t rows, size_t i);

/* Whether `rows` rows of n floats are the same bits; row strides ld. */
bool same_rows(size_t rows, size_t n, const float *a, size_t lda, const float *b, size_t ldb);

extern const char no_memory[];        /* "no memory" */
extern const char not_scalars_bits[]; /* what a check says that fails */

#endif
