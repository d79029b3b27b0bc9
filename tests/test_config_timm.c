/* test_config_timm.c - config.json of timm's snapshots: architecture, model_args, pretrained_cfg */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/counts.h"
#include "tests/expect_config.h"

#define TIMM(rest)  "{\"architecture\":\"vit_tiny_patch16_224\"" rest "}"
#define ARGS(args)  TIMM(",\"model_args\":{" args "}")
#define BASE        "vit_base_patch16_224"
#define DISTILLED   "deit_tiny_distilled_patch16_224"
#define RECIPE(cfg) TIMM(",\"pretrained_cfg\":{" cfg "}")

Test(config_timm, the_name_alone_is_sufficient)
{
    struct parsed_config file = expect_config(TIMM(""), NULL);

    const struct vit_preprocess_config *r = &file.preprocess;
    cr_assert(file.config.dim == 192 && file.config.classes == 1000);
    cr_assert(r->size == sizeof *r && r->channels == 3 && r->height == 224 && r->width == 224);
    cr_assert(r->interpolation == VIT_INTERPOLATION_BICUBIC &&
              r->crop_mode == VIT_CROP_MODE_CENTER);
    cr_assert(r->crop_pct == 0.875 && r->mean[0] == 0.485f && r->std[2] == 0.225f);
    count_checks(4);
}

Test(config_timm, null_stands_for_no_arguments)
{
    struct parsed_config file = expect_config(TIMM(",\"model_args\":null"), NULL);

    cr_assert(file.config.dim == 192 && file.config.classes == 1000);
    count_checks(1);
}

Test(config_timm, arguments_override_the_architecture)
{
    struct parsed_config file = expect_config(
        "{\"architecture\":\"vit_base_patch16_224\",\"num_classes\":5,\"model_args\":{"
        "\"img_size\":[32,48],\"patch_size\":[8,8],\"in_chans\":1,\"embed_dim\":60,\"depth\":3,"
        "\"num_heads\":5,\"mlp_ratio\":2.49,\"qkv_bias\":false,\"init_values\":1e-5,"
        "\"act_layer\":\"quick_gelu\",\"num_classes\":7,\"drop_rate\":0.3,\"fc_norm\":null,"
        "\"class_token\":true},\"pretrained_cfg\":{\"input_size\":[3,64,64],\"mean\":[0.5],"
        "\"std\":[0.25],\"interpolation\":\"bilinear\",\"crop_mode\":\"squash\",\"crop_pct\":1,"
        "\"num_classes\":9,\"url\":null},\"label_names\":[]}",
        NULL);

    const struct vit_config *c = &file.config;
    cr_assert(c->height == 32 && c->width == 48 && c->patch == 8 && c->channels == 1);
    cr_assert(c->dim == 60 && c->depth == 3 && c->heads == 5 && c->mlp_dim == 149);
    cr_assert(c->no_qkv_bias && c->layer_scale && c->activation == VIT_ACTIVATION_GELU_QUICK);
    cr_assert_eq(c->classes, 7);
    cr_assert_eq(file.labels.count, 0);
    const struct vit_preprocess_config *r = &file.preprocess;
    cr_assert(r->channels == 1 && r->height == 32 && r->width == 48 && r->crop_pct == 1);
    cr_assert(r->interpolation == VIT_INTERPOLATION_BILINEAR &&
              r->crop_mode == VIT_CROP_MODE_SQUASH);
    cr_assert(r->mean[0] == 0.5f && r->std[0] == 0.25f);
    count_checks(7);
}

Test(config_timm, a_fixed_input_size_is_the_models_size)
{
    struct parsed_config file =
        expect_config(RECIPE("\"input_size\":[3,64,96],\"fixed_input_size\":true"), NULL);

    cr_assert(file.config.height == 64 && file.config.width == 96);
    file = expect_config(RECIPE("\"input_size\":[3,64,96]"), NULL);
    cr_assert(file.config.height == 224 && file.preprocess.height == 224);
    count_checks(2);
}

Test(config_timm, older_snapshots_have_pretrained_cfg_in_the_root)
{
    struct parsed_config file = expect_config(
        TIMM(",\"num_classes\":4,\"mean\":[0.1,0.2,0.3],\"crop_pct\":0.5,\"std\":null"), NULL);

    cr_assert(file.config.classes == 4 && file.preprocess.mean[1] == 0.2f);
    cr_assert(file.preprocess.crop_pct == 0.5 && file.preprocess.std[0] == 0.229f);
    count_checks(2);
}

/* The configuration of an architecture with these model_args. */
static struct vit_config with(const char *name, const char *args)
{
    struct parsed_config file;
    char text[512];

    snprintf(text, sizeof text, "{\"architecture\":\"%s\",\"model_args\":{%s}}", name, args);
    file = expect_config(text, NULL);
    return file.config;
}

Test(config_timm, arguments_that_change_the_computation_have_their_effect)
{
    struct vit_config c = with(BASE, "\"reg_tokens\":4,\"no_embed_class\":true,\"qk_norm\":true");
    cr_assert(c.registers == 4 && c.pos_embed_scope == VIT_POS_EMBED_SCOPE_PATCHES && c.qk_norm);
    c = with("vit_base_patch14_reg4_dinov2", "\"no_embed_class\":false,\"init_values\":null");
    cr_assert(c.registers == 4 && c.pos_embed_scope == VIT_POS_EMBED_SCOPE_ALL && !c.layer_scale);
    cr_assert_not(with("vit_base_patch14_reg4_dinov2", "\"init_values\":0").layer_scale);
    c = with(BASE, "\"pos_embed\":\"none\",\"final_norm\":false,\"act_layer\":\"silu\"");
    cr_assert(c.pos_embed == VIT_POS_EMBED_NONE && c.final_norm == VIT_FINAL_NORM_NONE);
    cr_assert(c.activation == VIT_ACTIVATION_SILU && c.pool == VIT_POOL_CLASS);
    c = with(BASE, "\"pre_norm\":true");
    cr_assert(c.pre_norm && c.no_patch_bias && c.eps == 1e-6f);
    c = with("vit_base_patch16_clip_224", "\"pre_norm\":false");
    cr_assert(!c.pre_norm && !c.no_patch_bias && c.eps == 1e-5f);
    c = with("vit_base_patch16_clip_quickgelu_224",
             "\"norm_layer\":\"layernorm\",\"act_layer\":null");
    cr_assert(c.eps == 1e-6f && c.activation == VIT_ACTIVATION_GELU);
    c = with(BASE, "\"num_classes\":0,\"dynamic_img_size\":true,\"attn_layer\":\"attn\"");
    cr_assert_eq(c.classes, 0);
    c = with("vit_base_patch14_dinov2", "\"patch_size\":[32,32],\"img_size\":64");
    cr_assert(c.patch == 32 && c.height == 64 && c.layer_scale);
    count_checks(9);
}

Test(config_timm, the_mlp_width_follows_from_the_ratio_of_the_architecture)
{
    struct vit_config c = with("vit_giant_patch14_clip_224", "\"embed_dim\":352");
    cr_assert(c.mlp_dim == 1536 && !c.gated_mlp);
    c = with("vit_giant_patch14_reg4_dinov2", "\"embed_dim\":96,\"num_heads\":3");
    cr_assert(c.mlp_dim == 256 && c.gated_mlp && c.activation == VIT_ACTIVATION_SILU);
    c = with("vit_giant_patch14_dinov2", "\"mlp_layer\":\"Mlp\",\"mlp_ratio\":4");
    cr_assert(c.mlp_dim == 4 * 1536 && !c.gated_mlp);
    c = with(BASE, "\"mlp_layer\":\"SwiGLUPacked\",\"mlp_ratio\":5.33334");
    cr_assert(c.mlp_dim == 2048 && c.gated_mlp && c.activation == VIT_ACTIVATION_GELU);
    count_checks(4);
    expect_rejected_config(ARGS("\"mlp_layer\":\"SwiGLUPacked\",\"mlp_ratio\":1.006"), NULL,
                           VIT_EFORMAT,
                           "mlp_ratio: expected an even width for SwiGLUPacked, found 193");
}

Test(config_timm, the_norm_follows_pooling_over_patches_unless_arguments_change_it)
{
    static const struct {
        const char *name, *args;
        enum vit_pool pool;
        enum vit_final_norm norm;
    } known[] = {
        { BASE, "\"global_pool\":\"token\"", VIT_POOL_CLASS, VIT_FINAL_NORM_TOKENS },
        { BASE, "\"global_pool\":\"avg\"", VIT_POOL_MEAN, VIT_FINAL_NORM_POOLED },
        { BASE, "\"global_pool\":\"avg\",\"fc_norm\":null", VIT_POOL_MEAN, VIT_FINAL_NORM_POOLED },
        { BASE, "\"global_pool\":\"avg\",\"fc_norm\":false", VIT_POOL_MEAN, VIT_FINAL_NORM_TOKENS },
        { BASE, "\"global_pool\":\"max\"", VIT_POOL_MAX, VIT_FINAL_NORM_POOLED },
        { BASE, "\"global_pool\":\"avgmax\"", VIT_POOL_MEAN_AND_MAX, VIT_FINAL_NORM_POOLED },
        { BASE, "\"global_pool\":\"\",\"num_classes\":0", VIT_POOL_NONE, VIT_FINAL_NORM_TOKENS },
        { BASE, "\"fc_norm\":true", VIT_POOL_CLASS, VIT_FINAL_NORM_POOLED },
        { BASE, "\"fc_norm\":true,\"final_norm\":false", VIT_POOL_CLASS, VIT_FINAL_NORM_NONE },
        { BASE, "\"global_pool\":\"avg\",\"pool_include_prefix\":true", VIT_POOL_MEAN_ALL,
          VIT_FINAL_NORM_POOLED },
        { BASE, "\"pool_include_prefix\":true", VIT_POOL_CLASS, VIT_FINAL_NORM_TOKENS },
        { BASE, "\"global_pool\":\"map\",\"class_token\":false", VIT_POOL_MAP,
          VIT_FINAL_NORM_TOKENS },
        { BASE, "\"global_pool\":\"map\"", VIT_POOL_MAP, VIT_FINAL_NORM_TOKENS },
        { "vit_base_patch16_siglip_gap_224", "", VIT_POOL_MEAN, VIT_FINAL_NORM_TOKENS },
        { "vit_base_patch16_siglip_gap_224", "\"fc_norm\":null", VIT_POOL_MEAN,
          VIT_FINAL_NORM_POOLED },
        { "vit_base_patch16_siglip_224", "\"global_pool\":\"avg\"", VIT_POOL_MEAN,
          VIT_FINAL_NORM_POOLED },
        { "eva_large_patch14_196", "\"global_pool\":\"token\"", VIT_POOL_CLASS,
          VIT_FINAL_NORM_TOKENS },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct vit_config c = with(known[i].name, known[i].args);
        cr_assert(c.pool == known[i].pool && c.final_norm == known[i].norm, "%s %s", known[i].name,
                  known[i].args);
        count_checks(1);
    }
}

Test(config_timm, pretrained_cfg_sets_the_pooling_if_the_architecture_does_not)
{
    static const char text[] = "{\"architecture\":\"%s\",\"pretrained_cfg\":{\"global_pool\":\"%s\""
                               "},\"model_args\":{%s}}";
    struct parsed_config file;
    char json[256];

    snprintf(json, sizeof json, text, BASE, "avg", "");
    file = expect_config(json, NULL);
    cr_assert(file.config.pool == VIT_POOL_MEAN && file.config.final_norm == VIT_FINAL_NORM_POOLED);
    snprintf(json, sizeof json, text, BASE, "avg", "\"global_pool\":\"token\"");
    file = expect_config(json, NULL);
    cr_assert(file.config.pool == VIT_POOL_CLASS &&
              file.config.final_norm == VIT_FINAL_NORM_TOKENS);
    snprintf(json, sizeof json, text, "vit_base_patch16_siglip_224", "token", "");
    file = expect_config(json, NULL);
    cr_assert(file.config.pool == VIT_POOL_MAP);
    count_checks(3);
}

Test(config_timm, the_global_pool_in_the_root_must_agree)
{
    struct parsed_config file = expect_config(TIMM(",\"global_pool\":\"avg\",\"pretrained_cfg\":{},"
                                                   "\"model_args\":{\"global_pool\":\"avg\"}"),
                                              NULL);

    cr_assert_eq(file.config.pool, VIT_POOL_MEAN);
    expect_rejected_config(TIMM(",\"global_pool\":\"avg\",\"pretrained_cfg\":{}"), NULL,
                           VIT_EFORMAT,
                           "global_pool: expected \"token\", as the architecture and model_args "
                           "have it, found \"avg\"");
    expect_rejected_config(
        "{\"architecture\":\"vit_base_patch16_siglip_224\",\"global_pool\":\"token\"}", NULL,
        VIT_EFORMAT, "global_pool: expected \"map\"");
    count_checks(1);
}

Test(config_timm, the_last_num_classes_counts_and_may_be_0)
{
    struct parsed_config file =
        expect_config(TIMM(",\"num_classes\":0,\"pretrained_cfg\":{\"num_classes\":9}"), NULL);

    cr_assert_eq(file.config.classes, 0);
    file = expect_config(TIMM(",\"pretrained_cfg\":{\"num_classes\":0}"), NULL);
    cr_assert_eq(file.config.classes, 0);
    file = expect_config(TIMM(",\"num_classes\":0,\"model_args\":{\"num_classes\":5}"), NULL);
    cr_assert_eq(file.config.classes, 5);
    count_checks(3);
}

Test(config_timm, arguments_cannot_change_the_tokens_of_a_distilled_model)
{
    static const char *const changes[][2] = {
        { "\"class_token\":false", "model_args.class_token: expected true, found false" },
        { "\"global_pool\":\"avg\"", "model_args.global_pool: expected \"token\", found \"avg\"" },
        { "\"reg_tokens\":4", "model_args.reg_tokens: expected 0, found 4" },
        { "\"no_embed_class\":true", "model_args.no_embed_class: expected false, found true" },
        { "\"pos_embed\":\"none\"", "model_args.pos_embed: expected \"learn\", found \"none\"" },
        { "\"fc_norm\":true", "model_args.fc_norm: expected false, found true" },
    };
    const struct vit_config c =
        with(DISTILLED, "\"class_token\":true,\"reg_tokens\":0,\"fc_norm\":null,\"depth\":3");

    cr_assert(c.class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION && c.depth == 3);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"architecture\":\"%s\",\"model_args\":{%s}}", DISTILLED,
                 changes[i][0]);
        expect_rejected_config(text, NULL, VIT_EUNSUPPORTED, changes[i][1]);
    }
    count_checks(1);
}

Test(config_timm, each_field_has_its_source)
{
    struct parsed_config file = expect_config(
        TIMM(",\"num_classes\":3,\"pretrained_cfg\":{\"input_size\":[3,64,64],"
             "\"fixed_input_size\":true},\"model_args\":{\"patch_size\":8,\"embed_dim\":48,"
             "\"class_token\":false,\"global_pool\":\"avg\",\"act_layer\":\"relu\"}"),
        NULL);

    expect_source(&file, "channels", "config.json: pretrained_cfg.input_size");
    expect_source(&file, "height", "config.json: pretrained_cfg.input_size");
    expect_source(&file, "patch", "config.json: model_args.patch_size");
    expect_source(&file, "dim", "config.json: model_args.embed_dim");
    expect_source(&file, "mlp_dim", "config.json: model_args.embed_dim");
    expect_source(&file, "class_tokens", "config.json: model_args.class_token");
    expect_source(&file, "pool", "config.json: model_args.global_pool");
    expect_source(&file, "final_norm", "config.json: model_args.global_pool");
    expect_source(&file, "activation", "config.json: model_args.act_layer");
    expect_source(&file, "classes", "config.json: num_classes");
    expect_source(&file, "depth", "the architecture's name");
    expect_source(&file, "eps", "the architecture's name");
}

Test(config_timm, arguments_that_cannot_be_computed_are_unsupported)
{
    static const char *const changes[][2] = {
        { "\"global_pool\":\"\"", "global_pool: expected a pooling, found \"\" with 1000 classes" },
        { "\"global_pool\":\"prr\"",
          "model_args.global_pool: expected one of \"token\", \"avg\", \"max\", \"map\", "
          "\"avgmax\", \"\", found \"prr\"" },
        { "\"global_pool\":\"avgmax\",\"pool_include_prefix\":true",
          "pool_include_prefix: expected false with global_pool \"avgmax\"" },
        { "\"global_pool\":\"map\",\"pool_include_prefix\":true",
          "pool_include_prefix: expected false with global_pool" },
        { "\"global_pool\":\"max\",\"pool_include_prefix\":true",
          "pool_include_prefix: expected false with global_pool" },
        { "\"global_pool\":\"map\",\"class_token\":false,\"mlp_layer\":\"SwiGLUPacked\"",
          "global_pool: expected another than \"map\" with a gated MLP, found it" },
        { "\"pos_embed\":\"rope\"",
          "model_args.pos_embed: expected one of \"learn\", \"none\", \"\", found \"rope\"" },
        { "\"scale_attn_norm\":true", "model_args.scale_attn_norm: expected false, found true" },
        { "\"scale_mlp_norm\":true", "model_args.scale_mlp_norm: expected false, found true" },
        { "\"attn_layer\":\"diff\"",
          "model_args.attn_layer: expected \"attn\" or \"\", found \"diff\"" },
        { "\"embed_norm_layer\":\"layernorm\"", "model_args.embed_norm_layer" },
        { "\"norm_layer\":\"rmsnorm\"",
          "model_args.norm_layer: expected null or \"layernorm\" or \"LayerNorm\", found" },
        { "\"act_layer\":\"hard_mish\"", "model_args.act_layer: expected a class of" },
        { "\"mlp_layer\":\"SwiGLU\"",
          "expected one of \"Mlp\", \"SwiGLUPacked\", found \"SwiGLU\"" },
        { "\"patch_size\":[8,16]",
          "model_args.patch_size: expected equal height and width, found [8,16]" },
        { "\"block_fn\":\"ParallelScalingBlock\"", "model_args.block_fn: unknown field" },
        { "\"rope\":{}", "model_args.rope: unknown field" },
    };

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[256];
        snprintf(text, sizeof text, ARGS("%s"), changes[i][0]);
        expect_rejected_config(text, NULL, VIT_EUNSUPPORTED, changes[i][1]);
    }
    expect_rejected_config(TIMM(",\"global_pool\":\"catavgmax\""), NULL, VIT_EUNSUPPORTED,
                           "found \"catavgmax\"");
    expect_rejected_config("{\"architecture\":\"vit_base_patch16_rope_225x\"}", NULL,
                           VIT_EUNSUPPORTED,
                           "architecture: expected one without rotary positions, found "
                           "\"vit_base_patch16_rope_225x\"");
    expect_rejected_config(RECIPE("\"interpolation\":\"lanczos\""), NULL, VIT_EUNSUPPORTED,
                           "pretrained_cfg.interpolation: expected one of \"bicubic\", "
                           "\"bilinear\", found \"lanczos\"");
    expect_rejected_config(RECIPE("\"crop_mode\":\"border\""), NULL, VIT_EUNSUPPORTED,
                           "pretrained_cfg.crop_mode");
}

Test(config_timm, a_wrong_value_has_a_message_with_what_was_expected_and_found)
{
    static const char *const wrong[][2] = {
        { "\"img_size\":null",
          "model_args.img_size: expected a positive integer or [height, width]" },
        { "\"img_size\":[1,2,3]", "found [1,2,3]" },
        { "\"img_size\":[32,\"x\"]",
          "model_args.img_size: expected a positive integer or [height, width]" },
        { "\"depth\":-3", "model_args.depth: expected 0 or a positive integer, found -3" },
        { "\"depth\":2.0", "found 2.0" },
        { "\"depth\":4294967297", "found 4294967297" },
        { "\"depth\":2000", "depth: expected 0 to 1024, found 2000" },
        { "\"qkv_bias\":1", "model_args.qkv_bias: expected true or false, found 1" },
        { "\"mlp_ratio\":\"4\"", "model_args.mlp_ratio: expected a number" },
        { "\"mlp_ratio\":-1",
          "model_args.mlp_ratio: expected an MLP width from 1 to 262144, found -192" },
        { "\"mlp_ratio\":1e300", "(1e+300 times 192)" },
        { "\"init_values\":true", "model_args.init_values: expected a number or null" },
        { "\"act_layer\":3", "model_args.act_layer: expected a string" },
        { "\"class_token\":false",
          "class_tokens: expected a class token for pool class, found none" },
        { "\"class_token\":1", "model_args.class_token: expected true or false, found 1" },
        { "\"fc_norm\":\"x\"", "model_args.fc_norm: expected true, false or null, found \"x\"" },
        { "\"reg_tokens\":-1", "model_args.reg_tokens: expected 0 or a positive integer" },
        { "\"reg_tokens\":5000", "registers: expected 0 to 1024, found 5000" },
        { "\"num_classes\":-1", "model_args.num_classes: expected 0 or a positive integer" },
        { "\"dynamic_img_size\":true,\"img_size\":225",
          "height: expected a multiple of patch, 16, found 225" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[256];
        snprintf(text, sizeof text, ARGS("%s"), wrong[i][0]);
        expect_rejected_config(text, NULL, VIT_EFORMAT, wrong[i][1]);
    }
    expect_rejected_config(TIMM(",\"model_args\":[]"), NULL, VIT_EFORMAT,
                           "model_args: expected an object");
    expect_rejected_config(TIMM(",\"pretrained_cfg\":1"), NULL, VIT_EFORMAT,
                           "pretrained_cfg: expected an object");
    expect_rejected_config(RECIPE("\"mean\":[0.5]"), NULL, VIT_EFORMAT,
                           "pretrained_cfg.mean: expected 3 numbers, one per channel, found 1");
    expect_rejected_config(RECIPE("\"std\":[1,0,1]"), NULL, VIT_EFORMAT,
                           "pretrained_cfg.std: expected finite numbers above 0, found 0");
    expect_rejected_config(RECIPE("\"mean\":[1,\"x\",1]"), NULL, VIT_EFORMAT,
                           "expected an array of numbers");
    expect_rejected_config(RECIPE("\"crop_pct\":1.5"), NULL, VIT_EFORMAT,
                           "pretrained_cfg.crop_pct");
    expect_rejected_config(RECIPE("\"input_size\":[3,224]"), NULL, VIT_EFORMAT,
                           "expected an array of three positive integers");
    expect_rejected_config(ARGS("\"in_chans\":1"), NULL, VIT_EFORMAT,
                           "pretrained_cfg.mean: expected a number for 1 channel");
    expect_rejected_config("{\"architecture\":1}", NULL, VIT_EFORMAT,
                           "architecture: expected a string");
}

Test(config_timm, sizes_that_the_patch_does_not_divide_lose_their_edges)
{
    const struct vit_config c = with("vit_so400m_patch14_siglip_384", "");

    cr_assert(c.crop_to_patches && c.height == 384 && c.patch == 14);
    cr_assert_not(with("vit_so400m_patch14_siglip_384", "\"img_size\":378").crop_to_patches);
    cr_assert(with(BASE, "\"img_size\":[224,100]").crop_to_patches);
    expect_rejected_config(ARGS("\"img_size\":100,\"dynamic_img_size\":true"), NULL, VIT_EFORMAT,
                           "height: expected a multiple of patch, 16, found 100");
    count_checks(3);
}

Test(config_timm, proj_bias_is_of_the_mlp_too)
{
    struct parsed_config file = expect_config(ARGS("\"proj_bias\":false"), NULL);

    cr_assert(file.config.no_proj_bias && file.config.no_mlp_bias && !file.config.no_qkv_bias);
    expect_source(&file, "no_mlp_bias", "config.json: model_args.proj_bias");
    cr_assert_not(with(BASE, "\"proj_bias\":true").no_mlp_bias);
    count_checks(2);
}

Test(config_timm, three_means_of_a_gray_model_count_if_they_are_equal)
{
    static const char text[] = "{\"architecture\":\"vit_tiny_patch16_224\",\"model_args\":{"
                               "\"in_chans\":1},\"pretrained_cfg\":{\"mean\":[%s],\"std\":[%s]}}";
    char json[256];

    snprintf(json, sizeof json, text, "0.5,0.5,0.5", "0.25,0.25,0.25");
    struct parsed_config file = expect_config(json, NULL);
    cr_assert(file.preprocess.mean[0] == 0.5f && file.preprocess.std[0] == 0.25f);
    static const char *const differ[] = { "0.485,0.456,0.406", "0.5,0.5,0.4", "0.4,0.5,0.5" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(json, sizeof json, text, differ[i], "0.25,0.25,0.25");
        file = expect_config(json, NULL);
        cr_assert(file.config.channels == 1 && file.preprocess.std[0] == 0); /* cannot preprocess */
    }
    expect_rejected_config("{\"architecture\":\"vit_tiny_patch16_224\",\"pretrained_cfg\":{"
                           "\"mean\":[0.5,0.5,0.5,0.5]}}",
                           NULL, VIT_EFORMAT,
                           "pretrained_cfg.mean: expected 3 numbers, one per channel, found 4");
    count_checks(4);
}

/* Where timm finds labels; the names of golden/timm-labels-cfg in ../shared. */
Test(config_timm, labels_are_label_names)
{
    static const struct {
        const char *json, *second;
    } cases[] = {
        { ",\"label_names\":[\"a hook\",\"caf\u00e9 \\\"au lait\\\"\"]", "caf\u00e9 \"au lait\"" },
        { ",\"label_names\":{\"1\":\"shrew\",\"0\":\"a hook\"}", "shrew" },
        { ",\"pretrained_cfg\":{\"label_names\":[\"a\",\"b\"]}", "b" },
        { ",\"label_names\":[\"a\",\"x\"],\"pretrained_cfg\":{\"label_names\":[\"a\",\"b\"]}",
          "x" },
        { ",\"label_names\":null,\"pretrained_cfg\":{\"label_names\":[\"a\",\"b\"]}", "b" },
        { ",\"labels\":[\"a\",\"old\"]", "old" },
        { ",\"labels\":[\"a\",\"old\"],\"pretrained_cfg\":{}", NULL },
        { ",\"label_names\":[\"a\",\"b\"],\"id2label\":{\"0\":\"x\",\"1\":\"y\"}", "b" },
        { ",\"id2label\":{\"0\":\"x\",\"1\":\"y\"}", "y" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char json[256];
        snprintf(json, sizeof json, TIMM(",\"num_classes\":2%s"), cases[i].json);
        struct parsed_config file = expect_config(json, NULL);
        cr_assert_eq(file.labels.count, cases[i].second ? 2 : 0, "%s", json);
        if (cases[i].second)
            cr_assert_str_eq(file.labels.text[1], cases[i].second);
        labels_free(&file.labels);
        count_checks(1);
    }
    /* save_config_for_hf: "can be a dict id: name if there are id gaps" */
    struct parsed_config gaps =
        expect_config(TIMM(",\"num_classes\":4,\"label_names\":{\"0\":\"a\",\"3\":\"d\"}"), NULL);
    cr_assert_eq(gaps.labels.count, 4);
    cr_assert(!gaps.labels.text[1] && !gaps.labels.text[2]);
    cr_assert_str_eq(gaps.labels.text[3], "d");
    labels_free(&gaps.labels);
    expect_rejected_config(TIMM(",\"num_classes\":2,\"label_names\":{\"2\":\"c\"}"), NULL,
                           VIT_EFORMAT,
                           "label_names: expected numbers of classes from 0 to 1, found \"2\"");
    /* a table of all classes would be far beyond the file */
    expect_rejected_config(TIMM(",\"num_classes\":16777216,\"label_names\":{\"2\":\"c\"}"), NULL,
                           VIT_EFORMAT,
                           "label_names: expected 16777216 labels, one per class, found 1");
    struct parsed_config none = expect_config(TIMM(",\"num_classes\":2,\"label_names\":{}"), NULL);
    cr_assert_eq(none.labels.count, 0);
    labels_free(&none.labels);
    expect_rejected_config(TIMM(",\"num_classes\":2,\"label_names\":[\"a\"]"), NULL, VIT_EFORMAT,
                           "label_names: expected 2 labels, one per class, found 1");
    expect_rejected_config(TIMM(",\"num_classes\":1,\"pretrained_cfg\":{\"label_names\":\"a\"}"),
                           NULL, VIT_EFORMAT,
                           "pretrained_cfg.label_names: expected an object or an array");
}

Test(config_timm, label_descriptions_are_by_label)
{
    char json[256];

    for (size_t i = 0; i < 2; i++) {
        snprintf(
            json, sizeof json, TIMM(",\"num_classes\":2,\"label_names\":[\"n1\",\"n2\"],%s"),
            i == 0 ? "\"label_descriptions\":{\"n2\":\"tench, Tinca tinca\"}"
                   : "\"pretrained_cfg\":{\"label_descriptions\":{\"n2\":\"tench, Tinca tinca\"}}");
        struct parsed_config file = expect_config(json, NULL);
        cr_assert_null(file.labels.description[0]);
        cr_assert_str_eq(file.labels.description[1], "tench, Tinca tinca");
        labels_free(&file.labels);
    }
    expect_rejected_config(
        TIMM(",\"num_classes\":1,\"label_names\":[\"a\"],\"label_descriptions\":[]"), NULL,
        VIT_EFORMAT, "label_descriptions: expected an object");
    expect_rejected_config(
        TIMM(",\"num_classes\":1,\"label_names\":[\"a\"],\"label_descriptions\":{\"a\":1}"), NULL,
        VIT_EFORMAT, "label_descriptions.a: expected a string");
    count_checks(4);
}
