/* softmax.h - row softmax over vec.h; in place allowed */
#ifndef VIT_SIMD_SOFTMAX_H
#define VIT_SIMD_SOFTMAX_H

#include <math.h>

#include "kernels/simd/exp.h"

/*
 * Four maxima at once, or each would wait for the one before. Of +0 and −0 they may keep the other
 * one than scalar does: x − max then differs in the sign of a zero at most, whose exp is 1.
 */
static float row_max(size_t n, const float *x)
{
    const vec lowest = v_set(-INFINITY);
    vec max[4] = { lowest, lowest, lowest, lowest };
    size_t i = 0;

    for (; i + 4 * LANES <= n; i += 4 * LANES)
        UNROLL
    for (size_t j = 0; j < 4; j++)
        max[j] = v_max(v_load(x + i + j * LANES), max[j]); /* in this order a NaN is passed over */
    for (; i + LANES <= n; i += LANES)
        max[0] = v_max(v_load(x + i), max[0]);
    if (i < n)
        max[1] = v_max(v_head(v_load_tail(x + i, n - i), n - i, lowest), max[1]);
    return v_max_lane(v_max(v_max(max[0], max[1]), v_max(max[2], max[3])));
}

static float softmax_exp(size_t n, const float *x, float *y)
{
    const vec max = v_set(row_max(n, x));
    vec sum = v_set(0.0f);
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        const vec e = v_exp(v_sub(v_load(x + i), max));
        v_store(y + i, e);
        sum = v_add(sum, e);
    }
    if (i < n) {
        const vec e = v_exp(v_sub(v_load_tail(x + i, n - i), max));
        v_store_tail(y + i, e, n - i);
        sum = v_add(sum, v_head(e, n - i, v_set(0.0f)));
    }
    return v_sum(sum);
}

static void softmax(size_t n, const float *x, float *y)
{
    const vec scale = v_set(1.0f / softmax_exp(n, x, y));
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        v_store(y + i, v_mul(v_load(y + i), scale));
    if (i < n)
        v_store_tail(y + i, v_mul(v_load_tail(y + i, n - i), scale), n - i);
}

#endif
