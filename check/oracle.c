/* oracle.c - functions against double precision, and the list of all oracles */
#include "check/oracle.h"

#include <math.h>
#include <string.h>

#include "check/compare_bits.h"
#include "check/run.h"

/* The limits at infinity: x for +, −0 for −. */
static double limit(double x, double inside)
{
    return isinf(x) ? (x > 0.0 ? x : -0.0) : inside;
}

static double gelu(double x)
{
    return limit(x, x * 0.5 * erfc(-x / sqrt(2.0)));
}

static double times_sigmoid(double x, double y)
{
    return limit(x, y > 0.0 ? x / (1.0 + exp(-y)) : x * exp(y) / (1.0 + exp(y)));
}

static double gelu_tanh(double x)
{
    return times_sigmoid(x, 2.0 * sqrt(2.0 / acos(-1.0)) * (x + 0.044715 * x * x * x));
}

static double gelu_quick(double x)
{
    return times_sigmoid(x, 1.702 * x);
}

static double silu(double x)
{
    return times_sigmoid(x, x);
}

static double relu(double x)
{
    return x > 0.0 ? x : 0.0;
}

static double identity(double x)
{
    return x;
}

enum { NONE = -1 };
static const struct function {
    const char *name;
    double (*truth)(double x);
    int activation; /* or NONE */
} functions[] = {
    { "exp_sub_max", exp, NONE }, /* softmax's numerators under a maximum of 0 */
    { "identity", identity, VIT_ACTIVATION_IDENTITY },
    { "gelu", gelu, VIT_ACTIVATION_GELU },
    { "gelu_tanh", gelu_tanh, VIT_ACTIVATION_GELU_TANH },
    { "gelu_quick", gelu_quick, VIT_ACTIVATION_GELU_QUICK },
    { "relu", relu, VIT_ACTIVATION_RELU },
    { "silu", silu, VIT_ACTIVATION_SILU },
    { "exp", exp, VIT_ACTIVATION_EXP },
    { "tanh", tanh, VIT_ACTIVATION_TANH },
};

/*
 * Measured at every float there is (tests/test_oracle.c with VIT_EXHAUSTIVE), and rounded up. The
 * narrower ranges are those in which a network notices. Further down x·f(x) is the product of |x|
 * and a subnormal factor, which is off by half an ulp of its own: |x|/2 ulps of the result, where
 * that is below 2^-120. gelu_quick: 1.702 itself is rounded to a float, which moves the exponent y
 * by |y|·2^-26. gelu_tanh: y is a cubic of three roundings, off by up to |y|·2^-23, and the result
 * by 2·|y| ulps.
 */
const struct function_bound function_bounds[] = {
    { "exp_sub_max", -INFINITY, 0.0f, 1.1 },     { "exp", -INFINITY, INFINITY, 1.1 },
    { "identity", -INFINITY, INFINITY, 0.0 },    { "gelu", -4.0f, INFINITY, 4.5 },
    { "gelu", -12.9f, INFINITY, 9.2 },           { "gelu", -INFINITY, INFINITY, 16.0 },
    { "gelu_tanh", -2.0f, INFINITY, 7.6 },       { "gelu_tanh", -INFINITY, INFINITY, 214.0 },
    { "gelu_quick", -4.0f, INFINITY, 4.5 },      { "gelu_quick", -51.0f, INFINITY, 21.0 },
    { "gelu_quick", -INFINITY, INFINITY, 48.0 }, { "silu", -87.0f, INFINITY, 3.2 },
    { "silu", -INFINITY, INFINITY, 53.0 },       { "relu", -INFINITY, INFINITY, 0.0 },
    { "tanh", -INFINITY, INFINITY, 2.0 },
};
const size_t function_bound_count = sizeof function_bounds / sizeof *function_bounds;

static const struct function *find_function(const char *name)
{
    size_t i = 0;
    while (strcmp(functions[i].name, name) != 0)
        i++;
    return &functions[i];
}

enum { BATCH = 256 };

/* y[i] = f(x[i]); x[0] is 0, for exp_sub_max to have a maximum. */
static void apply(const struct vit_kernels *kernels, const struct function *f, size_t n,
                  const float *x, float *y)
{
    if (f->activation == NONE)
        kernels->exp_sub_max(1, n, x, n, y, n, &(float){ 0.0f });
    else
        kernels->activation[f->activation](n, x, y);
}

struct oracle_error function_error(const struct vit_kernels *kernels,
                                   const struct function_bound *bound, uint32_t first,
                                   uint32_t step)
{
    const struct function *const f = find_function(bound->function);
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
            const double distance = ulps(y[i], f->truth((double)x[i]));
            if (distance > error.most) {
                error.most = distance;
                error.at = x[i];
            }
        }
        error.count += n - 1;
        n = 1;
    }
    return error;
}

static void run_function(struct check_run *c, const char *name, size_t index)
{
    enum { STEP = 10007 }; /* a prime: 429,000 floats over the whole range */
    const struct function_bound *bound = function_bounds;

    while (strcmp(bound->function, name) != 0 || index-- > 0)
        bound++;
    const struct oracle_error e =
        function_error(c->level, bound, (uint32_t)check_draw(c, STEP), STEP);
    check_shape(c, "%zu floats in [%g, %g]", e.count, (double)bound->low, (double)bound->high);
    check_measured(c, e.most, bound->ulps, "ulp", "%a (%g)", (double)e.at, (double)e.at);
}

#define FUNCTION(name)                                                                             \
    static void run_##name(struct check_run *c, size_t index)                                      \
    {                                                                                              \
        run_function(c, #name, index);                                                             \
    }
FUNCTION(exp_sub_max)
FUNCTION(exp)
FUNCTION(tanh)
FUNCTION(identity)
FUNCTION(gelu)
FUNCTION(gelu_tanh)
FUNCTION(gelu_quick)
FUNCTION(silu)
FUNCTION(relu)

#define ROWS(name, limit, unit)                                                                    \
    static void run_##name(struct check_run *c, size_t index)                                      \
    {                                                                                              \
        const struct oracle_error e = name##_error(c->level, c->which->seed + index);              \
        check_shape(c, "%zu numbers", e.count);                                                    \
        check_measured(c, e.most, limit, unit, "%g", (double)e.at);                                \
    }
ROWS(matmul, MATMUL_BOUND, "of k·2^-24·Σ|a·b|")
ROWS(epilogue, EPILOGUE_BOUND, "ulp")
ROWS(layernorm, LAYERNORM_BOUND, "ulp of the row's largest")
ROWS(softmax, SOFTMAX_BOUND, "ulp beyond |x - max|")
ROWS(attention, ATTENTION_BOUND, "of the sum of its roundings")
ROWS(attention_weights, ATTENTION_BOUND, "of the sum of its roundings")

#define CLAIM "scalar is within its bound of double precision"
const struct oracle oracles[] = {
    { "exp_sub_max.oracle", CLAIM, 1, run_exp_sub_max },
    { "exp.oracle", CLAIM, 1, run_exp },
    { "tanh.oracle", CLAIM, 1, run_tanh },
    { "identity.oracle", CLAIM, 1, run_identity },
    { "gelu.oracle", CLAIM, 3, run_gelu },
    { "gelu_tanh.oracle", CLAIM, 2, run_gelu_tanh },
    { "gelu_quick.oracle", CLAIM, 3, run_gelu_quick },
    { "silu.oracle", CLAIM, 2, run_silu },
    { "relu.oracle", CLAIM, 1, run_relu },
    { "matmul.oracle", CLAIM, 1, run_matmul },
    { "epilogue.oracle", CLAIM, 1, run_epilogue },
    { "layernorm.oracle", CLAIM, 1, run_layernorm },
    { "softmax.oracle", CLAIM, 1, run_softmax },
    { "vit_attention.oracle", CLAIM, 1, run_attention },
    { "vit_attention_weights.oracle", CLAIM, 1, run_attention_weights },
};
const size_t oracle_count = sizeof oracles / sizeof *oracles;
