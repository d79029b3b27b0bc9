/* softmax.h - softmax over vec.h, one row after the other; in place allowed */
#ifndef VIT_KERNELS_SIMD_SOFTMAX_H
#define VIT_KERNELS_SIMD_SOFTMAX_H

#include <math.h>

#include "kernels/simd/exp.h"
#include "kernels/simd/lanes.h"

/*
 * VECTORS vectors of one row at a time: rows in memory are then one stream to read and one to
 * write, which hardware prefetches from one row to the next. VECTORS rows at a time are as many
 * streams of a row's length, most of which end before prefetching has begun.
 *
 * A maximum and a sum wait for the last of a chain of dependent operations. The passes over rows
 * are in an order in which the next one does not depend on it, so that the CPU begins it meanwhile.
 *
 * Rows below SHORT_ROW have too few vectors for both. VECTORS of them, which are near each other in
 * memory, are computed at a time, one vector of each.
 */
#define SHORT_ROW 128

/*
 * The maximum of a row in every lane. Between +0 and −0 it may differ from scalar's: then x − max
 * differs at most in the sign of a zero, whose exp is 1 either way.
 */
ALWAYS_INLINE vec row_max(size_t n, const float *x)
{
    const vec lowest = v_set(-INFINITY);
    vec max[VECTORS];
    size_t i = to_line(x);

    if (n < LANES)
        return v_set(v_max_lane(v_max(v_head(v_load_tail(x, n), n, lowest), lowest)));
    /* in this order NaN is ignored */
    max[0] = v_max(v_load(x), lowest);
    max[1] = v_max(v_load(x + n - LANES), lowest);
    UNROLL
    for (size_t j = 2; j < VECTORS; j++)
        max[j] = lowest;
    for (; i + VECTORS * LANES <= n; i += VECTORS * LANES)
        UNROLL
    for (size_t j = 0; j < VECTORS; j++)
        max[j] = v_max(v_load(x + i + j * LANES), max[j]);
    for (; i + LANES < n; i += LANES)
        max[0] = v_max(v_load(x + i), max[0]);
    UNROLL
    for (size_t j = 1; j < VECTORS; j++)
        max[0] = v_max(max[0], max[j]);
    return v_set(v_max_lane(max[0]));
}

/* y = exp(x − max) of `count` whole vectors; their sum is added to `sum`. */
ALWAYS_INLINE vec exp_vectors(size_t count, const float *x, vec max, float *y, vec sum)
{
    vec e[VECTORS];

    UNROLL
    for (size_t j = 0; j < count; j++)
        e[j] = v_sub(v_load(x + j * LANES), max);
    v_exp(count, e);
    UNROLL
    for (size_t j = 0; j < count; j++) {
        v_store(y + j * LANES, e[j]);
        sum = v_add(sum, e[j]);
    }
    return sum;
}

/* The same for the last n < 16 numbers of a row */
ALWAYS_INLINE vec exp_of_tail(size_t n, const float *x, vec max, float *y, vec sum)
{
    vec e = v_sub(v_load_tail(x, n), max);

    v_exp(1, &e);
    v_store_tail(y, e, n);
    return v_add(sum, v_head(e, n, v_set(0.0f)));
}

/* y = exp(x − max) of a row; returns its sum. */
ALWAYS_INLINE float exp_of_row(size_t n, const float *x, vec max, float *y)
{
    vec sum = v_set(0.0f);
    size_t i = 0;

    for (; i + VECTORS * LANES <= n; i += VECTORS * LANES)
        sum = exp_vectors(VECTORS, x + i, max, y + i, sum);
    if (i + 2 * LANES <= n) {
        sum = exp_vectors(2, x + i, max, y + i, sum);
        i += 2 * LANES;
    }
    if (i + LANES <= n) {
        sum = exp_vectors(1, x + i, max, y + i, sum);
        i += LANES;
    }
    if (i < n)
        sum = exp_of_tail(n - i, x + i, max, y + i, sum);
    return v_sum(sum);
}

/*
 * The same for VECTORS rows, one vector of each at a time. Inlined, it takes registers from the
 * loop over longer rows.
 */
__attribute__((noinline)) static void exp_of_rows(size_t n, const float *x, size_t ldx, float *y,
                                                  size_t ldy, float *sums)
{
    const vec lowest = v_set(-INFINITY), zero = v_set(0.0f);
    vec max[VECTORS], sum[VECTORS], e[VECTORS];
    size_t i = 0;

    UNROLL
    for (size_t r = 0; r < VECTORS; r++)
        max[r] = lowest;
    for (; i + LANES <= n; i += LANES)
        UNROLL
    for (size_t r = 0; r < VECTORS; r++)
        max[r] = v_max(v_load(x + r * ldx + i), max[r]);
    UNROLL
    for (size_t r = 0; r < VECTORS; r++) {
        if (i < n)
            max[r] = v_max(v_head(v_load_tail(x + r * ldx + i, n - i), n - i, lowest), max[r]);
        max[r] = v_set(v_max_lane(max[r]));
        sum[r] = zero;
    }
    for (i = 0; i + LANES <= n; i += LANES) {
        UNROLL
        for (size_t r = 0; r < VECTORS; r++)
            e[r] = v_sub(v_load(x + r * ldx + i), max[r]);
        v_exp(VECTORS, e);
        UNROLL
        for (size_t r = 0; r < VECTORS; r++) {
            v_store(y + r * ldy + i, e[r]);
            sum[r] = v_add(sum[r], e[r]);
        }
    }
    UNROLL
    for (size_t r = 0; r < VECTORS; r++) {
        if (i < n)
            sum[r] = exp_of_tail(n - i, x + r * ldx + i, max[r], y + r * ldy + i, sum[r]);
        sums[r] = v_sum(sum[r]);
    }
}

static void exp_sub_max(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                        float *sums)
{
    vec max, next = v_set(0.0f);
    size_t i = 0;

    for (; n == 0 && i < rows; i++)
        sums[i] = 0.0f;
    for (; n < SHORT_ROW && i + VECTORS <= rows; i += VECTORS)
        exp_of_rows(n, x + i * ldx, ldx, y + i * ldy, ldy, sums + i);
    if (i < rows)
        next = row_max(n, x + i * ldx);
    for (; i < rows; i++) {
        max = next;
        if (i + 1 < rows)
            next = row_max(n, x + (i + 1) * ldx);
        sums[i] = exp_of_row(n, x + i * ldx, max, y + i * ldy);
    }
}

/* The first and the last vector may overlap the others, so all are read before they are stored. */
static void scale_row(size_t n, float *y, float factor)
{
    const vec scale = v_set(factor);

    if (n < LANES) {
        v_store_tail(y, v_mul(v_load_tail(y, n), scale), n);
        return;
    }
    const vec first = v_mul(v_load(y), scale), last = v_mul(v_load(y + n - LANES), scale);
    for (size_t i = to_line(y); i + LANES < n; i += LANES)
        v_store(y + i, v_mul(v_load(y + i), scale));
    v_store(y, first);
    v_store(y + n - LANES, last);
}

static void softmax(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy)
{
    float sums[VECTORS] = { 1.0f };
    size_t i = 0;

    if (n == 0)
        return;
    for (; n < SHORT_ROW && i + VECTORS <= rows; i += VECTORS) {
        exp_of_rows(n, x + i * ldx, ldx, y + i * ldy, ldy, sums);
        for (size_t r = 0; r < VECTORS; r++)
            scale_row(n, y + (i + r) * ldy, 1.0f / sums[r]);
    }
    for (size_t first = i; i < rows; i++) {
        const vec max = row_max(n, x + i * ldx);
        if (i > first)
            scale_row(n, y + (i - 1) * ldy, 1.0f / sums[0]);
        sums[0] = exp_of_row(n, x + i * ldx, max, y + i * ldy);
        if (i + 1 == rows)
            scale_row(n, y + i * ldy, 1.0f / sums[0]);
    }
}

#endif
