/* activation.h - activations over vec.h; kernels/scalar/rows.h has the reasons */
#ifndef VIT_KERNELS_SIMD_ACTIVATION_H
#define VIT_KERNELS_SIMD_ACTIVATION_H

#include "kernels/simd/exp.h"

static inline vec v_identity(vec x)
{
    return x;
}

static inline vec v_positive_part(vec x)
{
    return v_max(v_set(0.0f), x);
}

static inline vec v_magnitude(vec x, float max)
{
    return v_min(v_set(max), v_abs(x));
}

static inline vec v_gelu(vec x)
{
    const vec center = v_set(PHI_CENTER);
    const vec a = v_magnitude(x, GELU_MAX);
    const vec w = v_div(v_sub(a, center), v_add(a, center));
    vec q = v_set(phi_poly[9]);
    for (int i = 8; i >= 0; i--)
        q = v_fma(q, w, v_set(phi_poly[i]));

    const vec half = v_mul(v_set(-0.5f), a), exponent = v_mul(a, half);
    const vec e = v_exp_rounded(exponent, v_fnma(a, half, exponent));
    return v_fnma(a, v_mul(q, e), v_positive_part(x));
}

/* x·sigmoid(y), where y has the sign of x; a is |x|, minus_y is −|y| with its excess of rounding */
static inline vec v_times_sigmoid(vec x, vec a, vec minus_y, vec excess)
{
    const vec e = v_exp_rounded(minus_y, excess);
    return v_fnma(a, v_div(e, v_add(v_set(1.0f), e)), v_positive_part(x));
}

static inline vec v_gelu_tanh(vec x)
{
    const vec a = v_magnitude(x, GELU_TANH_MAX);
    const vec factor = v_fma(v_set(GELU_TANH_3), v_mul(a, a), v_set(GELU_TANH_1));
    return v_times_sigmoid(x, a, v_fnma(a, factor, v_set(0.0f)), v_set(0.0f));
}

static inline vec v_gelu_quick(vec x)
{
    const vec a = v_magnitude(x, GELU_QUICK_MAX);
    const vec y = v_mul(v_set(-GELU_QUICK), a);
    return v_times_sigmoid(x, a, y, v_fma(v_set(GELU_QUICK), a, y));
}

static inline vec v_silu(vec x)
{
    const vec a = v_magnitude(x, SILU_MAX);
    return v_times_sigmoid(x, a, v_sub(v_set(0.0f), a), v_set(0.0f));
}

static inline vec v_hyperbolic_tangent(vec x)
{
    const vec one = v_set(1.0f);
    vec high;
    const vec n = v_exp_power(v_mul(v_set(-2.0f), v_magnitude(x, TANH_MAX)), &high);
    const vec q = v_expm1_reduced(v_fma(n, v_set(-EXP_LN2_LO), high));
    const vec s = v_scale_by_power(one, n);
    return v_copysign(v_div(v_fnma(q, s, v_sub(one, s)), v_fma(q, s, v_add(one, s))), x);
}

static inline vec v_activate(enum vit_activation f, vec x)
{
    switch (f) {
    case VIT_ACTIVATION_GELU:
        return v_gelu(x);
    case VIT_ACTIVATION_GELU_TANH:
        return v_gelu_tanh(x);
    case VIT_ACTIVATION_GELU_QUICK:
        return v_gelu_quick(x);
    case VIT_ACTIVATION_RELU:
        return v_positive_part(x);
    case VIT_ACTIVATION_SILU:
        return v_silu(x);
    case VIT_ACTIVATION_EXP:
        return v_exponential(x);
    case VIT_ACTIVATION_TANH:
        return v_hyperbolic_tangent(x);
    default:
        return x;
    }
}

#define ACTIVATION_ROW(f)                                                                          \
    static void f##_row(size_t n, const float *x, float *y)                                        \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (; i + LANES <= n; i += LANES)                                                         \
            v_store(y + i, v_##f(v_load(x + i)));                                                  \
        if (i < n)                                                                                 \
            v_store_tail(y + i, v_##f(v_load_tail(x + i, n - i)), n - i);                          \
    }

ACTIVATION_ROW(identity)
ACTIVATION_ROW(gelu)
ACTIVATION_ROW(gelu_tanh)
ACTIVATION_ROW(gelu_quick)
ACTIVATION_ROW(positive_part)
ACTIVATION_ROW(silu)
ACTIVATION_ROW(exponential)
ACTIVATION_ROW(hyperbolic_tangent)

#endif
