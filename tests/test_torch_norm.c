/* test_torch_norm.c - PyTorch's normalization classes: names, arguments, and what is refused */
#include <criterion/criterion.h>
#include <float.h>
#include <stdio.h>
#include <string.h>

#include "tests/counts.h"
#include "tests/expect_config.h"

#define SERIES(fields)                                                                             \
    "{\"model_type\":\"series_vit\",\"img_size\":[1,8,16],\"patch_size\":4,\"token_len\":10,"      \
    "\"preds\":2,\"num_heads\":2,\"hidden_chan_mul\":1.5,\"depth\":1,"                             \
    "\"layer_norm_eps\":1e-3," fields "}"

static struct parsed_config with(const char *fields)
{
    char text[400];

    snprintf(text, sizeof text, SERIES("%s"), fields);
    return expect_config(text, NULL);
}

static void expect_rejected(const char *fields, enum vit_status status, const char *words)
{
    char text[400];

    snprintf(text, sizeof text, SERIES("%s"), fields);
    expect_rejected_config(text, NULL, status, words);
}

/* The class and its arguments, and what they make of the configuration. */
static const struct {
    const char *fields;
    enum vit_norm norm;
    bool no_mean, no_weight, no_bias;
    float eps;
    size_t size;
    float args[3];
} cases[] = {
    { "\"norm\":\"LayerNorm\"", VIT_NORM_LAYER, .eps = 1e-3f },
    { "\"norm\":\"layer_norm\",\"norm_args\":{\"eps\":1e-7}", VIT_NORM_LAYER, .eps = 1e-7f },
    { "\"norm\":\"LayerNorm\",\"norm_args\":{\"bias\":false}", VIT_NORM_LAYER, .no_bias = true,
      .eps = 1e-3f },
    { "\"norm\":\"LayerNorm\",\"norm_args\":{\"bias\":true,\"elementwise_affine\":false}",
      VIT_NORM_LAYER, .no_weight = true, .no_bias = true, .eps = 1e-3f },
    { "\"norm\":\"RMSNorm\"", VIT_NORM_LAYER, .no_mean = true, .no_bias = true,
      .eps = FLT_EPSILON },
    { "\"norm\":\"rms_norm\",\"norm_args\":{\"eps\":null}", VIT_NORM_LAYER, .no_mean = true,
      .no_bias = true, .eps = FLT_EPSILON },
    { "\"norm\":\"rmsnorm\",\"norm_args\":{\"eps\":0.5,\"elementwise_affine\":false}",
      VIT_NORM_LAYER, .no_mean = true, .no_weight = true, .no_bias = true, .eps = 0.5f },
    { "\"norm\":\"LocalResponseNorm\"", VIT_NORM_LOCAL_RESPONSE, .eps = 1e-3f,
      .args = { 1e-4f, 0.75f, 1.0f } },
    { "\"norm\":\"localresponsenorm\","
      "\"norm_args\":{\"size\":5,\"alpha\":0.1,\"beta\":0.5,\"k\":2}",
      VIT_NORM_LOCAL_RESPONSE, .eps = 1e-3f, .size = 5, .args = { 0.1f, 0.5f, 2.0f } },
};

Test(torch_norm, a_class_and_its_arguments_are_fields_of_the_configuration)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct vit_config c = with(cases[i].fields).config;
        cr_assert_eq(c.norm, cases[i].norm, "%s", cases[i].fields);
        cr_assert_eq(c.no_norm_mean, cases[i].no_mean, "%s", cases[i].fields);
        cr_assert_eq(c.no_norm_weight, cases[i].no_weight, "%s", cases[i].fields);
        cr_assert_eq(c.no_norm_bias, cases[i].no_bias, "%s", cases[i].fields);
        cr_assert(c.eps == cases[i].eps, "%s: %g", cases[i].fields, (double)c.eps);
        cr_assert_eq(c.norm_size, cases[i].size, "%s", cases[i].fields);
        cr_assert_arr_eq(c.norm_args, cases[i].args, sizeof c.norm_args, "%s", cases[i].fields);
        count_checks(7);
    }
}

Test(torch_norm, the_sources_are_the_class_and_its_arguments)
{
    const struct parsed_config rms = with("\"norm\":\"RMSNorm\""),
                               layer = with("\"qkv_bias\":true");
    const struct parsed_config own = with("\"norm\":\"RMSNorm\",\"norm_args\":{\"eps\":1}");

    expect_source(&rms, "no_norm_mean", "config.json: norm");
    expect_source(&rms, "no_norm_bias", "config.json: norm");
    expect_source(&rms, "eps", "config.json: norm");
    expect_source(&own, "eps", "config.json: norm_args.eps");
    expect_source(&layer, "norm", "the series' default");
    expect_source(&layer, "eps", "config.json: layer_norm_eps");
}

Test(torch_norm, classes_that_no_token_can_have_are_refused_with_the_reason)
{
    static const struct {
        const char *fields, *words;
    } wrong[] = {
        { "\"norm\":\"GroupNorm\"", "norm: expected LayerNorm, RMSNorm or LocalResponseNorm, found "
                                    "GroupNorm, which needs a number of groups" },
        { "\"norm\":\"CrossMapLRN2d\"", "found CrossMapLRN2d, which takes images, not tokens" },
        { "\"norm\":\"BatchNorm1d\"",
          "found BatchNorm1d, which takes the tokens for channels, and" },
        { "\"norm\":\"LazyBatchNorm3d\"", "found LazyBatchNorm3d, which takes the tokens for" },
        { "\"norm\":\"SyncBatchNorm\"", "found SyncBatchNorm, which takes the tokens for" },
        { "\"norm\":\"InstanceNorm2d\"", "found InstanceNorm2d, which takes the tokens for" },
        { "\"norm\":\"GELU\"", "norm: expected a class of torch.nn.modules.normalization, such as "
                               "\"LayerNorm\", found \"GELU\"" },
        { "\"norm\":\"\"", "found \"\"" },
        { "\"norm\":\"RMSNorm\",\"norm_args\":{\"bias\":true}", "norm_args.bias: unknown field" },
        { "\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"beta\":0.7}",
          "norm_args.beta: expected a multiple of 0.25, at most 4, found 0.7" },
        { "\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"beta\":4.25}",
          "norm_args.beta: expected" },
        { "\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"beta\":-1}",
          "norm_args.beta: expected" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_rejected(wrong[i].fields, VIT_EUNSUPPORTED, wrong[i].words);
}

Test(torch_norm, arguments_of_a_wrong_type_or_range_are_named)
{
    static const struct {
        const char *fields, *words;
    } wrong[] = {
        { "\"norm\":1", "norm: expected a string, found 1" },
        { "\"norm_args\":{}", "norm_args: expected none without a class, found {}" },
        { "\"norm\":\"LayerNorm\",\"norm_args\":[]", "norm_args: expected an object, found []" },
        { "\"norm\":\"LayerNorm\",\"norm_args\":{\"eps\":null}",
          "norm_args.eps: expected a number" },
        { "\"norm\":\"LayerNorm\",\"norm_args\":{\"eps\":-1}", "eps: expected 0 to" },
        { "\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"size\":0}",
          "norm_args.size: expected a positive integer, found 0" },
        { "\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"size\":16777217}",
          "norm_size: expected 0 to 16777216, found 16777217" },
        { "\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"alpha\":-1}",
          "norm_args: expected 0 to" },
        { "\"norm\":\"LocalResponseNorm\",\"norm_args\":{\"k\":0}",
          "norm_args[2]: k: expected a number above 0, found 0" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_rejected(wrong[i].fields, VIT_EFORMAT, wrong[i].words);
}
