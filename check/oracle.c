/* oracle.c - compares functions with double precision; the list of all oracles */
#include "check/oracle.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/compare_bits.h"
#include "check/kernel_cases.h"
#include "check/run.h"

/* The limits at infinity: x for +, −0 for −. */
static double limit(double x, double inside)
{
    return isinf(x) ? (x > 0.0 ? x : -0.0) : inside;
}

struct point {
    double x, a, b, weight;
};

static double times_sigmoid(double x, double y)
{
    return limit(x, y > 0.0 ? x / (1.0 + exp(-y)) : x * exp(y) / (1.0 + exp(y)));
}

static double true_identity(struct point p)
{
    return p.x;
}

static double true_gelu(struct point p)
{
    return limit(p.x, p.x * 0.5 * erfc(-p.x / sqrt(2.0)));
}

static double true_gelu_tanh(struct point p)
{
    const double cubic = p.x + 0.044715 * p.x * p.x * p.x;
    return times_sigmoid(p.x, 2.0 * sqrt(2.0 / acos(-1.0)) * cubic);
}

static double true_gelu_quick(struct point p)
{
    return times_sigmoid(p.x, 1.702 * p.x);
}

static double true_relu(struct point p)
{
    return p.x > 0.0 ? p.x : 0.0;
}

static double true_silu(struct point p)
{
    return times_sigmoid(p.x, p.x);
}

static double true_exp(struct point p)
{
    return exp(p.x);
}

static double true_tanh(struct point p)
{
    return tanh(p.x);
}

static double true_leaky_relu(struct point p)
{
    return p.x > 0.0 ? p.x : p.a * p.x;
}

static double true_threshold(struct point p)
{
    return p.x > p.a ? p.x : p.b;
}

static double true_prelu(struct point p)
{
    return p.x > 0.0 ? p.x : p.weight * p.x;
}

static double true_elu(struct point p)
{
    return p.x > 0.0 ? p.x : p.a * expm1(p.x);
}

static double true_celu(struct point p)
{
    return p.x > 0.0 ? p.x : p.a * expm1(p.x / p.a);
}

static double true_selu(struct point p)
{
    const double alpha = 1.6732632423543772, lambda = 1.0507009873554805;
    return p.x > 0.0 ? lambda * p.x : lambda * alpha * expm1(p.x);
}

static double true_sigmoid(struct point p)
{
    return 1.0 / (1.0 + exp(-p.x));
}

static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

static double true_log_sigmoid(struct point p)
{
    return -softplus(-p.x);
}

/* Which case it is depends on the product as a float. */
static double true_softplus(struct point p)
{
    return (float)p.a * (float)p.x > (float)p.b ? p.x : softplus(p.a * p.x) / p.a;
}

static double true_mish(struct point p)
{
    return limit(p.x, p.x * tanh(softplus(p.x)));
}

static double true_softsign(struct point p)
{
    return isinf(p.x) ? copysign(1.0, p.x) : p.x / (1.0 + fabs(p.x));
}

/* Near 0, where the difference cancels, its series. */
static double true_tanhshrink(struct point p)
{
    const double z = p.x * p.x;

    if (z > 0.01)
        return p.x - tanh(p.x);
    return p.x * z *
           (1.0 / 3 + z * (-2.0 / 15 + z * (17.0 / 315 + z * (-62.0 / 2835 + z * 1382 / 155925))));
}

static double true_hardtanh(struct point p)
{
    return fmin(fmax(p.x, p.a), p.b);
}

static double true_hardsigmoid(struct point p)
{
    return fmin(fmax(p.x + 3.0, 0.0), 6.0) / 6.0;
}

static double true_hardswish(struct point p)
{
    return p.x <= -3.0 ? -0.0 : p.x * true_hardsigmoid(p);
}

static double true_hardshrink(struct point p)
{
    return fabs(p.x) > p.a ? p.x : 0.0;
}

static double true_softshrink(struct point p)
{
    return fabs(p.x) > p.a ? p.x - copysign(p.a, p.x) : 0.0;
}

#define TRUTH(IDENTIFIER, name, value, args, weights) { #name, true_##name, value },
enum { NONE = -1 };
/* clang-format off */
static const struct function {
    const char *name;
    double (*truth)(struct point p);
    int activation; /* or NONE */
} functions[] = {
    { "exp_sub_max", true_exp, NONE }, /* softmax's numerators, for a maximum of 0 */
    VIT_ACTIVATION_LIST(TRUTH)
};
/* clang-format on */
enum { FUNCTIONS = sizeof functions / sizeof *functions };

/*
 * Measured at every float (tests/test_oracle.c with VIT_EXHAUSTIVE) and rounded up. The narrower
 * ranges are those that matter to a network. Below them x·f(x) is the product of |x| and a
 * subnormal factor with an error of half an ulp of its own: |x|/2 ulps of the result, which is
 * below 2^-120. gelu_quick: rounding 1.702 to a float changes the exponent y by |y|·2^-26.
 * gelu_tanh: y is a cubic with three roundings, an error of up to |y|·2^-23, which gives 2·|y| ulps
 * of the result.
 */
const struct function_bound function_bounds[] = {
    { "exp_sub_max", -INFINITY, 0.0f, 1.1 },     { "exp", -INFINITY, INFINITY, 1.1 },
    { "identity", -INFINITY, INFINITY, 0.0 },    { "gelu", -4.0f, INFINITY, 4.5 },
    { "gelu", -12.9f, INFINITY, 9.2 },           { "gelu", -INFINITY, INFINITY, 16.0 },
    { "gelu_tanh", -2.0f, INFINITY, 7.6 },       { "gelu_tanh", -INFINITY, INFINITY, 214.0 },
    { "gelu_quick", -4.0f, INFINITY, 4.5 },      { "gelu_quick", -51.0f, INFINITY, 21.0 },
    { "gelu_quick", -INFINITY, INFINITY, 48.0 }, { "silu", -87.0f, INFINITY, 3.2 },
    { "silu", -INFINITY, INFINITY, 53.0 },       { "relu", -INFINITY, INFINITY, 0.0 },
    { "tanh", -INFINITY, INFINITY, 2.0 },        { "leaky_relu", -INFINITY, INFINITY, 0.5 },
    { "threshold", -INFINITY, INFINITY, 0.0 },   { "prelu", -INFINITY, INFINITY, 0.5 },
    { "elu", -INFINITY, INFINITY, 1.8 },         { "celu", -INFINITY, INFINITY, 2.4 },
    { "selu", -INFINITY, INFINITY, 2.3 },        { "sigmoid", -INFINITY, INFINITY, 2.5 },
    { "log_sigmoid", -INFINITY, INFINITY, 1.9 }, { "softplus", -INFINITY, INFINITY, 3.1 },
    { "mish", -87.0f, INFINITY, 4.0 },           { "mish", -INFINITY, INFINITY, 53.0 },
    { "softsign", -INFINITY, INFINITY, 1.5 },    { "tanhshrink", -INFINITY, INFINITY, 3.5 },
    { "hardtanh", -INFINITY, INFINITY, 0.0 },    { "hardsigmoid", -INFINITY, INFINITY, 1.1 },
    { "hardswish", -INFINITY, INFINITY, 2.3 },   { "hardshrink", -INFINITY, INFINITY, 0.0 },
    { "softshrink", -INFINITY, INFINITY, 0.5 },
};
const size_t function_bound_count = sizeof function_bounds / sizeof *function_bounds;

static const struct function *find_function(const char *name)
{
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (strcmp(functions[i].name, name) == 0)
            return &functions[i];
    fprintf(stderr, "check: a bound of %s, which has no oracle\n", name);
    abort();
}

enum { BATCH = 256 };
static const float weight = 0.7f; /* of every channel */

/* y[i] = f(x[i]); x[0] is 0, so that exp_sub_max has a maximum of 0. */
static void apply(const struct vit_kernels *kernels, const struct function *f, size_t n,
                  const float *x, float *y)
{
    float weights[BATCH];

    for (size_t i = 0; i < n; i++)
        weights[i] = weight;
    const struct vit_activation_args args = activation_case_args(weights);
    if (f->activation == NONE)
        kernels->exp_sub_max(1, n, x, n, y, n, &(float){ 0.0f });
    else
        kernels->activation[f->activation](n, x, &args, y);
}

struct oracle_error function_error(const struct vit_kernels *kernels,
                                   const struct function_bound *bound, uint32_t first,
                                   uint32_t step)
{
    const struct function *const f = find_function(bound->function);
    const struct vit_activation_args args = activation_case_args(NULL);
    struct point p = { .a = (double)args.a, .b = (double)args.b, .weight = (double)weight };
    struct oracle_error error = { 0 };
    float x[BATCH] = { 0 }, y[BATCH];
    size_t n = 1;

    for (uint64_t bits = first; bits <= UINT32_MAX || n > 1; bits += step) {
        if (bits <= UINT32_MAX) {
            memcpy(&x[n], &(uint32_t){ (uint32_t)bits }, sizeof *x);
            n += x[n] >= bound->low && x[n] <= bound->high;
            if (n < BATCH)
                continue;
        }
        apply(kernels, f, n, x, y);
        for (size_t i = 1; i < n; i++) {
            p.x = (double)x[i];
            const double distance = ulps(y[i], f->truth(p));
            if (distance > error.max) {
                error.max = distance;
                error.at = x[i];
            }
        }
        error.count += n - 1;
        n = 1;
    }
    return error;
}

/* One bound of a function per case: bound `index` of the function that the case names. */
static const struct function_bound *bound_of(const char *oracle, size_t index)
{
    for (size_t i = 0; i < function_bound_count; i++) {
        const char *const function = function_bounds[i].function;
        const size_t length = strlen(function);
        if (strncmp(oracle, function, length) == 0 && strcmp(oracle + length, ".oracle") == 0 &&
            index-- == 0)
            return &function_bounds[i];
    }
    return NULL;
}

size_t oracle_cases(const struct oracle *oracle)
{
    size_t bounds = 0;

    while (bound_of(oracle->name, bounds))
        bounds++;
    return bounds ? bounds : 1;
}

static void run_function(struct check_run *c, size_t index)
{
    enum { STEP = 10007 }; /* a prime: 429,000 floats over the whole range */
    const struct function_bound *const bound = bound_of(c->which->kernel.name, index);
    const struct oracle_error e =
        function_error(c->level, bound, (uint32_t)check_draw(c, STEP), STEP);

    check_shape(c, "%zu floats in [%g, %g]", e.count, (double)bound->low, (double)bound->high);
    check_measured(c, e.max, bound->ulps, "ulp", "%a (%g)", (double)e.at, (double)e.at);
}

/* The check of `name`; the variable arguments are those of its error after the kernels. */
#define ORACLE(name, limit, unit, ...)                                                             \
    static void run_##name(struct check_run *c, size_t index)                                      \
    {                                                                                              \
        const uint64_t seed = c->which->seed + index;                                              \
        const struct oracle_error e = name##_error(c->level, __VA_ARGS__);                         \
        check_shape(c, "%zu numbers", e.count);                                                    \
        check_measured(c, e.max, limit, unit, "%g", (double)e.at);                                 \
    }
#define ROW(kernel, check, limit, unit) ORACLE(kernel, limit, unit, seed)
#define PAIRS(name, limit, unit)        ORACLE(name, limit, unit, c->which->kernel.pair, seed)
PAIRS(matmul, MATMUL_BOUND, "of the bound of its sum")
PAIRS(epilogue, EPILOGUE_BOUND, "ulp")
ORACLE_ROW_LIST(ROW)

/* clang-format off */
#define FUNCTION(IDENTIFIER, name, value, args, weights) { #name ".oracle", run_function, 0 },
#define ROW_CHECK(kernel, check, limit, unit) { .name = check ".oracle", .run = run_##kernel },
#define PAIR(identifier, suffix)                                                                   \
    { .name = "matmul" suffix ".oracle", .run = run_matmul, .pair = VIT_MATMUL_##identifier },     \
    { .name = "epilogue" suffix ".oracle", .run = run_epilogue, .pair = VIT_MATMUL_##identifier },
const struct oracle oracles[] = {
    { .name = "exp_sub_max.oracle", .run = run_function },
    VIT_ACTIVATION_LIST(FUNCTION)
    VIT_MATMUL_LIST(PAIR)
    ORACLE_ROW_LIST(ROW_CHECK)
};
/* clang-format on */
const size_t oracle_count = sizeof oracles / sizeof *oracles;
