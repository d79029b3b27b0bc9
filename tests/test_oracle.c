/* test_oracle.c - the scalar kernels against the same functions in double precision */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compare.h"
#include "kernels/scalar/exp.h"
#include "tally.h"

/*
 * The largest distance over all floats from low to high, both signs of it, in steps of a prime
 * number of floats: some four million of them over the whole range.
 */
static double worst(float (*function)(float), double (*truth)(double), float low, float high)
{
    const uint32_t step = 509;
    double most = 0.0;
    float where = 0.0f, x;
    size_t count = 0;

    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += step) {
        memcpy(&x, &(uint32_t){ (uint32_t)bits }, sizeof x);
        if (!(x >= low && x <= high))
            continue;
        const double distance = ulps(function(x), truth((double)x));
        count++;
        if (distance > most) {
            most = distance;
            where = x;
        }
    }
    if (getenv("VIT_MEASURE"))
        fprintf(stderr, "%zu floats in [%g, %g]: %.3f ulp at %a\n", count, (double)low,
                (double)high, most, (double)where);
    tally(count);
    return most;
}

static float exp_scalar(float x)
{
    return exp_rounded(x, 0.0f);
}

/* Measured 1.06. */
Test(oracle, exp_is_within_1_1_ulp_over_all_floats_to_0)
{
    cr_assert_lt(worst(exp_scalar, exp, -INFINITY, 0.0f), 1.1);
}

#define ACTIVATION(name, which)                                                                    \
    static float name##_scalar(float x)                                                            \
    {                                                                                              \
        scalar_level()->activation[which](1, &x, &x);                                              \
        return x;                                                                                  \
    }
ACTIVATION(gelu, VIT_GELU)
ACTIVATION(gelu_tanh, VIT_GELU_TANH)
ACTIVATION(gelu_quick, VIT_GELU_QUICK)
ACTIVATION(silu, VIT_SILU)
ACTIVATION(relu, VIT_RELU)

/* The limits at infinity: x for +, −0 for −. */
static double limit(double x, double inside)
{
    return isinf(x) ? (x > 0.0 ? x : -0.0) : inside;
}

static double gelu_truth(double x)
{
    return limit(x, x * 0.5 * erfc(-x / sqrt(2.0)));
}

static double times_sigmoid(double x, double y)
{
    return limit(x, y > 0.0 ? x / (1.0 + exp(-y)) : x * exp(y) / (1.0 + exp(y)));
}

static double gelu_tanh_truth(double x)
{
    return times_sigmoid(x, 2.0 * sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x));
}

static double gelu_quick_truth(double x)
{
    return times_sigmoid(x, 1.702 * x);
}

static double silu_truth(double x)
{
    return times_sigmoid(x, x);
}

static double relu_truth(double x)
{
    return x > 0.0 ? x : 0.0;
}

/*
 * Further down x·f(x) is the product of |x| and a subnormal factor, which is off by half an ulp of
 * its own: |x|/2 ulps of the result, where that is below 2^-120.
 */
Test(oracle, gelu_is_within_4_ulp_where_it_matters)
{
    cr_assert_lt(worst(gelu_scalar, gelu_truth, -4.0f, INFINITY), 4.0);
    cr_assert_lt(worst(gelu_scalar, gelu_truth, -12.9f, INFINITY), 8.0);
    cr_assert_lt(worst(gelu_scalar, gelu_truth, -INFINITY, INFINITY), 11.0);
}

Test(oracle, silu_is_within_3_ulp_while_its_factor_is_normal)
{
    cr_assert_lt(worst(silu_scalar, silu_truth, -87.0f, INFINITY), 3.0);
    cr_assert_lt(worst(silu_scalar, silu_truth, -INFINITY, INFINITY), 53.0);
}

/* 1.702 itself is rounded to a float, which moves the exponent y by |y|·2^-26. */
Test(oracle, gelu_quick_is_within_4_ulp_where_it_matters)
{
    cr_assert_lt(worst(gelu_quick_scalar, gelu_quick_truth, -4.0f, INFINITY), 4.0);
    cr_assert_lt(worst(gelu_quick_scalar, gelu_quick_truth, -51.0f, INFINITY), 30.0);
    cr_assert_lt(worst(gelu_quick_scalar, gelu_quick_truth, -INFINITY, INFINITY), 60.0);
}

/*
 * The exponent y is a cubic of three roundings, off by up to |y|·2^-23: the result by 2·|y|
 * ulps.
 */
Test(oracle, gelu_tanh_is_within_6_ulp_where_it_matters)
{
    cr_assert_lt(worst(gelu_tanh_scalar, gelu_tanh_truth, -2.0f, INFINITY), 6.0);
    cr_assert_lt(worst(gelu_tanh_scalar, gelu_tanh_truth, -INFINITY, INFINITY), 180.0);
}

Test(oracle, relu_is_exact)
{
    cr_assert_eq(worst(relu_scalar, relu_truth, -INFINITY, INFINITY), 0.0);
}

Test(oracle, an_activation_of_nan_is_nan_and_of_infinity_its_limit)
{
    for (enum vit_activation f = VIT_GELU; f < VIT_ACTIVATIONS; f++) {
        float x[] = { NAN, INFINITY, -INFINITY, 0.0f };
        scalar_level()->activation[f](4, x, x);
        cr_assert(isnan(x[0]) && x[1] == INFINITY && x[2] == 0.0f && x[3] == 0.0f, "activation %d",
                  (int)f);
    }
    tally(4 * (VIT_ACTIVATIONS - 1));
}

/*
 * Σ|a·b| of a chain of k multiply-adds bounds its error by k·2^-24·Σ|a·b| (Higham 2002, section
 * 3.1, to first order; one rounding a step).
 */
Test(oracle, matmul_is_within_the_error_bound_of_its_chains)
{
    enum { M = 9, N = 21 };
    static const size_t depths[] = { 1, 2, 7, 64, 197, 768, 3072 };
    static float a[M * 3072], b[N * 3072], packed[24 * 3072], c[M * N];

    for (size_t d = 0; d < sizeof depths / sizeof *depths; d++) {
        const size_t k = depths[d];
        fill_pattern(M * k, a, PATTERN_NORMAL, k);
        fill_pattern(N * k, b, PATTERN_NORMAL, k + 1);
        vit_matmul_pack(scalar_level(), N, k, b, k, 1, packed);
        vit_matmul(scalar_level(), NULL, M, N, k, a, k, packed, c, N, NULL);
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                double sum = 0.0, magnitude = 0.0;
                for (size_t l = 0; l < k; l++) {
                    sum += (double)a[i * k + l] * (double)b[j * k + l];
                    magnitude += fabs((double)a[i * k + l] * (double)b[j * k + l]);
                }
                cr_assert_leq(fabs((double)c[i * N + j] - sum), (double)k * 0x1p-24 * magnitude);
            }
        tally(M * N);
    }
}

/* Each step of the epilogue is one rounding of the exact step. */
Test(oracle, the_epilogue_is_its_steps_in_order)
{
    const float a = 1.5f, b = -0.7f, bias = 0.3f, gamma = 1.1f, residual = -2.25f;
    const struct vit_epilogue e = { .scale = -0.9f,
                                    .bias = &bias,
                                    .activation = VIT_RELU,
                                    .gamma = &gamma,
                                    .residual = &residual,
                                    .ld_residual = 1 };
    float packed[64], c;

    vit_matmul_pack(scalar_level(), 1, 1, &b, 1, 1, packed);
    vit_matmul(scalar_level(), NULL, 1, 1, 1, &a, 1, packed, &c, 1, &e);
    float expected = a * b;
    expected = expected * -0.9f;
    expected = expected + bias;
    expected = expected > 0.0f ? expected : 0.0f;
    expected = expected * gamma;
    expected = expected + residual;
    cr_assert_eq(c, expected);
    tally(1);
}

Test(oracle, a_chain_begins_at_positive_zero)
{
    const float a = 0.0f, b = -1.0f;
    float packed[64], c;

    vit_matmul_pack(scalar_level(), 1, 1, &b, 1, 1, packed);
    vit_matmul(scalar_level(), NULL, 1, 1, 1, &a, 1, packed, &c, 1, NULL);
    cr_assert(c == 0.0f && !signbit(c)); /* fma(0, −1, +0) is +0; from −0 it would be −0 */
    tally(1);
}

/* Lengths of rows; a row's largest |y| in the oracle is what its errors are measured against. */
static const size_t lengths[] = { 1, 2, 3, 16, 17, 64, 197, 768, 4097 };
#define LENGTHS (sizeof lengths / sizeof *lengths)

/* Errors of mean and rstd move the whole row: measured 3.1 ulp of the row's largest, 8 allowed. */
Test(oracle, layernorm_is_within_8_ulp_of_its_rows_largest)
{
    static float x[4097], gamma[4097], beta[4097], y[4097];
    double most = 0.0;

    for (size_t l = 0; l < LENGTHS; l++) {
        const size_t n = lengths[l];
        double mean = 0.0, variance = 0.0, largest = 0.0, error = 0.0;
        fill_pattern(n, x, PATTERN_NORMAL, n);
        fill_pattern(n, gamma, PATTERN_NORMAL, n + 1);
        fill_pattern(n, beta, PATTERN_NORMAL, n + 2);
        scalar_level()->layernorm(n, x, gamma, beta, 1e-6f, y);
        for (size_t i = 0; i < n; i++)
            mean += (double)x[i] / (double)n;
        for (size_t i = 0; i < n; i++)
            variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)n;
        for (size_t i = 0; i < n; i++) {
            const double truth =
                ((double)x[i] - mean) / sqrt(variance + (double)1e-6f) * (double)gamma[i] +
                (double)beta[i];
            largest = fmax(largest, fabs(truth));
            error = fmax(error, fabs((double)y[i] - truth));
        }
        most = fmax(most, error / (largest * 0x1p-23));
        tally(n);
    }
    if (getenv("VIT_MEASURE"))
        fprintf(stderr, "layernorm: %.2f ulp of the row's largest\n", most);
    cr_assert_lt(most, 8.0);
}

/* x − max is rounded once, which moves the exponential by up to |x − max| ulps; 4 for the rest. */
Test(oracle, softmax_is_within_4_ulp_and_what_rounding_the_difference_costs)
{
    static float x[4097], y[4097];

    for (size_t l = 0; l < LENGTHS; l++) {
        const size_t n = lengths[l];
        double max = -INFINITY, sum = 0.0;
        fill_pattern(n, x, PATTERN_NORMAL, n);
        for (size_t i = 0; i < n; i++)
            x[i] *= 6.0f;
        scalar_level()->softmax(n, x, y);
        for (size_t i = 0; i < n; i++)
            max = fmax(max, (double)x[i]);
        for (size_t i = 0; i < n; i++)
            sum += exp((double)x[i] - max);
        for (size_t i = 0; i < n; i++) {
            const double d = (double)x[i] - max, distance = ulps(y[i], exp(d) / sum);
            cr_assert_lt(distance, 4.0 + fabs(d), "%zu numbers, %zu: %g ulp", n, i, distance);
        }
        tally(n);
    }
}

Test(oracle, rows_that_softmax_cannot_normalise_are_nan)
{
    const float rows[][3] = { { 1.0f, NAN, 2.0f },
                              { INFINITY, 0.0f, 1.0f },
                              { -INFINITY, -INFINITY, -INFINITY } };
    float y[3];

    for (size_t r = 0; r < 3; r++) {
        scalar_level()->softmax(3, rows[r], y);
        cr_assert(isnan(y[0]) && isnan(y[1]) && isnan(y[2]), "row %zu", r);
    }
    tally(9);
}
