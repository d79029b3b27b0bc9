/* exp.h - the exponential of the numeric contract, one number at a time */
#ifndef VIT_KERNELS_SCALAR_EXP_H
#define VIT_KERNELS_SCALAR_EXP_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/constants.h"

/* 2ⁿ for −126 ≤ n ≤ 127 */
static inline float power_of_two(int n)
{
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* n of exp(x) = 2ⁿ·exp(r) */
static inline float exp_power(float x)
{
    return fmaf(x, EXP_LOG2E, EXP_ROUND) - EXP_ROUND;
}

static inline float exp_remainder(float x, float n)
{
    return fmaf(n, -EXP_LN2_LO, fmaf(n, -EXP_LN2_HI, x));
}

/* exp(r) − 1 for |r| ≤ ln 2/2 */
static inline float expm1_reduced(float r)
{
    float p = exp_poly[4];
    for (int i = 3; i >= 0; i--)
        p = fmaf(p, r, exp_poly[i]);
    return fmaf(r * r, p, r);
}

/*
 * exp(x − excess) for x ≤ EXP_MAX, where excess is what rounding added to x. Within 1.1 ulp of the
 * true value over all floats for excess = 0, subnormal results included: check/oracle.c.
 */
static inline float exp_rounded(float x, float excess)
{
    x = EXP_MIN > x ? EXP_MIN : x; /* in this order NaN stays NaN */
    if (x != x)
        return x;
    const float n = exp_power(x);
    const float e = expm1_reduced(exp_remainder(x, n) - excess) + 1.0f;

    const int half =
        (int)n >> 1; /* two factors: 2ⁿ alone underflows where the result is subnormal */
    return e * power_of_two(half) * power_of_two((int)n - half);
}

/* exp(x) over the whole range */
static inline float exponential(float x)
{
    return exp_rounded(EXP_MAX < x ? EXP_MAX : x, 0.0f);
}

#endif
