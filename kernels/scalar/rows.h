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

static void layernorm_row(size_t n, const float *x, const float *gamma, const float *beta,
                          float eps, float *y)
{
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
    const float rstd = layernorm_rstd(sum_lanes(squares) / (float)n, c, eps);

    for (size_t i = 0; i < n; i++)
        y[i] = fmaf((x[i] - mean - c) * rstd, gamma[i], beta[i]);
}

static void layernorm(const struct vit_layernorm_args *args)
{
    for (size_t r = 0; args->n > 0 && r < args->rows; r++)
        layernorm_row(args->n, args->x + r * args->ldx, args->gamma, args->beta, args->eps,
                      args->y + r * args->ldy);
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

static float magnitude(float x, float max)
{
    const float a = fabsf(x);
    return max < a ? max : a;
}

/*
 * GELU, its approximations and SiLU are all x·f(x) with f(x) + f(−x) = 1, so that with a = |x|
 *     x·f(x) = max(x, 0) − a·f(−a):
 * neither side cancels, so the relative error stays small for every x. Bounds in ulp over all
 * floats, and over the narrower range that matters to a network, from check/oracle.c:
 *     gelu 16, 4.5 from -4 up; gelu_tanh 214, 7.6 from -2 up; gelu_quick 48, 4.5 from -4 up;
 *     silu 53, 3.2 from -87 up; relu 0.
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
