/* operands.h - the input of measurements, and the sample of rows that is compared with scalar */
#ifndef VIT_MEASURE_KINDS_OPERANDS_H
#define VIT_MEASURE_KINDS_OPERANDS_H

#include <stdbool.h>
#include <stddef.h>

/* Uniform in ±1, always the same numbers; no operation on them gives NaN. */
void fill_uniform(size_t count, float *x);

/*
 * Scalar takes seconds for a billion multiply-adds, so of many rows only SAMPLES parts of
 * SAMPLE_ROWS are compared: the first, the middle and the last. That covers every position in a
 * tile, since no tile has more rows and rows do not depend on each other.
 */
enum { SAMPLES = 3, SAMPLE_ROWS = 16, MAX_SAMPLE_ROWS = SAMPLES * SAMPLE_ROWS };

/*
 * Part i < SAMPLES of the rows. If there are at most MAX_SAMPLE_ROWS, part 0 has all of them and
 * the other parts are empty.
 */
struct sample {
    size_t first, count;
};
struct sample sample_of(size_t rows, size_t i);

/* Whether `rows` rows of n floats have the same bits; row strides lda and ldb. */
bool same_rows(size_t rows, size_t n, const float *a, size_t lda, const float *b, size_t ldb);

extern const char no_memory[];           /* "no memory" */
extern const char differs_from_scalar[]; /* the message of a failed check */

#endif
