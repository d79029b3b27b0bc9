/* constants.h - the numbers that scalar and SIMD kernels share, so that their results agree */
#ifndef VIT_KERNELS_CONSTANTS_H
#define VIT_KERNELS_CONSTANTS_H

#ifdef __FAST_MATH__
#error "the numeric contract needs IEEE arithmetic: compile without -ffast-math"
#endif

#include <stddef.h>

#include "kernels/unroll.h"
#include "vit/kernels.h"

#define LANES 16 /* partial sums of a row, at every level: docs/numerics.md */

/*
 * exp(x): n = round(x/ln 2), r = x − n·ln 2 in two parts, exp(r) = 1 + (r + r²·P(r)), times
 * 2ⁿ. P is the minimax fit of degree 4 over |r| ≤ ln 2/2; 2^-26.4 relative error before rounding.
 */
#define EXP_LOG2E  1.44269502f
#define EXP_LN2_HI 0.693147182f
#define EXP_LN2_LO (-1.90465421e-09f) /* ln 2 − EXP_LN2_HI */
#define EXP_ROUND  0x1.8p23f          /* adding and subtracting it rounds to an integer */
#define EXP_MIN    -110.0f            /* below -103.98 the result is 0 */
#define EXP_MAX    89.0f              /* above 88.73 it is infinite */
static const float exp_poly[] = { 0.5f, 0.166665763f, 0.0416668542f, 0.00836320035f,
                                  0.00139013096f };

/*
 * Φ(−a) = exp(−a²/2)·R(a) for a ≥ 0, R(a) = Q(w), w = (a − 3)/(a + 3): Q is the minimax fit of
 * degree 9 for a ≤ 15, with the PHI_CENTER that fits best: 2^-26.4 relative error before rounding.
 * The variable is that of Shepherd & Laframboise 1981 (Math. Comp. 36, 249-253).
 */
#define PHI_CENTER 3.0f
static const float phi_poly[] = { 0.121513948f,     -0.206402615f,    0.123225056f,
                                  -0.0462132357f,   0.00613181107f,   0.00290421373f,
                                  -0.000982822385f, -0.000338545971f, 0.000114504612f,
                                  5.26764525e-05f };

/* |x|·f underflows to 0 from here on: larger arguments are clamped, or ∞·0 would give NaN. */
#define GELU_MAX       15.0f
#define GELU_TANH_MAX  12.0f
#define GELU_QUICK_MAX 70.0f
#define SILU_MAX       110.0f

#define GELU_TANH_1    1.59576917f   /* 2·√(2/π): x/2·(1 + tanh(u)) = x·sigmoid(2u) */
#define GELU_TANH_3    0.0713548139f /* 2·√(2/π)·0.044715 */
#define GELU_QUICK     1.702f

#define TANH_MAX       10.0f /* above 9.01 tanh rounds to 1 */

#define EXPM1_MIN      -20.0f /* below -17.33 exp(x) - 1 rounds to -1 */

#define SELU_SCALE     1.05070099f /* λ, and λ·α, of the fixed point (0, 1) of mean and variance */
#define SELU_NEGATIVE  1.75809934f

/*
 * ln(1 + u) = u − s·(u − s²·P(s²)) for 0 ≤ u ≤ 1, s = u/(2 + u): the series of 2·atanh(s). P is the
 * minimax fit of degree 4; 2^-33 relative error before rounding.
 */
static const float log1p_poly[] = { 0.666666746f, 0.39998889f, 0.286166161f, 0.214305371f,
                                    0.242903277f };
#define SOFTPLUS_MAX   0x1p60f  /* times the least a it is 2^10, times the largest 2^110 */
#define EXCESS_MAX     0x1p-18f /* half an ulp of the numbers from 64 to 128 */

#define SOFTSIGN_MAX   0x1p60f /* from 2^25 on x/(1 + |x|) rounds to 1 */

#define TANHSHRINK_MAX 55.0f /* exp(-2x) is 0 from 52 on */

/* x − tanh(x) = x³·P(x²) for |x| ≤ 1: the minimax fit of degree 8; 2^-31 before rounding. */
static const float tanhshrink_poly[] = { 0.333333343f,   -0.13333331f,     0.0539675988f,
                                         -0.0218625832f, 0.00882627815f,   -0.00347844511f,
                                         0.00124222622f, -0.000337731792f, 4.84775446e-05f };

#endif
