/* softmax.h - row softmax over vec.h; in place allowed */
#ifndef VIT_SIMD_SOFTMAX_H
#define VIT_SIMD_SOFTMAX_H

#include <math.h>

#include "kernels/simd/exp.h"

static float row_max(size_t n, const float *x)
{
    const vec lowest = v_set(-INFINITY);
    vec max = lowest;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        max = v_max(v_load(x + i), max); /* in this order a NaN is passed over */
    if (i < n)
        max = v_max(v_head(v_load_tail(x + i, n - i), n - i, lowest), max);
    return v_max_lane(max);
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
