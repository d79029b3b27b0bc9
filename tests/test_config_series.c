/* test_config_series.c - config.json of the article series' models, and its labels */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/counts.h"
#include "tests/expect_config.h"

#define NEEDED                                                                                     \
    "\"model_type\":\"series_vit\",\"img_size\":[1,8,16],\"patch_size\":4,\"token_len\":10,"       \
    "\"preds\":2,\"num_heads\":2,\"hidden_chan_mul\":1.55,\"depth\":3"

Test(config_series, the_required_fields_are_sufficient)
{
    const struct parsed_config file = expect_config("{" NEEDED "}", NULL);
    const struct vit_config *c = &file.config;
    cr_assert(c->channels == 1 && c->height == 8 && c->width == 16 && c->patch == 4);
    cr_assert(c->dim == 10 && c->classes == 2 && c->heads == 2 && c->mlp_dim == 15);
    cr_assert(c->depth == 3 && c->eps == 1e-5f && c->qk_scale == 0);
    cr_assert(c->activation == VIT_ACTIVATION_GELU && c->pos_embed == VIT_POS_EMBED_SINUSOID);
    cr_assert(c->no_qkv_bias && !c->layer_scale && c->value_residual);
    const struct vit_preprocess_config *r = &file.preprocess;
    cr_assert(r->channels == 1 && r->height == 8 && r->width == 16 && r->crop_pct == 1);
    cr_assert(r->interpolation == VIT_INTERPOLATION_BILINEAR &&
              r->crop_mode == VIT_CROP_MODE_SQUASH);
    cr_assert(r->mean[0] == 0 && r->std[0] == 1 && r->size == sizeof *r);
    count_checks(9);
}

Test(config_series, every_field_has_its_effect)
{
    struct parsed_config file =
        expect_config("{" NEEDED ",\"qkv_bias\":true,\"qk_scale\":0.31,\"act\":\"relu\","
                      "\"layer_norm_eps\":1e-6,\"attention_value_skip\":false,"
                      "\"pos_embed\":\"learned\",\"id2label\":{\"1\":\"dog\",\"0\":\"cat\"},"
                      "\"pretrained_cfg\":{\"mean\":[0.5],\"std\":[0.25],\"crop_pct\":0.9,"
                      "\"crop_mode\":\"center\",\"interpolation\":\"bicubic\"}}",
                      NULL);
    const struct vit_config *c = &file.config;
    cr_assert(!c->no_qkv_bias && c->qk_scale == 0.31f && c->activation == VIT_ACTIVATION_RELU);
    cr_assert(c->eps == 1e-6f && !c->value_residual && c->pos_embed == VIT_POS_EMBED_LEARNED);
    cr_assert(file.preprocess.mean[0] == 0.5f && file.preprocess.std[0] == 0.25f);
    cr_assert(file.preprocess.crop_mode == VIT_CROP_MODE_CENTER && file.preprocess.crop_pct == 0.9);
    cr_assert_eq(file.labels.count, 2);
    cr_assert_str_eq(file.labels.text[0], "cat");
    cr_assert_str_eq(file.labels.text[1], "dog");
    labels_free(&file.labels);
    count_checks(8);
}

Test(config_series, the_token_transformers_have_the_heads_of_the_blocks)
{
    const struct parsed_config file = expect_config(
        "{\"model_type\":\"series_t2t_vit\",\"img_size\":[3,32,32],\"token_len\":10,\"preds\":2,"
        "\"num_heads\":2,\"hidden_chan_mul\":1,\"depth\":1,\"softsplit_kernels\":[7,3,3],"
        "\"token_chan\":8,\"t2t_hidden_chan_mul\":1.5}",
        NULL);

    cr_assert(file.config.t2t_heads == 2 && file.config.t2t_mlp_dim == 12 &&
              file.config.patch == 16);
    expect_rejected_config("{\"model_type\":\"series_vit\",\"img_size\":[1,8,16,3]}", NULL,
                           VIT_EFORMAT, "img_size: expected an array of three positive integers");
    count_checks(1);
}

Test(config_series, a_scale_of_null_or_0_is_the_default)
{
    static const char *const values[] = { "null", "0" };

    for (size_t i = 0; i < 2; i++) {
        char text[512];
        snprintf(text, sizeof text, "{" NEEDED ",\"qk_scale\":%s}", values[i]);
        cr_assert_eq(expect_config(text, NULL).config.qk_scale, 0);
    }
    expect_rejected_config("{" NEEDED ",\"qk_scale\":1e-60}", NULL, VIT_EFORMAT,
                           "qk_scale: expected a number in the range of float32");
    expect_rejected_config("{" NEEDED ",\"qk_scale\":1e60}", NULL, VIT_EFORMAT, "qk_scale");
    count_checks(2);
}

Test(config_series, the_message_names_a_missing_required_field)
{
    static const char *const needed[][2] = {
        { "img_size", "[1,8,16]" }, { "patch_size", "4" }, { "token_len", "10" },
        { "preds", "2" },           { "num_heads", "2" },  { "hidden_chan_mul", "1.5" },
        { "depth", "3" },
    };
    enum { KEYS = sizeof needed / sizeof *needed };

    for (size_t missing = 0; missing < KEYS; missing++) {
        char text[512] = "{\"model_type\":\"series_vit\"", words[64];
        for (size_t i = 0; i < KEYS; i++)
            if (i != missing)
                snprintf(text + strlen(text), sizeof text - strlen(text), ",\"%s\":%s",
                         needed[i][0], needed[i][1]);
        snprintf(text + strlen(text), sizeof text - strlen(text), "}");
        snprintf(words, sizeof words, "%s: expected a value, found none", needed[missing][0]);
        expect_rejected_config(text, NULL, VIT_EFORMAT, words);
    }
}

Test(config_series, unknown_fields_and_values_are_unsupported)
{
    expect_rejected_config("{" NEEDED ",\"dropout\":0.1}", NULL, VIT_EUNSUPPORTED,
                           "dropout: unknown field");
    expect_rejected_config(
        "{" NEEDED ",\"act\":\"Gaussian\"}", NULL, VIT_EUNSUPPORTED,
        "act: expected a class of torch.nn.modules.activation, such as \"GELU\", found "
        "\"Gaussian\"");
    expect_rejected_config("{" NEEDED ",\"pos_embed\":\"none\"}", NULL, VIT_EUNSUPPORTED,
                           "pos_embed: expected one of \"sinusoid\", \"learned\", found \"none\"");
    expect_rejected_config("{" NEEDED ",\"act\":null}", NULL, VIT_EFORMAT,
                           "act: expected a string, found null");
    expect_rejected_config("{" NEEDED ",\"qkv_bias\":null}", NULL, VIT_EFORMAT,
                           "qkv_bias: expected true or false");
    expect_rejected_config("{" NEEDED ",\"layer_norm_eps\":-1}", NULL, VIT_EFORMAT,
                           "eps: expected 0 to 3.402823466e+38, found -1");
    expect_rejected_config("{" NEEDED ",\"pretrained_cfg\":1}", NULL, VIT_EFORMAT,
                           "pretrained_cfg: expected an object");
}

Test(config_series, there_must_be_one_label_per_class)
{
    expect_rejected_config("{" NEEDED ",\"id2label\":[\"a\"]}", NULL, VIT_EFORMAT,
                           "expected 2 labels, one per class, found 1");
    expect_rejected_config("{" NEEDED ",\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"}}", NULL,
                           VIT_EFORMAT,
                           "id2label: expected numbers of classes from 0 to 1, found \"2\"");
    expect_rejected_config("{" NEEDED ",\"id2label\":{\"0\":\"a\",\"01\":\"c\"}}", NULL,
                           VIT_EFORMAT,
                           "id2label: expected numbers of classes from 0 to 1, found \"01\"");
    expect_rejected_config("{" NEEDED ",\"id2label\":{\"0\":\"a\",\"1\":true}}", NULL, VIT_EFORMAT,
                           "id2label.1: expected a string, a number or null, found");
    expect_rejected_config("{" NEEDED ",\"id2label\":[\"a\",true]}", NULL, VIT_EFORMAT,
                           "id2label.1: expected a string, a number or null, found true");
}

Test(config_series, labels_may_be_numbers_or_null)
{
    struct parsed_config file =
        expect_config("{" NEEDED ",\"id2label\":{\"0\":7,\"1\":null}}", NULL);

    cr_assert_eq(file.labels.count, 2);
    cr_assert_str_eq(file.labels.text[0], "7");
    cr_assert_null(file.labels.text[1]);
    labels_free(&file.labels);
    file = expect_config("{" NEEDED ",\"id2label\":{\"0\":-0.5,\"1\":0.1}}", NULL);
    cr_assert_str_eq(file.labels.text[0], "-0.5");
    cr_assert_str_eq(file.labels.text[1], "0.1");
    labels_free(&file.labels);
    file = expect_config("{" NEEDED ",\"id2label\":null}", NULL);
    cr_assert_eq(file.labels.count, 0);
    count_checks(6);
}
