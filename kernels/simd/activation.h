/* activation.h - activations over vec.h; kernels/scalar/rows.h explains them */
#ifndef VIT_KERNELS_SIMD_ACTIVATION_H
#define VIT_KERNELS_SIMD_ACTIVATION_H

#include "kernels/simd/exp.h"

/* One input vector of an activation with its arguments. */
struct v_operands {
    vec x, a, b, weight;
};

static inline vec v_positive_part(vec x)
{
    return v_max(v_set(0.0f), x);
}

static inline vec v_magnitude(vec x, float max)
{
    return v_min(v_set(max), v_abs(x));
}

static inline vec v_activation_gelu(struct v_operands o)
{
    const vec x = o.x;
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

/* x·sigmoid(y) where y has the sign of x; a = |x|, minus_y = −|y| + excess of rounding */
static inline vec v_times_sigmoid(vec x, vec a, vec minus_y, vec excess)
{
    const vec e = v_exp_rounded(minus_y, excess);
    return v_fnma(a, v_div(e, v_add(v_set(1.0f), e)), v_positive_part(x));
}

static inline vec v_activation_gelu_tanh(struct v_operands o)
{
    const vec x = o.x, a = v_magnitude(x, GELU_TANH_MAX);
    const vec factor = v_fma(v_set(GELU_TANH_3), v_mul(a, a), v_set(GELU_TANH_1));
    return v_times_sigmoid(x, a, v_fnma(a, factor, v_set(0.0f)), v_set(0.0f));
}

static inline vec v_activation_gelu_quick(struct v_operands o)
{
    const vec x = o.x, a = v_magnitude(x, GELU_QUICK_MAX);
    const vec y = v_mul(v_set(-GELU_QUICK), a);
    return v_times_sigmoid(x, a, y, v_fma(v_set(GELU_QUICK), a, y));
}

static inline vec v_activation_silu(struct v_operands o)
{
    const vec x = o.x, a = v_magnitude(x, SILU_MAX);
    return v_times_sigmoid(x, a, v_sub(v_set(0.0f), a), v_set(0.0f));
}

static inline vec v_activation_tanh(struct v_operands o)
{
    const vec one = v_set(1.0f);
    vec high;
    const vec n = v_exp_power(v_mul(v_set(-2.0f), v_magnitude(o.x, TANH_MAX)), &high);
    const vec q = v_expm1_reduced(v_fma(n, v_set(-EXP_LN2_LO), high));
    const vec s = v_scale_by_power(one, n);
    return v_copysign(v_div(v_fnma(q, s, v_sub(one, s)), v_fma(q, s, v_add(one, s))), o.x);
}

static inline vec v_activation_identity(struct v_operands o)
{
    return o.x;
}

static inline vec v_activation_relu(struct v_operands o)
{
    return v_positive_part(o.x);
}

static inline vec v_activation_exp(struct v_operands o)
{
    return v_exponential(o.x);
}

static inline vec v_activation_leaky_relu(struct v_operands o)
{
    return v_select_le(o.x, v_set(0.0f), v_mul(o.a, o.x), o.x);
}

static inline vec v_activation_threshold(struct v_operands o)
{
    return v_select_le(o.x, o.a, o.b, o.x);
}

static inline vec v_activation_prelu(struct v_operands o)
{
    return v_select_le(o.x, v_set(0.0f), v_mul(o.weight, o.x), o.x);
}

static inline vec v_activate(enum vit_activation f, struct v_operands o)
{
#define CASE(IDENTIFIER, name, value, args, weights)                                               \
    case VIT_ACTIVATION_##IDENTIFIER:                                                              \
        return v_activation_##name(o);
    switch (f) {
        VIT_ACTIVATION_LIST(CASE)
    }
#undef CASE
    return o.x;
}

#endif
