/* softmax.h - softmax over vec.h, several vectors at a time; in place allowed */
#ifndef VIT_KERNELS_SIMD_SOFTMAX_H
#define VIT_KERNELS_SIMD_SOFTMAX_H

#include <math.h>

#include "kernels/simd/exp.h"

/*
 * VECTORS vectors at a time are one of each of several rows if there are several rows. On Zen 5,
 * with four exp takes 7 % less time than with one, and a row of 197 numbers among four rows 17 %
 * less than alone; on Zen 4, two and four differ by at most 2 %.
 */

/*
 * The maximum of each row; rows is 1 or VECTORS. Between +0 and −0 it may differ from scalar's:
 * then x − max differs at most in the sign of a zero, whose exp is 1 either way.
 */
ALWAYS_INLINE void row_maxima(size_t rows, size_t n, const float *x, size_t ldx,
                              vec maxima[VECTORS])
{
    const size_t columns = VECTORS / rows; /* vectors of a row at a time */
    const vec lowest = v_set(-INFINITY);
    vec max[VECTORS];
    size_t i = 0;

    UNROLL
    for (size_t j = 0; j < VECTORS; j++)
        max[j] = lowest;
    for (; i + columns * LANES <= n; i += columns * LANES)
        UNROLL
    for (size_t j = 0; j < VECTORS; j++) { /* in this order NaN is ignored */
        const float *source = x + j / columns * ldx + i + j % columns * LANES;
        max[j] = v_max(v_load(source), max[j]);
    }
    for (; columns > 1 && i + LANES <= n; i += LANES) /* if there is one row */
        max[0] = v_max(v_load(x + i), max[0]);
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        vec m = max[r * columns];
        UNROLL
        for (size_t j = 1; j < columns; j++)
            m = v_max(m, max[r * columns + j]);
        if (i < n)
            m = v_max(v_head(v_load_tail(x + r * ldx + i, n - i), n - i, lowest), m);
        maxima[r] = v_set(v_max_lane(m));
    }
}

/* y = exp(x − max) and its sum, of each row; rows is a constant, 1 or VECTORS. */
ALWAYS_INLINE void exp_rows(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                            float *sums)
{
    const size_t columns = VECTORS / rows;
    vec max[VECTORS], sum[VECTORS];
    size_t i = 0;

    row_maxima(rows, n, x, ldx, max);
    UNROLL
    for (size_t r = 0; r < rows; r++)
        sum[r] = v_set(0.0f);
    for (; i + columns * LANES <= n; i += columns * LANES) {
        vec e[VECTORS];
        UNROLL
        for (size_t j = 0; j < VECTORS; j++)
            e[j] = v_sub(v_load(x + j / columns * ldx + i + j % columns * LANES), max[j / columns]);
        v_exp(VECTORS, e);
        UNROLL
        for (size_t j = 0; j < VECTORS; j++) {
            v_store(y + j / columns * ldy + i + j % columns * LANES, e[j]);
            sum[j / columns] = v_add(sum[j / columns], e[j]);
        }
    }
    for (; columns > 1 && i + LANES <= n; i += LANES) {
        vec e = v_sub(v_load(x + i), max[0]);
        v_exp(1, &e);
        v_store(y + i, e);
        sum[0] = v_add(sum[0], e);
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) {
        if (i < n) {
            vec e = v_sub(v_load_tail(x + r * ldx + i, n - i), max[r]);
            v_exp(1, &e);
            v_store_tail(y + r * ldy + i, e, n - i);
            sum[r] = v_add(sum[r], v_head(e, n - i, v_set(0.0f)));
        }
        sums[r] = v_sum(sum[r]);
    }
}

static void exp_sub_max(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                        float *sums)
{
    size_t i = 0;

    for (; n == 0 && i < rows; i++)
        sums[i] = 0.0f;
    for (; i + VECTORS <= rows; i += VECTORS)
        exp_rows(VECTORS, n, x + i * ldx, ldx, y + i * ldy, ldy, sums + i);
    for (; i < rows; i++)
        exp_rows(1, n, x + i * ldx, ldx, y + i * ldy, ldy, sums + i);
}

static void scale_row(size_t n, float *y, float factor)
{
    const vec scale = v_set(factor);
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        v_store(y + i, v_mul(v_load(y + i), scale));
    if (i < n)
        v_store_tail(y + i, v_mul(v_load_tail(y + i, n - i), scale), n - i);
}

static void softmax(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy)
{
    for (size_t i = 0; n > 0 && i < rows; i += VECTORS) {
        const size_t some = rows - i < VECTORS ? rows - i : VECTORS;
        float sums[VECTORS];

        exp_sub_max(some, n, x + i * ldx, ldx, y + i * ldy, ldy, sums);
        for (size_t r = 0; r < some; r++)
            scale_row(n, y + (i + r) * ldy, 1.0f / sums[r]);
    }
}

#endif
