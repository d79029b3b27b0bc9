/* test_config_series.c - config.json of the series' own models, and labels in it */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/config.h"
#include "tests/counts.h"

#define NEEDED                                                                                     \
    "\"model_type\":\"series_vit\",\"img_size\":[1,8,16],\"patch_size\":4,\"token_len\":10,"       \
    "\"preds\":2,\"num_heads\":2,\"hidden_chan_mul\":1.55,\"depth\":3"

static enum vit_status parse(const char *text, struct config_file *file, struct vit_error *err)
{
    return config_parse(&(struct text_file){ "config.json", text, strlen(text) }, NULL, NULL, file,
                        err);
}

static void refuses(const char *text, enum vit_status status, const char *words)
{
    struct config_file file;
    struct vit_error err = { 0 };

    cr_assert_eq(parse(text, &file, &err), status, "%s: %s", text, err.message);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    tally(2);
}

Test(config_series, the_needed_keys_are_enough)
{
    struct config_file file;

    cr_assert_eq(parse("{" NEEDED "}", &file, NULL), VIT_OK);
    const struct vit_config *c = &file.config;
    cr_assert(c->channels == 1 && c->height == 8 && c->width == 16 && c->patch == 4);
    cr_assert(c->dim == 10 && c->classes == 2 && c->heads == 2 && c->mlp_dim == 15);
    cr_assert(c->depth == 3 && c->eps == 1e-5f && c->qk_scale == 0);
    cr_assert(c->activation == VIT_ACTIVATION_GELU && c->pos_embed == VIT_POS_EMBED_SINUSOID);
    cr_assert(c->no_qkv_bias && !c->layer_scale && c->value_residual);
    const struct vit_preprocess_config *r = &file.recipe;
    cr_assert(r->channels == 1 && r->height == 8 && r->width == 16 && r->crop_pct == 1);
    cr_assert(r->interpolation == VIT_INTERPOLATION_BILINEAR &&
              r->crop_mode == VIT_CROP_MODE_SQUASH);
    cr_assert(r->mean[0] == 0 && r->std[0] == 1 && r->size == sizeof *r);
    tally(9);
}

Test(config_series, every_key_is_heard)
{
    struct config_file file;

    cr_assert_eq(parse("{" NEEDED ",\"qkv_bias\":true,\"qk_scale\":0.31,\"act\":\"relu\","
                       "\"layer_norm_eps\":1e-6,\"attention_value_skip\":false,"
                       "\"pos_embed\":\"learned\",\"id2label\":{\"1\":\"dog\",\"0\":\"cat\"},"
                       "\"pretrained_cfg\":{\"mean\":[0.5],\"std\":[0.25],\"crop_pct\":0.9,"
                       "\"crop_mode\":\"center\",\"interpolation\":\"bicubic\"}}",
                       &file, NULL),
                 VIT_OK);
    const struct vit_config *c = &file.config;
    cr_assert(!c->no_qkv_bias && c->qk_scale == 0.31f && c->activation == VIT_ACTIVATION_RELU);
    cr_assert(c->eps == 1e-6f && !c->value_residual && c->pos_embed == VIT_POS_EMBED_LEARNED);
    cr_assert(file.recipe.mean[0] == 0.5f && file.recipe.std[0] == 0.25f);
    cr_assert(file.recipe.crop_mode == VIT_CROP_MODE_CENTER && file.recipe.crop_pct == 0.9);
    cr_assert_eq(file.labels.count, 2);
    cr_assert_str_eq(file.labels.text[0], "cat");
    cr_assert_str_eq(file.labels.text[1], "dog");
    labels_free(&file.labels);
    tally(8);
}

Test(config_series, no_scale_and_a_scale_of_0_are_the_default)
{
    struct config_file file = { .config.qk_scale = 7 };

    cr_assert_eq(parse("{" NEEDED ",\"qk_scale\":null}", &file, NULL), VIT_OK);
    cr_assert_eq(file.config.qk_scale, 0);
    cr_assert_eq(parse("{" NEEDED ",\"qk_scale\":0}", &file, NULL), VIT_OK);
    cr_assert_eq(file.config.qk_scale, 0);
    refuses("{" NEEDED ",\"qk_scale\":1e-60}", VIT_EFORMAT, "qk_scale: expected a number within");
    refuses("{" NEEDED ",\"qk_scale\":1e60}", VIT_EFORMAT, "qk_scale");
    tally(4);
}

Test(config_series, each_needed_key_is_missed_by_name)
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
        snprintf(words, sizeof words, "%s is missing", needed[missing][0]);
        refuses(text, VIT_EFORMAT, words);
    }
}

Test(config_series, a_key_or_value_that_is_not_known_is_unsupported)
{
    refuses("{" NEEDED ",\"dropout\":0.1}", VIT_EUNSUPPORTED, "dropout is not known");
    refuses("{" NEEDED ",\"act\":\"elu\"}", VIT_EUNSUPPORTED, "act is \"elu\": supported is");
    refuses("{" NEEDED ",\"pos_embed\":\"none\"}", VIT_EUNSUPPORTED, "pos_embed is \"none\"");
    refuses("{" NEEDED ",\"act\":null}", VIT_EFORMAT, "act: expected a string, found null");
    refuses("{" NEEDED ",\"qkv_bias\":null}", VIT_EFORMAT, "qkv_bias: expected true or false");
    refuses("{" NEEDED ",\"layer_norm_eps\":-1}", VIT_EFORMAT,
            "eps: expected 0 to 3.402823466e+38, found -1");
    refuses("{" NEEDED ",\"pretrained_cfg\":1}", VIT_EFORMAT, "pretrained_cfg: expected an object");
}

Test(config_series, labels_other_than_one_per_class_are_refused)
{
    refuses("{" NEEDED ",\"id2label\":{\"0\":\"a\"}}", VIT_EFORMAT,
            "expected 2 labels, one per class, found 1");
    refuses("{" NEEDED ",\"id2label\":{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"}}", VIT_EFORMAT,
            "expected 2 labels, one per class, found 3");
    refuses("{" NEEDED ",\"id2label\":{\"0\":\"a\",\"2\":\"c\"}}", VIT_EFORMAT,
            "id2label.1: expected a string, found");
    refuses("{" NEEDED ",\"id2label\":{\"0\":\"a\",\"1\":5}}", VIT_EFORMAT,
            "id2label.1: expected a string, found");
    refuses("{" NEEDED ",\"id2label\":[\"a\",\"b\"]}", VIT_EFORMAT, "id2label: expected an object");
}
