/* test_torch_activation.c - PyTorch's activations: names, arguments, and the values of its own */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/compare_bits.h"
#include "check/oracle.h"
#include "files/safetensors.h"
#include "tests/compare.h"
#include "tests/counts.h"
#include "tests/expect_config.h"
#include "vit/inspect.h"

#define SERIES(fields)                                                                             \
    "{\"model_type\":\"series_vit\",\"img_size\":[1,8,16],\"patch_size\":4,\"token_len\":10,"      \
    "\"preds\":2,\"num_heads\":2,\"hidden_chan_mul\":1.5,\"depth\":1," fields "}"

static struct vit_config with(const char *fields)
{
    char text[400];

    snprintf(text, sizeof text, SERIES("%s"), fields);
    return expect_config(text, NULL).config;
}

static void expect_rejected(const char *fields, enum vit_status status, const char *words)
{
    char text[400];

    snprintf(text, sizeof text, SERIES("%s"), fields);
    expect_rejected_config(text, NULL, status, words);
}

/* A tensor of the reference, and the fields that describe it. */
static const struct {
    const char *tensor, *fields;
} cases[] = {
    { "CELU", "\"act\":\"celu\"" },
    { "ELU", "\"act\":\"ELU\"" },
    { "ELU(alpha=1.7)", "\"act\":\"elu\",\"act_args\":{\"alpha\":1.7}" },
    { "GELU", "\"act\":\"GELU\"" },
    { "GELU(approximate=tanh)", "\"act\":\"gelu\",\"act_args\":{\"approximate\":\"tanh\"}" },
    { "Hardshrink", "\"act\":\"Hardshrink\"" },
    { "Hardsigmoid", "\"act\":\"hardsigmoid\",\"act_args\":{\"inplace\":true}" },
    { "Hardswish", "\"act\":\"hardswish\"" },
    { "Hardtanh", "\"act\":\"hardtanh\"" },
    { "Hardtanh(-2.0,3.0)", "\"act\":\"hardtanh\",\"act_args\":{\"max_val\":3,\"min_val\":-2}" },
    { "LeakyReLU", "\"act\":\"LeakyReLU\"" },
    { "LeakyReLU(0.2)", "\"act\":\"leaky_relu\",\"act_args\":{\"negative_slope\":0.2}" },
    { "LogSigmoid", "\"act\":\"LogSigmoid\"" },
    { "Mish", "\"act\":\"mish\"" },
    { "PReLU", "\"act\":\"PReLU\"" },
    { "ReLU", "\"act\":\"ReLU\"" },
    { "ReLU6", "\"act\":\"ReLU6\"" },
    { "RReLU", "\"act\":\"rrelu\"" },
    { "RReLU(0.1,0.5)", "\"act\":\"rrelu\",\"act_args\":{\"lower\":0.1,\"upper\":0.5}" },
    { "SELU", "\"act\":\"selu\"" },
    { "SiLU", "\"act\":\"SiLU\"" },
    { "Sigmoid", "\"act\":\"sigmoid\"" },
    { "Softplus", "\"act\":\"softplus\"" },
    { "Softplus(beta=2,threshold=10)",
      "\"act\":\"softplus\",\"act_args\":{\"beta\":2,\"threshold\":10}" },
    { "Softshrink", "\"act\":\"softshrink\"" },
    { "Softsign", "\"act\":\"softsign\"" },
    { "Tanh", "\"act\":\"tanh\"" },
    { "Tanhshrink", "\"act\":\"tanhshrink\"" },
    { "Threshold(0.1,20)", "\"act\":\"threshold\",\"act_args\":{\"threshold\":0.1,\"value\":20}" },
};

/* [n] of the reference's file. */
static float *read_values(const struct safetensors *file, const char *name, size_t *n)
{
    const struct safetensors_entry *const e = safetensors_find(file, name);

    cr_assert(e, "%s", name);
    float *const values = malloc(e->elements * sizeof *values);
    cr_assert(values && safetensors_read_f32(file, e, 0, e->elements, values, NULL) == VIT_OK);
    *n = e->elements;
    return values;
}

/* The bound of an activation over all floats. */
static double bound_of(enum vit_activation f)
{
    const char *const name = vit_value_name("activation", (int)f);
    double bound = 0;

    for (size_t i = 0; i < function_bound_count; i++)
        if (strcmp(function_bounds[i].function, name) == 0)
            bound = fmax(bound, function_bounds[i].ulps);
    return bound;
}

/*
 * The reference rounds its exact values, which adds half an ulp. At infinity PyTorch has NaN for
 * some, where libvit has the limit; Softshrink of a NaN is 0 in PyTorch 1.13, and a NaN here.
 */
static void expect_values(const char *name, size_t n, const float *x, const float *expected,
                          const float *found, double bound)
{
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i]))
            cr_assert(isnan(found[i]), "%s: %zu", name, i);
        else if (isnan(expected[i]) || isinf(expected[i]))
            cr_assert(isinf(x[i]) || found[i] == expected[i], "%s(%a): %a", name, (double)x[i],
                      (double)found[i]);
        else
            cr_assert(ulps(found[i], (double)expected[i]) <= bound + 0.5,
                      "%s(%a): expected %.9g, found %.9g", name, (double)x[i], (double)expected[i],
                      (double)found[i]);
    }
    count_checks(n);
}

Test(torch_activation, every_class_has_the_values_of_its_formula)
{
    struct safetensors *file;
    struct vit_error err;
    size_t n;

    cr_assert(safetensors_open("tests/golden/series-activations/activations.safetensors", &file,
                               &err) == VIT_OK,
              "%s", err.message);
    float *const x = read_values(file, "x", &n), *const y = malloc(n * sizeof *y);
    float *const slopes = malloc(n * sizeof *slopes);
    for (size_t i = 0; i < n; i++)
        slopes[i] = 0.25f; /* PyTorch's PReLU before training */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct vit_config c = with(cases[i].fields);
        const struct vit_activation_args args = { c.activation_args[0], c.activation_args[1],
                                                  slopes };
        float *const expected = read_values(file, cases[i].tensor, &n);
        scalar_level()->activation[c.activation](n, x, &args, y);
        expect_values(cases[i].tensor, n, x, expected, y, bound_of(c.activation));
        free(expected);
    }
    free(slopes);
    free(x);
    free(y);
    safetensors_close(file);
}

Test(torch_activation, the_sources_are_the_class_and_its_arguments)
{
    struct parsed_config file =
        expect_config(SERIES("\"act_args\":{\"beta\":2},\"act\":\"Softplus\""), NULL);

    cr_assert(file.config.activation_args[0] == 2.0f && file.config.activation_args[1] == 20.0f);
    expect_source(&file, "activation", "config.json: act");
    expect_source(&file, "activation_args", "config.json: act_args");
    count_checks(1);
}

Test(torch_activation, classes_that_an_mlp_cannot_have_are_refused_with_the_reason)
{
    static const struct {
        const char *fields, *words;
    } wrong[] = {
        { "\"act\":\"GLU\"", "act: expected an activation of each number by itself, found GLU, "
                             "which halves the width" },
        { "\"act\":\"Softmax\"", "found Softmax, which normalizes over the batch" },
        { "\"act\":\"LogSoftmax\"", "found LogSoftmax, which normalizes over the batch" },
        { "\"act\":\"MultiheadAttention\"", "found MultiheadAttention, which is a layer with" },
        { "\"act\":\"BatchNorm2d\"", "expected a class of torch.nn.modules.activation" },
        { "\"act\":\"prelu\",\"act_args\":{\"num_parameters\":8}",
          "act_args.num_parameters: expected 1, found 8" },
        { "\"act\":\"relu\",\"act_args\":{\"alpha\":1}", "act_args.alpha: unknown field" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_rejected(wrong[i].fields, VIT_EUNSUPPORTED, wrong[i].words);
}

Test(torch_activation, underscores_are_no_part_of_a_name)
{
    cr_assert_eq(with("\"act\":\"ELU_______________________________\"").activation,
                 VIT_ACTIVATION_ELU);
}

Test(torch_activation, arguments_of_a_wrong_type_or_missing_are_named)
{
    static const struct {
        const char *fields, *words;
    } wrong[] = {
        { "\"act\":\"elu\",\"act_args\":{\"alpha\":\"1\"}",
          "act_args.alpha: expected a number in the range of float32, found \"1\"" },
        { "\"act\":\"elu\",\"act_args\":{\"alpha\":1e300}", "act_args.alpha: expected a number" },
        { "\"act\":\"elu\",\"act_args\":[1]", "act_args: expected an object, found [1]" },
        { "\"act_args\":{}", "act_args: expected none without a class, found {}" },
        { "\"act\":\"threshold\"", "act_args.threshold: expected a value, found none" },
        { "\"act\":\"hardtanh\",\"act_args\":{\"min_val\":5}",
          "activation_args: hardtanh: expected a minimum and a maximum, found 5 and 1" },
        { "\"act\":\"celu\",\"act_args\":{\"alpha\":-1}", "activation_args[0]: celu: expected" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_rejected(wrong[i].fields, VIT_EFORMAT, wrong[i].words);
}
