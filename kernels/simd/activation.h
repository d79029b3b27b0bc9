/* activation.h - activations over vec.h; kernels/scalar/rows.h explains them */
#ifndef VIT_KERNELS_SIMD_ACTIVATION_H
#define VIT_KERNELS_SIMD_ACTIVATION_H

#include "kernels/simd/exp.h"

/* The arguments of an activation of several vectors. */
struct v_operands {
    vec a, b, weight[VECTORS];
};

static inline vec v_positive_part(vec x)
{
    return v_max(v_set(0.0f), x);
}

static inline vec v_magnitude(vec x, float max)
{
    return v_min(v_set(max), v_abs(x));
}

/* Each activation computes `count` vectors in place. */

ALWAYS_INLINE void v_activation_gelu(size_t count, vec *x, const struct v_operands *o)
{
    const vec center = v_set(PHI_CENTER);
    vec a[VECTORS], w[VECTORS], q[VECTORS], e[VECTORS], excess[VECTORS];

    (void)o;
    EACH a[j] = v_magnitude(x[j], GELU_MAX);
    EACH w[j] = v_div(v_sub(a[j], center), v_add(a[j], center));
    EACH q[j] = v_set(phi_poly[9]);
    UNROLL
    for (int i = 8; i >= 0; i--)
        EACH q[j] = v_fma(q[j], w[j], v_set(phi_poly[i]));

    EACH w[j] = v_mul(v_set(-0.5f), a[j]);
    EACH e[j] = v_mul(a[j], w[j]);
    EACH excess[j] = v_fnma(a[j], w[j], e[j]);
    v_exp_rounded(count, e, excess);
    EACH x[j] = v_fnma(a[j], v_mul(q[j], e[j]), v_positive_part(x[j]));
}

/* x·sigmoid(y) where y has the sign of x; a = |x|, e = −|y| + excess of rounding */
ALWAYS_INLINE void v_times_sigmoid(size_t count, vec *x, const vec *a, vec *e, const vec *excess)
{
    v_exp_rounded(count, e, excess);
    EACH e[j] = v_div(e[j], v_add(v_set(1.0f), e[j]));
    EACH x[j] = v_fnma(a[j], e[j], v_positive_part(x[j]));
}

ALWAYS_INLINE void v_activation_gelu_tanh(size_t count, vec *x, const struct v_operands *o)
{
    vec a[VECTORS], y[VECTORS];

    (void)o;
    EACH a[j] = v_magnitude(x[j], GELU_TANH_MAX);
    EACH y[j] = v_fma(v_set(GELU_TANH_3), v_mul(a[j], a[j]), v_set(GELU_TANH_1));
    EACH y[j] = v_fnma(a[j], y[j], v_set(0.0f));
    v_times_sigmoid(count, x, a, y, NULL);
}

ALWAYS_INLINE void v_activation_gelu_quick(size_t count, vec *x, const struct v_operands *o)
{
    vec a[VECTORS], y[VECTORS], excess[VECTORS];

    (void)o;
    EACH a[j] = v_magnitude(x[j], GELU_QUICK_MAX);
    EACH y[j] = v_mul(v_set(-GELU_QUICK), a[j]);
    EACH excess[j] = v_fma(v_set(GELU_QUICK), a[j], y[j]);
    v_times_sigmoid(count, x, a, y, excess);
}

ALWAYS_INLINE void v_activation_silu(size_t count, vec *x, const struct v_operands *o)
{
    vec a[VECTORS], y[VECTORS];

    (void)o;
    EACH a[j] = v_magnitude(x[j], SILU_MAX);
    EACH y[j] = v_sub(v_set(0.0f), a[j]);
    v_times_sigmoid(count, x, a, y, NULL);
}

ALWAYS_INLINE void v_activation_tanh(size_t count, vec *x, const struct v_operands *o)
{
    const vec one = v_set(1.0f);
    vec n[VECTORS], shifted[VECTORS], q[VECTORS], s[VECTORS];

    (void)o;
    EACH s[j] = v_mul(v_set(-2.0f), v_magnitude(x[j], TANH_MAX));
    v_exp_power(count, s, n, shifted, q);
    v_expm1_reduced(count, q);
    EACH s[j] = v_scale_by_power(one, n[j], shifted[j]);
    EACH n[j] = v_fnma(q[j], s[j], v_sub(one, s[j]));
    EACH q[j] = v_fma(q[j], s[j], v_add(one, s[j]));
    EACH x[j] = v_copysign(v_div(n[j], q[j]), x[j]);
}

ALWAYS_INLINE void v_activation_identity(size_t count, vec *x, const struct v_operands *o)
{
    (void)count, (void)x, (void)o;
}

ALWAYS_INLINE void v_activation_relu(size_t count, vec *x, const struct v_operands *o)
{
    (void)o;
    EACH x[j] = v_positive_part(x[j]);
}

ALWAYS_INLINE void v_activation_exp(size_t count, vec *x, const struct v_operands *o)
{
    (void)o;
    v_exponential(count, x);
}

ALWAYS_INLINE void v_activation_leaky_relu(size_t count, vec *x, const struct v_operands *o)
{
    EACH x[j] = v_select_le(x[j], v_set(0.0f), v_mul(o->a, x[j]), x[j]);
}

ALWAYS_INLINE void v_activation_threshold(size_t count, vec *x, const struct v_operands *o)
{
    EACH x[j] = v_select_le(x[j], o->a, o->b, x[j]);
}

ALWAYS_INLINE void v_activation_prelu(size_t count, vec *x, const struct v_operands *o)
{
    EACH x[j] = v_select_le(x[j], v_set(0.0f), v_mul(o->weight[j], x[j]), x[j]);
}

#undef EACH

#endif
