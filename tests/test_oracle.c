/* test_oracle.c - the scalar kernels have the accuracy that docs/numerics.md states */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/kernel_cases.h"
#include "check/oracle.h"
#include "compare.h"
#include "counts.h"

static void expect_within(const char *what, const struct oracle_error *error, double bound)
{
    if (getenv("VIT_MEASURE"))
        fprintf(stderr, "%s: %zu numbers, at most %.3f at %a\n", what, error->count, error->max,
                (double)error->at);
    cr_assert_leq(error->max, bound, "%s: %g at %a, at most %g allowed", what, error->max,
                  (double)error->at, bound);
    count_checks(error->count);
}

/*
 * Every 509th float, some four million over the whole range, against each of the bounds; with
 * VIT_EXHAUSTIVE every float, which takes minutes for each.
 */
static void expect_function(const char *name)
{
    const uint32_t step = getenv("VIT_EXHAUSTIVE") ? 1 : 509;
    size_t bounds = 0;

    for (size_t i = 0; i < function_bound_count; i++) {
        const struct function_bound *const bound = &function_bounds[i];
        if (strcmp(bound->function, name) != 0)
            continue;
        const struct oracle_error error = function_error(scalar_level(), bound, 0, step);
        expect_within(name, &error, bound->ulps);
        bounds++;
    }
    cr_assert(bounds > 0, "%s has no bound", name);
}

Test(oracle, exp_is_within_1_1_ulp_over_all_floats)
{
    expect_function("exp");
    expect_function("exp_sub_max");
}

Test(oracle, tanh_is_within_2_ulp_over_all_floats)
{
    expect_function("tanh");
}

Test(oracle, tanh_is_odd_never_falls_and_keeps_the_sign_of_zero)
{
    float last = 0.0f;

    for (uint32_t bits = 0; bits <= 0x7f800000; bits += 509) {
        float x[2];
        memcpy(&x[0], &bits, sizeof bits);
        x[1] = -x[0];
        scalar_level()->activation[VIT_ACTIVATION_TANH](2, x, &(struct vit_activation_args){ 0 },
                                                        x);
        cr_assert(x[0] >= last && x[0] <= 1.0f && x[1] == -x[0] && !signbit(x[0]) && signbit(x[1]),
                  "%#x", bits);
        last = x[0];
    }
    count_checks(2 * (0x7f800000 / 509 + 1));
}

Test(oracle, gelu_is_within_its_bounds_4_5_ulp_where_it_matters)
{
    expect_function("gelu");
}

Test(oracle, silu_is_within_its_bounds_3_2_ulp_while_its_factor_is_normal)
{
    expect_function("silu");
}

Test(oracle, gelu_quick_is_within_its_bounds_4_5_ulp_where_it_matters)
{
    expect_function("gelu_quick");
}

Test(oracle, gelu_tanh_is_within_its_bounds_7_6_ulp_where_it_matters)
{
    expect_function("gelu_tanh");
}

Test(oracle, relu_and_identity_are_exact)
{
    expect_function("relu");
    expect_function("identity");
    expect_function("threshold");
}

Test(oracle, leaky_relu_and_prelu_round_once)
{
    expect_function("leaky_relu");
    expect_function("prelu");
}

Test(oracle, exponential_units_are_within_2_4_ulp)
{
    expect_function("elu");
    expect_function("celu");
    expect_function("selu");
}

Test(oracle, sigmoid_is_within_2_5_ulp_over_all_floats)
{
    expect_function("sigmoid");
}

Test(oracle, softplus_and_log_sigmoid_are_within_3_1_ulp_over_all_floats)
{
    expect_function("softplus");
    expect_function("log_sigmoid");
}

Test(oracle, mish_is_within_4_ulp_while_its_factor_is_normal)
{
    expect_function("mish");
}

Test(oracle, softsign_and_tanhshrink_are_within_3_5_ulp_over_all_floats)
{
    expect_function("softsign");
    expect_function("tanhshrink");
}

Test(oracle, hard_activations_are_exact_or_within_2_3_ulp)
{
    expect_function("hardtanh");
    expect_function("hardsigmoid");
    expect_function("hardswish");
    expect_function("hardshrink");
    expect_function("softshrink");
}

/* f(∞), f(−∞), f(0), with the arguments of activation_case_args and a weight of 0.5 */
static const float limits[VIT_ACTIVATIONS][3] = {
    [VIT_ACTIVATION_IDENTITY] = { INFINITY, -INFINITY, 0.0f },
    [VIT_ACTIVATION_GELU] = { INFINITY, 0.0f, 0.0f },
    [VIT_ACTIVATION_GELU_TANH] = { INFINITY, 0.0f, 0.0f },
    [VIT_ACTIVATION_GELU_QUICK] = { INFINITY, 0.0f, 0.0f },
    [VIT_ACTIVATION_RELU] = { INFINITY, 0.0f, 0.0f },
    [VIT_ACTIVATION_SILU] = { INFINITY, 0.0f, 0.0f },
    [VIT_ACTIVATION_EXP] = { INFINITY, 0.0f, 1.0f },
    [VIT_ACTIVATION_TANH] = { 1.0f, -1.0f, 0.0f },
    [VIT_ACTIVATION_LEAKY_RELU] = { INFINITY, -INFINITY, 0.0f },
    [VIT_ACTIVATION_THRESHOLD] = { INFINITY, 1.7f, 1.7f },
    [VIT_ACTIVATION_PRELU] = { INFINITY, -INFINITY, 0.0f },
    [VIT_ACTIVATION_ELU] = { INFINITY, -0.3f, 0.0f },
    [VIT_ACTIVATION_CELU] = { INFINITY, -0.3f, 0.0f },
    [VIT_ACTIVATION_SELU] = { INFINITY, -1.75809934f, 0.0f },
    [VIT_ACTIVATION_SIGMOID] = { 1.0f, 0.0f, 0.5f },
    [VIT_ACTIVATION_LOG_SIGMOID] = { 0.0f, -INFINITY, -0.693147182f },
    [VIT_ACTIVATION_SOFTPLUS] = { INFINITY, 0.0f, 2.31049061f },
    [VIT_ACTIVATION_MISH] = { INFINITY, 0.0f, 0.0f },
    [VIT_ACTIVATION_SOFTSIGN] = { 1.0f, -1.0f, 0.0f },
    [VIT_ACTIVATION_TANHSHRINK] = { INFINITY, -INFINITY, 0.0f },
    [VIT_ACTIVATION_HARDTANH] = { 1.7f, 0.3f, 0.3f },
    [VIT_ACTIVATION_HARDSIGMOID] = { 1.0f, 0.0f, 0.5f },
    [VIT_ACTIVATION_HARDSWISH] = { INFINITY, 0.0f, 0.0f },
    [VIT_ACTIVATION_HARDSHRINK] = { INFINITY, -INFINITY, 0.0f },
    [VIT_ACTIVATION_SOFTSHRINK] = { INFINITY, -INFINITY, 0.0f },
};

Test(oracle, an_activation_of_nan_is_nan_and_of_infinity_its_limit)
{
    const float weight[] = { 0.5f, 0.5f, 0.5f, 0.5f };
    const struct vit_activation_args args = activation_case_args(weight);

    for (size_t f = 0; f < VIT_ACTIVATIONS; f++) {
        float x[] = { INFINITY, -INFINITY, 0.0f, NAN };
        scalar_level()->activation[f](4, x, &args, x);
        for (size_t i = 0; i < 3; i++)
            cr_assert(x[i] == limits[f][i], "activation %zu: %g", f, (double)x[i]);
        cr_assert(isnan(x[3]), "activation %zu", f);
    }
    count_checks(4 * VIT_ACTIVATIONS);
}

#define EXPECT_ROWS(name, bound)                                                                   \
    for (uint64_t seed = 1; seed <= 8; seed++) {                                                   \
        const struct oracle_error error = name##_error(scalar_level(), seed);                      \
        expect_within(#name, &error, bound);                                                       \
    }

#define EXPECT_PAIRS(name, bound)                                                                  \
    for (enum vit_matmul_pair pair = 0; pair < VIT_MATMUL_PAIRS; pair++)                           \
        for (uint64_t seed = 1; seed <= 8; seed++) {                                               \
            const struct oracle_error error = name##_error(scalar_level(), pair, seed);            \
            expect_within(#name, &error, bound);                                                   \
        }

Test(oracle,
     matmul_is_within_the_error_bound_of_its_accumulators){ EXPECT_PAIRS(matmul, MATMUL_BOUND) }

Test(oracle, the_epilogue_is_its_steps_in_order){ EXPECT_PAIRS(epilogue, EPILOGUE_BOUND) }

Test(oracle, an_accumulator_begins_at_positive_zero)
{
    const float a = 0.0f, b = -1.0f;
    float panels[64], c;
    const struct vit_packed packed = { &scalar_level()->matmul[VIT_MATMUL_F32_F32], 1, 1, panels };

    vit_pack(&packed, 0, 1, &b, 1, 1);
    vit_matmul(NULL, &(struct vit_matmul_args){
                         .m = 1, .a = &a, .lda = 1, .b = &packed, .c = &c, .ldc = 1 });
    cr_assert(c == 0.0f && !signbit(c)); /* fma(0, −1, +0) is +0; from −0 it would be −0 */
    count_checks(1);
}

Test(oracle,
     layernorm_is_within_3_ulp_of_its_rows_largest_terms){ EXPECT_ROWS(layernorm, LAYERNORM_BOUND) }

Test(oracle, layernorm_of_equal_numbers_is_beta)
{
    enum { LONGEST = 16384 };
    static float x[LONGEST], gamma[LONGEST], beta[LONGEST], y[LONGEST];
    static const float values[] = { 3.3f, -0.1f, 1e-30f, 1e4f + 0.1f, 0x1.fffffep-1f };
    uint64_t random = 1;
    size_t rows = 0;

    for (size_t n = 1; n <= LONGEST; n += n < 1000 || n > LONGEST - 20 ? 1 : 61)
        for (size_t v = 0; v < 6; v++, rows++) {
            const float any = 1.0f + (float)(next_random(&random) >> 41) * 0x1p-23f;
            for (size_t i = 0; i < n; i++) {
                x[i] = v < 5 ? values[v] : any;
                gamma[i] = 2.0f;
                beta[i] = (float)i;
            }
            scalar_level()->layernorm(&(struct vit_layernorm_args){ .rows = 1,
                                                                    .n = n,
                                                                    .x = x,
                                                                    .ldx = n,
                                                                    .gamma = gamma,
                                                                    .beta = beta,
                                                                    .eps = 1e-12f,
                                                                    .y = y,
                                                                    .ldy = n });
            cr_assert_eq(memcmp(y, beta, n * sizeof *y), 0, "%g, n %zu", (double)x[0], n);
        }
    count_checks(rows);
}

Test(oracle, softmax_is_within_6_ulp_plus_the_rounding_of_the_difference){
    EXPECT_ROWS(softmax, SOFTMAX_BOUND)
}

Test(oracle, rotary_positions_round_a_product_and_a_sum){ EXPECT_ROWS(rotate, ROTATE_BOUND) }

Test(oracle, layernorm_of_the_hardest_rows_is_within_the_sum_of_its_roundings){
    EXPECT_ROWS(layernorm_hard, HARD_BOUND)
}

Test(oracle, softmax_of_the_hardest_rows_is_within_the_sum_of_its_roundings){
    EXPECT_ROWS(softmax_hard, HARD_BOUND)
}

Test(oracle,
     attention_is_within_the_error_bound_of_its_sums){ EXPECT_ROWS(attention, ATTENTION_BOUND) }

Test(oracle, attention_weights_are_within_the_error_bound_of_their_sums){
    EXPECT_ROWS(attention_weights, ATTENTION_BOUND)
}

Test(oracle, rows_that_softmax_cannot_normalize_are_nan)
{
    const float rows[][3] = { { 1.0f, NAN, 2.0f },
                              { INFINITY, 0.0f, 1.0f },
                              { -INFINITY, -INFINITY, -INFINITY } };
    float y[3];

    for (size_t r = 0; r < 3; r++) {
        scalar_level()->softmax(1, 3, rows[r], 3, y, 3);
        cr_assert(isnan(y[0]) && isnan(y[1]) && isnan(y[2]), "row %zu", r);
    }
    count_checks(9);
}
