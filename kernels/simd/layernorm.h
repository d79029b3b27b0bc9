/* layernorm.h - LayerNorm of one row over vec.h; in place allowed */
#ifndef VIT_SIMD_LAYERNORM_H
#define VIT_SIMD_LAYERNORM_H

#include <math.h>

static float row_sum(size_t n, const float *x)
{
    vec sum = v_set(0.0f);
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        sum = v_add(sum, v_load(x + i));
    if (i < n)
        sum = v_add(sum, v_load_tail(x + i, n - i));
    return v_sum(sum);
}

static void layernorm(size_t n, const float *x, const float *gamma, const float *beta, float eps,
                      float *y)
{
    const vec zero = v_set(0.0f);
    const vec mean = v_set(row_sum(n, x) / (float)n);
    vec squares = zero;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        const vec d = v_sub(v_load(x + i), mean);
        squares = v_fma(d, d, squares);
    }
    if (i < n) { /* lanes past the row must add nothing; 0 − mean would */
        const vec d = v_head(v_sub(v_load_tail(x + i, n - i), mean), n - i, zero);
        squares = v_fma(d, d, squares);
    }
    const vec rstd = v_set(1.0f / sqrtf(v_sum(squares) / (float)n + eps));

    for (i = 0; i + LANES <= n; i += LANES) {
        const vec d = v_mul(v_sub(v_load(x + i), mean), rstd);
        v_store(y + i, v_fma(d, v_load(gamma + i), v_load(beta + i)));
    }
    if (i < n) {
        const vec d = v_mul(v_sub(v_load_tail(x + i, n - i), mean), rstd);
        const vec g = v_load_tail(gamma + i, n - i);
        v_store_tail(y + i, v_fma(d, g, v_load_tail(beta + i, n - i)), n - i);
    }
}

#endif
