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

static inline vec v_clamp(vec x, float low, float high)
{
    return v_min(v_set(high), v_max(v_set(low), x));
}

/* exp(min(x, 0)) − 1 */
ALWAYS_INLINE void v_expm1_negative(size_t count, vec *x)
{
    vec n[VECTORS], shifted[VECTORS], q[VECTORS], s[VECTORS];

    EACH s[j] = v_clamp(x[j], EXPM1_MIN, 0.0f);
    v_exp_power(count, s, n, shifted, q);
    v_expm1_reduced(count, q);
    EACH s[j] = v_scale_by_power(v_set(1.0f), n[j], shifted[j]);
    EACH x[j] = v_fma(q[j], s[j], v_sub(s[j], v_set(1.0f)));
}

/* x ≤ 0 ? factor·(exp(y) − 1) : positive; y is computed in place */
ALWAYS_INLINE void v_exponential_unit(size_t count, vec *x, vec *y, vec factor, const vec *positive)
{
    v_expm1_negative(count, y);
    EACH x[j] = v_select_le(x[j], v_set(0.0f), v_mul(factor, y[j]), positive[j]);
}

ALWAYS_INLINE void v_activation_elu(size_t count, vec *x, const struct v_operands *o)
{
    vec y[VECTORS];

    EACH y[j] = x[j];
    v_exponential_unit(count, x, y, o->a, x);
}

ALWAYS_INLINE void v_activation_celu(size_t count, vec *x, const struct v_operands *o)
{
    vec y[VECTORS];

    EACH y[j] = v_div(x[j], o->a);
    v_exponential_unit(count, x, y, o->a, x);
}

ALWAYS_INLINE void v_activation_selu(size_t count, vec *x, const struct v_operands *o)
{
    vec y[VECTORS], positive[VECTORS];

    (void)o;
    EACH y[j] = x[j];
    EACH positive[j] = v_mul(v_set(SELU_SCALE), x[j]);
    v_exponential_unit(count, x, y, v_set(SELU_NEGATIVE), positive);
}

/* exp(−|x|) */
ALWAYS_INLINE void v_exp_minus_magnitude(size_t count, const vec *x, vec *e)
{
    EACH e[j] = v_sub(v_set(0.0f), v_magnitude(x[j], SILU_MAX));
    v_exp_rounded(count, e, NULL);
}

ALWAYS_INLINE void v_activation_sigmoid(size_t count, vec *x, const struct v_operands *o)
{
    vec e[VECTORS];

    (void)o;
    v_exp_minus_magnitude(count, x, e);
    EACH x[j] = v_select_le(x[j], v_set(0.0f), e[j], v_set(1.0f));
    EACH x[j] = v_div(x[j], v_add(v_set(1.0f), e[j]));
}

/* ln(1 + u) for 0 ≤ u ≤ 1 */
ALWAYS_INLINE void v_log1p_unit(size_t count, vec *u)
{
    vec s[VECTORS], z[VECTORS], p[VECTORS];

    EACH s[j] = v_div(u[j], v_add(v_set(2.0f), u[j]));
    EACH z[j] = v_mul(s[j], s[j]);
    EACH p[j] = v_set(log1p_poly[4]);
    UNROLL
    for (int i = 3; i >= 0; i--)
        EACH p[j] = v_fma(p[j], z[j], v_set(log1p_poly[i]));
    EACH p[j] = v_fnma(z[j], p[j], u[j]);
    EACH u[j] = v_fnma(s[j], p[j], u[j]);
}

ALWAYS_INLINE void v_activation_log_sigmoid(size_t count, vec *x, const struct v_operands *o)
{
    vec e[VECTORS];

    (void)o;
    v_exp_minus_magnitude(count, x, e);
    v_log1p_unit(count, e);
    EACH x[j] = v_sub(v_min(v_set(0.0f), x[j]), e[j]);
}

ALWAYS_INLINE void v_activation_softplus(size_t count, vec *x, const struct v_operands *o)
{
    const vec minus_a = v_sub(v_set(0.0f), o->a);
    vec m[VECTORS], y[VECTORS], excess[VECTORS];

    EACH m[j] = v_magnitude(x[j], SOFTPLUS_MAX);
    EACH y[j] = v_mul(minus_a, m[j]);
    EACH excess[j] = v_clamp(v_fma(o->a, m[j], y[j]), -EXCESS_MAX, EXCESS_MAX);
    EACH y[j] = v_clamp(y[j], EXP_MIN, 0.0f);
    v_exp_rounded(count, y, excess);
    v_log1p_unit(count, y);
    EACH y[j] = v_add(v_positive_part(x[j]), v_div(y[j], o->a));
    EACH x[j] = v_select_le(v_mul(o->a, x[j]), o->b, y[j], x[j]);
}

ALWAYS_INLINE void v_activation_mish(size_t count, vec *x, const struct v_operands *o)
{
    const vec zero = v_set(0.0f), two = v_set(2.0f);
    vec e[VECTORS], w[VECTORS], d[VECTORS];

    (void)o;
    v_exp_minus_magnitude(count, x, e);
    EACH w[j] =
        v_select_le(x[j], zero, v_mul(e[j], v_add(e[j], two)), v_fma(two, e[j], v_set(1.0f)));
    EACH d[j] = v_select_le(x[j], zero, v_add(w[j], two), v_fma(v_mul(two, e[j]), e[j], w[j]));
    EACH x[j] = v_mul(v_max(v_set(-SILU_MAX), x[j]), v_div(w[j], d[j]));
}

ALWAYS_INLINE void v_activation_softsign(size_t count, vec *x, const struct v_operands *o)
{
    vec a[VECTORS];

    (void)o;
    EACH a[j] = v_magnitude(x[j], SOFTSIGN_MAX);
    EACH x[j] = v_copysign(v_div(a[j], v_add(v_set(1.0f), a[j])), x[j]);
}

ALWAYS_INLINE void v_activation_tanhshrink(size_t count, vec *x, const struct v_operands *o)
{
    const vec one = v_set(1.0f);
    vec a[VECTORS], z[VECTORS], p[VECTORS], e[VECTORS];

    (void)o;
    EACH a[j] = v_abs(x[j]);
    EACH z[j] = v_mul(a[j], a[j]);
    EACH p[j] = v_set(tanhshrink_poly[8]);
    UNROLL
    for (int i = 7; i >= 0; i--)
        EACH p[j] = v_fma(p[j], z[j], v_set(tanhshrink_poly[i]));
    EACH p[j] = v_mul(v_mul(a[j], z[j]), p[j]);

    EACH e[j] = v_mul(v_set(-2.0f), v_magnitude(x[j], TANHSHRINK_MAX));
    v_exp_rounded(count, e, NULL);
    EACH e[j] = v_fma(v_set(2.0f), v_div(e[j], v_add(one, e[j])), v_sub(a[j], one));
    EACH x[j] = v_copysign(v_select_le(a[j], one, p[j], e[j]), x[j]);
}

ALWAYS_INLINE void v_activation_hardtanh(size_t count, vec *x, const struct v_operands *o)
{
    EACH x[j] = v_min(o->b, v_max(o->a, x[j]));
}

/* min(x + 3, 6)/6 for x ≥ −3 */
static inline vec v_hardsigmoid_above(vec x)
{
    return v_div(v_min(v_set(6.0f), v_add(x, v_set(3.0f))), v_set(6.0f));
}

ALWAYS_INLINE void v_activation_hardsigmoid(size_t count, vec *x, const struct v_operands *o)
{
    (void)o;
    EACH x[j] = v_hardsigmoid_above(v_max(v_set(-3.0f), x[j]));
}

ALWAYS_INLINE void v_activation_hardswish(size_t count, vec *x, const struct v_operands *o)
{
    (void)o;
    EACH x[j] = v_max(v_set(-3.0f), x[j]);
    EACH x[j] = v_mul(x[j], v_hardsigmoid_above(x[j]));
}

ALWAYS_INLINE void v_activation_hardshrink(size_t count, vec *x, const struct v_operands *o)
{
    EACH x[j] = v_select_le(v_abs(x[j]), o->a, v_set(0.0f), x[j]);
}

ALWAYS_INLINE void v_activation_softshrink(size_t count, vec *x, const struct v_operands *o)
{
    EACH x[j] = v_select_le(v_abs(x[j]), o->a, v_set(0.0f), v_sub(x[j], v_copysign(o->a, x[j])));
}

#undef EACH

#endif
