/* rows.h - LayerNorm, softmax and activations of a row: the reference for all other levels */
#ifndef VIT_KERNELS_SCALAR_ROWS_H
#define VIT_KERNELS_SCALAR_ROWS_H

#include <math.h>

#include "kernels/layernorm.h"
#include "kernels/scalar/exp.h"

/* The tree of the numeric contract. */
static float sum_lanes(float lane[LANES])
{
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

/* y = gamma·z + beta of the normalized z */
static float affine(const struct vit_layernorm_args *args, size_t i, float z)
{
    return fmaf(z, args->gamma ? args->gamma[i] : 1.0f, args->beta ? args->beta[i] : 0.0f);
}

static void layernorm_row(const struct vit_layernorm_args *args, const float *x, float *y)
{
    const size_t n = args->n;
    float lane[LANES] = { 0 };
    for (size_t i = 0; i < n; i++)
        lane[i % LANES] += x[i];
    const float mean = sum_lanes(lane) / (float)n;

    float squares[LANES] = { 0 };
    memset(lane, 0, sizeof lane);
    for (size_t i = 0; i < n; i++) {
        const float d = x[i] - mean;
        lane[i % LANES] += d;
        squares[i % LANES] = fmaf(d, d, squares[i % LANES]);
    }
    const float c = sum_lanes(lane) / (float)n;
    const float rstd = layernorm_rstd(sum_lanes(squares) / (float)n, c, args->eps);

    for (size_t i = 0; i < n; i++)
        y[i] = affine(args, i, (x[i] - mean - c) * rstd);
}

static void rmsnorm_row(const struct vit_layernorm_args *args, const float *x, float *y)
{
    const size_t n = args->n;
    float squares[LANES] = { 0 };
    for (size_t i = 0; i < n; i++)
        squares[i % LANES] = fmaf(x[i], x[i], squares[i % LANES]);
    const float rstd = layernorm_rstd(sum_lanes(squares) / (float)n, 0.0f, args->eps);

    for (size_t i = 0; i < n; i++)
        y[i] = affine(args, i, x[i] * rstd);
}

static void layernorm(const struct vit_layernorm_args *args)
{
    for (size_t r = 0; args->n > 0 && r < args->rows; r++) {
        const float *const x = args->x + r * args->ldx;
        float *const y = args->y + r * args->ldy;
        if (args->no_mean)
            rmsnorm_row(args, x, y);
        else
            layernorm_row(args, x, y);
    }
}

static float exp_sub_max_row(size_t n, const float *x, float *y)
{
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        max = x[i] > max ? x[i] : max;

    float lane[LANES] = { 0 };
    for (size_t i = 0; i < n; i++) {
        y[i] = exp_rounded(x[i] - max, 0.0f);
        lane[i % LANES] += y[i];
    }
    return sum_lanes(lane);
}

static void exp_sub_max(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                        float *sums)
{
    for (size_t r = 0; r < rows; r++)
        sums[r] = n > 0 ? exp_sub_max_row(n, x + r * ldx, y + r * ldy) : 0.0f;
}

static void softmax(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy)
{
    for (size_t r = 0; n > 0 && r < rows; r++) {
        const float scale = 1.0f / exp_sub_max_row(n, x + r * ldx, y + r * ldy);
        for (size_t i = 0; i < n; i++)
            y[r * ldy + i] *= scale;
    }
}

/*
 * max(0, x) that keeps −0. Without the test of the sign, clang 14 for arm64 turns the comparison
 * into an instruction that returns +0.
 */
static float positive_part(float x)
{
    return signbit(x) && x < 0.0f ? 0.0f : x;
}

/* In this order NaN stays NaN. */
static float at_least(float low, float x)
{
    return low > x ? low : x;
}

static float at_most(float high, float x)
{
    return high < x ? high : x;
}

static float clamp(float x, float low, float high)
{
    return at_most(high, at_least(low, x));
}

static float magnitude(float x, float max)
{
    return at_most(max, fabsf(x));
}

/*
 * GELU, its approximations and SiLU are all x·f(x) with f(x) + f(−x) = 1, so that with a = |x|
 *     x·f(x) = max(x, 0) − a·f(−a):
 * neither side cancels, so the relative error stays small for every x. Bounds in ulp over all
 * floats, and over the narrower range that matters to a network, from check/oracle.c:
 *     gelu 16, 4.5 from -4 up; gelu_tanh 214, 7.6 from -2 up; gelu_quick 48, 4.5 from -4 up;
 *     silu 53, 3.2 from -87 up; relu 0.
 * Those of the others stand in docs/numerics.md.
 */

/* One input of an activation with its arguments. */
struct operands {
    float x, a, b, weight;
};

static float activation_gelu(struct operands o)
{
    const float x = o.x;
    const float a = magnitude(x, GELU_MAX);
    const float w = (a - PHI_CENTER) / (a + PHI_CENTER);
    float q = phi_poly[9];
    for (int i = 8; i >= 0; i--)
        q = fmaf(q, w, phi_poly[i]);

    const float half = -0.5f * a, exponent = a * half;
    /* at a = 13 the exponent's rounding error alone is 2^-19 */
    const float e = exp_rounded(exponent, fmaf(-a, half, exponent));
    return fmaf(-a, q * e, positive_part(x));
}

/* x·sigmoid(y) where y has the sign of x; a = |x|, minus_y = −|y| + excess of rounding */
static float times_sigmoid(float x, float a, float minus_y, float excess)
{
    const float e = exp_rounded(minus_y, excess);
    return fmaf(-a, e / (1.0f + e), positive_part(x));
}

static float activation_gelu_tanh(struct operands o)
{
    const float x = o.x, a = magnitude(x, GELU_TANH_MAX);
    return times_sigmoid(x, a, -(a * fmaf(GELU_TANH_3, a * a, GELU_TANH_1)), 0.0f);
}

static float activation_gelu_quick(struct operands o)
{
    const float x = o.x, a = magnitude(x, GELU_QUICK_MAX);
    const float y = -GELU_QUICK * a;
    return times_sigmoid(x, a, y, fmaf(GELU_QUICK, a, y));
}

static float activation_silu(struct operands o)
{
    const float x = o.x, a = magnitude(x, SILU_MAX);
    return times_sigmoid(x, a, -a, 0.0f);
}

/*
 * tanh(a) = (1 − e)/(1 + e), e = exp(−2a) = s + q·s with s = 2ⁿ and q = exp(r) − 1. Computing 1 − e
 * as (1 − s) − q·s avoids cancellation: for n = 0 it is −q, and for smaller n 1 − s is at least 1/2
 * and |q·s| at most 0.21. Within 2 ulp over all floats, odd, never above 1: check/oracle.c.
 */
static float activation_tanh(struct operands o)
{
    const float y = -2.0f * magnitude(o.x, TANH_MAX);
    if (y != y)
        return y;
    const float n = exp_power(y), q = expm1_reduced(exp_remainder(y, n));
    const float s = power_of_two((int)n);
    return copysignf(fmaf(-q, s, 1.0f - s) / fmaf(q, s, 1.0f + s), o.x);
}

static float activation_identity(struct operands o)
{
    return o.x;
}

static float activation_relu(struct operands o)
{
    return positive_part(o.x);
}

static float activation_exp(struct operands o)
{
    return exponential(o.x);
}

static float activation_leaky_relu(struct operands o)
{
    return o.x <= 0.0f ? o.a * o.x : o.x;
}

static float activation_threshold(struct operands o)
{
    return o.x <= o.a ? o.b : o.x;
}

static float activation_prelu(struct operands o)
{
    return o.x <= 0.0f ? o.weight * o.x : o.x;
}

/*
 * exp(min(x, 0)) − 1, as (2ⁿ − 1) + q·2ⁿ: for n = 0 it is q, and for smaller n nothing cancels.
 */
static float expm1_negative(float x)
{
    const float y = clamp(x, EXPM1_MIN, 0.0f);
    if (y != y)
        return y;
    const float n = exp_power(y), q = expm1_reduced(exp_remainder(y, n));
    const float s = power_of_two((int)n);
    return fmaf(q, s, s - 1.0f);
}

static float activation_elu(struct operands o)
{
    return o.x <= 0.0f ? o.a * expm1_negative(o.x) : o.x;
}

static float activation_celu(struct operands o)
{
    return o.x <= 0.0f ? o.a * expm1_negative(o.x / o.a) : o.x;
}

static float activation_selu(struct operands o)
{
    return o.x <= 0.0f ? SELU_NEGATIVE * expm1_negative(o.x) : SELU_SCALE * o.x;
}

/* exp(−|x|) */
static float exp_minus_magnitude(float x)
{
    return exp_rounded(-magnitude(x, SILU_MAX), 0.0f);
}

static float activation_sigmoid(struct operands o)
{
    const float e = exp_minus_magnitude(o.x);
    return (o.x <= 0.0f ? e : 1.0f) / (1.0f + e);
}

/* ln(1 + u) for 0 ≤ u ≤ 1 */
static float log1p_unit(float u)
{
    const float s = u / (2.0f + u), z = s * s;
    float p = log1p_poly[4];
    for (int i = 3; i >= 0; i--)
        p = fmaf(p, z, log1p_poly[i]);
    return fmaf(-s, fmaf(-z, p, u), u);
}

/* min(x, 0) − ln(1 + exp(−|x|)): both have one sign. */
static float activation_log_sigmoid(struct operands o)
{
    return at_most(0.0f, o.x) - log1p_unit(exp_minus_magnitude(o.x));
}

/* max(x, 0) + ln(1 + exp(−a·|x|))/a */
static float activation_softplus(struct operands o)
{
    const float x = o.x, m = magnitude(x, SOFTPLUS_MAX), y = -o.a * m;
    const float excess = clamp(fmaf(o.a, m, y), -EXCESS_MAX, EXCESS_MAX);
    const float l = log1p_unit(exp_rounded(clamp(y, EXP_MIN, 0.0f), excess)) / o.a;
    return o.a * x <= o.b ? positive_part(x) + l : x;
}

/*
 * tanh(ln(1 + eˣ)) = w/(w + 2) with w = eˣ·(eˣ + 2). For x > 0 both are divided by e²ˣ, so that
 * nothing overflows: with e = exp(−|x|), (1 + 2e)/(1 + 2e + 2e²).
 */
static float activation_mish(struct operands o)
{
    const float x = o.x, e = exp_minus_magnitude(x);
    const float w = x <= 0.0f ? e * (e + 2.0f) : fmaf(2.0f, e, 1.0f);
    const float d = x <= 0.0f ? w + 2.0f : fmaf(2.0f * e, e, w);
    return at_least(-SILU_MAX, x) * (w / d);
}

static float activation_softsign(struct operands o)
{
    const float a = magnitude(o.x, SOFTSIGN_MAX);
    return copysignf(a / (1.0f + a), o.x);
}

/* By a polynomial up to 1; above, x − 1 + 2e/(1 + e), e = exp(−2x), which cancels nothing. */
static float activation_tanhshrink(struct operands o)
{
    const float a = fabsf(o.x);
    if (a <= 1.0f) {
        const float z = a * a;
        float p = tanhshrink_poly[8];
        for (int i = 7; i >= 0; i--)
            p = fmaf(p, z, tanhshrink_poly[i]);
        return copysignf(a * z * p, o.x);
    }
    const float e = exp_rounded(-2.0f * magnitude(a, TANHSHRINK_MAX), 0.0f);
    return copysignf(fmaf(2.0f, e / (1.0f + e), a - 1.0f), o.x);
}

static float activation_hardtanh(struct operands o)
{
    return clamp(o.x, o.a, o.b);
}

/* min(x + 3, 6)/6 for x ≥ −3 */
static float hardsigmoid_above(float x)
{
    return at_most(6.0f, x + 3.0f) / 6.0f;
}

static float activation_hardsigmoid(struct operands o)
{
    return hardsigmoid_above(at_least(-3.0f, o.x));
}

static float activation_hardswish(struct operands o)
{
    const float x = at_least(-3.0f, o.x); /* or −∞·0 would give NaN */
    return x * hardsigmoid_above(x);
}

static float activation_hardshrink(struct operands o)
{
    return fabsf(o.x) <= o.a ? 0.0f : o.x;
}

static float activation_softshrink(struct operands o)
{
    return fabsf(o.x) <= o.a ? 0.0f : o.x - copysignf(o.a, o.x);
}

static float activate(enum vit_activation f, struct operands o)
{
#define CASE(IDENTIFIER, name, value, args, weights)                                               \
    case VIT_ACTIVATION_##IDENTIFIER:                                                              \
        return activation_##name(o);
    switch (f) {
        VIT_ACTIVATION_LIST(CASE)
    }
#undef CASE
    return o.x;
}

#endif
