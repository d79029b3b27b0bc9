/* test_config_timm.c - config.json of timm's snapshots: the name, model_args, pretrained_cfg */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/config.h"
#include "tests/counts.h"

static void parses(const char *text, struct config_file *file)
{
    struct vit_error err;

    cr_assert_eq(config_parse(&(struct text_file){ "some/config.json", text, strlen(text) }, NULL,
                              NULL, file, &err),
                 VIT_OK, "%s: %s", text, err.message);
    tally(1);
}

static void refuses(const char *text, enum vit_status status, const char *words)
{
    struct config_file file;
    struct vit_error err = { 0 };

    cr_assert_eq(config_parse(&(struct text_file){ "some/config.json", text, strlen(text) }, NULL,
                              NULL, &file, &err),
                 status, "%s: %s", text, err.message);
    cr_assert_eq(err.status, status);
    cr_assert(strstr(err.message, "some/config.json: "), "%s", err.message);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    tally(4);
}

#define TIMM(rest)  "{\"architecture\":\"vit_tiny_patch16_224\"" rest "}"
#define ARGS(args)  TIMM(",\"model_args\":{" args "}")
#define BASE        "vit_base_patch16_224"
#define DISTILLED   "deit_tiny_distilled_patch16_224"
#define RECIPE(cfg) TIMM(",\"pretrained_cfg\":{" cfg "}")

Test(config_timm, a_timm_name_alone_is_enough)
{
    struct config_file file;

    parses(TIMM(""), &file);
    const struct vit_preprocess_config *r = &file.recipe;
    cr_assert(file.config.dim == 192 && file.config.classes == 1000);
    cr_assert(r->size == sizeof *r && r->channels == 3 && r->height == 224 && r->width == 224);
    cr_assert(r->interpolation == VIT_INTERPOLATION_BICUBIC &&
              r->crop_mode == VIT_CROP_MODE_CENTER);
    cr_assert(r->crop_pct == 0.875 && r->mean[0] == 0.485f && r->std[2] == 0.225f);
    tally(4);
}

Test(config_timm, no_arguments_are_null_too)
{
    struct config_file file;

    parses(TIMM(",\"model_args\":null"), &file);
    cr_assert(file.config.dim == 192 && file.config.classes == 1000);
    tally(1);
}

Test(config_timm, timms_arguments_override_its_name)
{
    struct config_file file;

    parses("{\"architecture\":\"vit_base_patch16_224\",\"num_classes\":5,\"model_args\":{"
           "\"img_size\":[32,48],\"patch_size\":[8,8],\"in_chans\":1,\"embed_dim\":60,\"depth\":3,"
           "\"num_heads\":5,\"mlp_ratio\":2.49,\"qkv_bias\":false,\"init_values\":1e-5,"
           "\"act_layer\":\"quick_gelu\",\"num_classes\":7,\"drop_rate\":0.3,\"fc_norm\":null,"
           "\"class_token\":true},\"pretrained_cfg\":{\"input_size\":[3,64,64],\"mean\":[0.5],"
           "\"std\":[0.25],\"interpolation\":\"bilinear\",\"crop_mode\":\"squash\",\"crop_pct\":1,"
           "\"num_classes\":9,\"url\":null},\"label_names\":[]}",
           &file);
    const struct vit_config *c = &file.config;
    cr_assert(c->height == 32 && c->width == 48 && c->patch == 8 && c->channels == 1);
    cr_assert(c->dim == 60 && c->depth == 3 && c->heads == 5 && c->mlp_dim == 149);
    cr_assert(c->no_qkv_bias && c->layer_scale && c->activation == VIT_ACTIVATION_GELU_QUICK);
    cr_assert_eq(c->classes, 7);
    const struct vit_preprocess_config *r = &file.recipe;
    cr_assert(r->channels == 1 && r->height == 32 && r->width == 48 && r->crop_pct == 1);
    cr_assert(r->interpolation == VIT_INTERPOLATION_BILINEAR &&
              r->crop_mode == VIT_CROP_MODE_SQUASH);
    cr_assert(r->mean[0] == 0.5f && r->std[0] == 0.25f);
    tally(7);
}

Test(config_timm, a_fixed_input_size_is_the_models_size)
{
    struct config_file file;

    parses(RECIPE("\"input_size\":[3,64,96],\"fixed_input_size\":true"), &file);
    cr_assert(file.config.height == 64 && file.config.width == 96);
    parses(RECIPE("\"input_size\":[3,64,96]"), &file);
    cr_assert(file.config.height == 224 && file.recipe.height == 224);
    tally(2);
}

Test(config_timm, keys_of_older_snapshots_stand_beside_the_architecture)
{
    struct config_file file;

    parses(TIMM(",\"num_classes\":4,\"mean\":[0.1,0.2,0.3],\"crop_pct\":0.5,\"std\":null"), &file);
    cr_assert(file.config.classes == 4 && file.recipe.mean[1] == 0.2f);
    cr_assert(file.recipe.crop_pct == 0.5 && file.recipe.std[0] == 0.229f);
    tally(2);
}

/* The configuration of a name with those model_args. */
static struct vit_config with(const char *name, const char *args)
{
    struct config_file file;
    char text[512];

    snprintf(text, sizeof text, "{\"architecture\":\"%s\",\"model_args\":{%s}}", name, args);
    parses(text, &file);
    return file.config;
}

Test(config_timm, arguments_that_change_what_is_computed_are_heard)
{
    struct vit_config c = with(BASE, "\"reg_tokens\":4,\"no_embed_class\":true,\"qk_norm\":true");
    cr_assert(c.registers == 4 && c.pos_embed_scope == VIT_POS_EMBED_SCOPE_PATCHES && c.qk_norm);
    c = with("vit_base_patch14_reg4_dinov2", "\"no_embed_class\":false,\"init_values\":null");
    cr_assert(c.registers == 4 && c.pos_embed_scope == VIT_POS_EMBED_SCOPE_ALL && !c.layer_scale);
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
    tally(9);
}

Test(config_timm, the_mlp_follows_from_the_architectures_ratio)
{
    struct vit_config c = with("vit_giant_patch14_clip_224", "\"embed_dim\":352");
    cr_assert(c.mlp_dim == 1536 && !c.gated_mlp);
    c = with("vit_giant_patch14_reg4_dinov2", "\"embed_dim\":96,\"num_heads\":3");
    cr_assert(c.mlp_dim == 256 && c.gated_mlp && c.activation == VIT_ACTIVATION_SILU);
    c = with("vit_giant_patch14_dinov2", "\"mlp_layer\":\"Mlp\",\"mlp_ratio\":4");
    cr_assert(c.mlp_dim == 4 * 1536 && !c.gated_mlp);
    c = with(BASE, "\"mlp_layer\":\"SwiGLUPacked\",\"mlp_ratio\":5.33334");
    cr_assert(c.mlp_dim == 2048 && c.gated_mlp && c.activation == VIT_ACTIVATION_GELU);
    tally(4);
    refuses(ARGS("\"mlp_layer\":\"SwiGLUPacked\",\"mlp_ratio\":1.006"), VIT_EFORMAT,
            "makes SwiGLUPacked of width 193");
}

Test(config_timm, the_norm_goes_after_a_pooling_over_patches_unless_told_otherwise)
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
        tally(1);
    }
}

Test(config_timm, pretrained_cfg_pools_where_the_architecture_does_not_say)
{
    static const char text[] = "{\"architecture\":\"%s\",\"pretrained_cfg\":{\"global_pool\":\"%s\""
                               "},\"model_args\":{%s}}";
    struct config_file file;
    char json[256];

    snprintf(json, sizeof json, text, BASE, "avg", "");
    parses(json, &file);
    cr_assert(file.config.pool == VIT_POOL_MEAN && file.config.final_norm == VIT_FINAL_NORM_POOLED);
    snprintf(json, sizeof json, text, BASE, "avg", "\"global_pool\":\"token\"");
    parses(json, &file);
    cr_assert(file.config.pool == VIT_POOL_CLASS &&
              file.config.final_norm == VIT_FINAL_NORM_TOKENS);
    snprintf(json, sizeof json, text, "vit_base_patch16_siglip_224", "token", "");
    parses(json, &file);
    cr_assert(file.config.pool == VIT_POOL_MAP);
    tally(3);
}

Test(config_timm, the_roots_global_pool_has_to_agree)
{
    struct config_file file;

    parses(TIMM(",\"global_pool\":\"avg\",\"pretrained_cfg\":{},"
                "\"model_args\":{\"global_pool\":\"avg\"}"),
           &file);
    cr_assert_eq(file.config.pool, VIT_POOL_MEAN);
    refuses(TIMM(",\"global_pool\":\"avg\",\"pretrained_cfg\":{}"), VIT_EFORMAT,
            "global_pool is \"avg\", but the architecture with its model_args has \"token\"");
    refuses("{\"architecture\":\"vit_base_patch16_siglip_224\",\"global_pool\":\"token\"}",
            VIT_EFORMAT, "global_pool is \"token\", but");
    tally(1);
}

Test(config_timm, num_classes_is_the_last_that_is_given_and_may_be_0)
{
    struct config_file file;

    parses(TIMM(",\"num_classes\":0,\"pretrained_cfg\":{\"num_classes\":9}"), &file);
    cr_assert_eq(file.config.classes, 0);
    parses(TIMM(",\"pretrained_cfg\":{\"num_classes\":0}"), &file);
    cr_assert_eq(file.config.classes, 0);
    parses(TIMM(",\"num_classes\":0,\"model_args\":{\"num_classes\":5}"), &file);
    cr_assert_eq(file.config.classes, 5);
    tally(3);
}

Test(config_timm, a_distilled_model_keeps_its_tokens)
{
    static const char *const changes[][2] = {
        { "\"class_token\":false", "model_args.class_token is false: supported is true" },
        { "\"global_pool\":\"avg\"", "model_args.global_pool is \"avg\"" },
        { "\"reg_tokens\":4", "model_args.reg_tokens is 4: supported is 0" },
        { "\"no_embed_class\":true", "model_args.no_embed_class is true" },
        { "\"pos_embed\":\"none\"", "model_args.pos_embed is \"none\"" },
        { "\"fc_norm\":true", "model_args.fc_norm is true" },
    };
    const struct vit_config c =
        with(DISTILLED, "\"class_token\":true,\"reg_tokens\":0,\"fc_norm\":null,\"depth\":3");

    cr_assert(c.class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION && c.depth == 3);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[256];
        snprintf(text, sizeof text, "{\"architecture\":\"%s\",\"model_args\":{%s}}", DISTILLED,
                 changes[i][0]);
        refuses(text, VIT_EUNSUPPORTED, changes[i][1]);
    }
    tally(1);
}

/* Where a field comes from. */
static void comes_from(const struct config_file *file, const char *field, const char *origin)
{
    struct vit_config_entry fact = { .size = sizeof fact };

    for (size_t i = 0; provenance_entry(&file->provenance, &file->config, i, &fact); i++)
        if (strcmp(fact.name, field) == 0) {
            cr_assert_str_eq(fact.source, origin, "%s", field);
            tally(1);
            return;
        }
    cr_assert_fail("no field %s", field);
}

Test(config_timm, each_field_says_where_it_comes_from)
{
    struct config_file file;

    parses(TIMM(",\"num_classes\":3,\"pretrained_cfg\":{\"input_size\":[3,64,64],"
                "\"fixed_input_size\":true},\"model_args\":{\"patch_size\":8,\"embed_dim\":48,"
                "\"class_token\":false,\"global_pool\":\"avg\",\"act_layer\":\"relu\"}"),
           &file);
    comes_from(&file, "channels", "config.json: pretrained_cfg.input_size");
    comes_from(&file, "height", "config.json: pretrained_cfg.input_size");
    comes_from(&file, "patch", "config.json: model_args.patch_size");
    comes_from(&file, "dim", "config.json: model_args.embed_dim");
    comes_from(&file, "mlp_dim", "config.json: model_args.embed_dim");
    comes_from(&file, "class_tokens", "config.json: model_args.class_token");
    comes_from(&file, "pool", "config.json: model_args.global_pool");
    comes_from(&file, "final_norm", "config.json: model_args.global_pool");
    comes_from(&file, "activation", "config.json: model_args.act_layer");
    comes_from(&file, "classes", "config.json: num_classes");
    comes_from(&file, "depth", "the architecture's name");
    comes_from(&file, "eps", "the architecture's name");
}

Test(config_timm, an_argument_that_cannot_be_computed_is_unsupported)
{
    static const char *const changes[][2] = {
        { "\"global_pool\":\"\"",
          "model_args.global_pool is \"\": supported is \"token\", \"avg\", \"max\", \"map\"" },
        { "\"global_pool\":\"avgmax\"", "model_args.global_pool is \"avgmax\"" },
        { "\"global_pool\":\"prr\"", "model_args.global_pool is \"prr\"" },
        { "\"global_pool\":\"map\",\"pool_include_prefix\":true",
          "supported with pool_include_prefix false alone" },
        { "\"global_pool\":\"max\",\"pool_include_prefix\":true",
          "supported with pool_include_prefix false alone" },
        { "\"global_pool\":\"map\",\"class_token\":false,\"mlp_layer\":\"SwiGLUPacked\"",
          "global_pool \"map\" of a model with SwiGLUPacked" },
        { "\"pos_embed\":\"rope\"", "model_args.pos_embed is \"rope\"" },
        { "\"proj_bias\":false", "model_args.proj_bias is false: supported is true" },
        { "\"scale_attn_norm\":true", "model_args.scale_attn_norm is true: supported is false" },
        { "\"scale_mlp_norm\":true", "model_args.scale_mlp_norm is true" },
        { "\"attn_layer\":\"diff\"", "model_args.attn_layer is \"diff\"" },
        { "\"embed_norm_layer\":\"layernorm\"", "model_args.embed_norm_layer" },
        { "\"norm_layer\":\"rmsnorm\"", "model_args.norm_layer is \"rmsnorm\"" },
        { "\"act_layer\":\"mish\"", "model_args.act_layer is \"mish\"" },
        { "\"mlp_layer\":\"SwiGLU\"", "model_args.mlp_layer is \"SwiGLU\"" },
        { "\"patch_size\":[8,16]", "model_args.patch_size is [8,16]: supported is a square" },
        { "\"block_fn\":\"ParallelScalingBlock\"", "model_args.block_fn is not known" },
        { "\"rope\":{}", "model_args.rope is not known" },
    };

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[256];
        snprintf(text, sizeof text, ARGS("%s"), changes[i][0]);
        refuses(text, VIT_EUNSUPPORTED, changes[i][1]);
    }
    refuses(TIMM(",\"global_pool\":\"catavgmax\""), VIT_EUNSUPPORTED,
            "global_pool is \"catavgmax\"");
    refuses("{\"architecture\":\"vit_base_patch16_rope_224\"}", VIT_EUNSUPPORTED,
            "architecture \"vit_base_patch16_rope_224\" is not supported: it has rotary positions");
    refuses(RECIPE("\"interpolation\":\"lanczos\""), VIT_EUNSUPPORTED,
            "pretrained_cfg.interpolation is \"lanczos\": supported is \"bicubic\", \"bilinear\"");
    refuses(RECIPE("\"crop_mode\":\"border\""), VIT_EUNSUPPORTED, "pretrained_cfg.crop_mode");
}

Test(config_timm, a_value_of_the_wrong_type_says_what_was_expected_and_found)
{
    static const char *const wrong[][2] = {
        { "\"img_size\":null",
          "model_args.img_size: expected a positive integer or [height, width]" },
        { "\"img_size\":[1,2,3]", "found [1,2,3]" },
        { "\"img_size\":[32,\"x\"]",
          "model_args.img_size: expected a positive integer or [height, width]" },
        { "\"depth\":-3", "model_args.depth: expected a positive integer, found -3" },
        { "\"depth\":2.0", "found 2.0" },
        { "\"depth\":4294967297", "found 4294967297" },
        { "\"depth\":2000", "depth: expected 1 to 1024, found 2000" },
        { "\"qkv_bias\":1", "model_args.qkv_bias: expected true or false, found 1" },
        { "\"mlp_ratio\":\"4\"", "model_args.mlp_ratio: expected a number" },
        { "\"mlp_ratio\":-1", "makes an MLP of width -192" },
        { "\"mlp_ratio\":1e300", "model_args.mlp_ratio 1e+300" },
        { "\"init_values\":true", "model_args.init_values: expected a number or null" },
        { "\"act_layer\":3", "model_args.act_layer: expected a string" },
        { "\"class_token\":false",
          "class_tokens: expected a class token for pool class, found none" },
        { "\"class_token\":1", "model_args.class_token: expected true or false, found 1" },
        { "\"fc_norm\":\"x\"", "model_args.fc_norm: expected true or false" },
        { "\"reg_tokens\":-1", "model_args.reg_tokens: expected 0 or a positive integer" },
        { "\"reg_tokens\":5000", "registers: expected 0 to 1024, found 5000" },
        { "\"num_classes\":-1", "model_args.num_classes: expected 0 or a positive integer" },
        { "\"img_size\":225", "height: expected a multiple of patch, 16, found 225" },
    };

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[256];
        snprintf(text, sizeof text, ARGS("%s"), wrong[i][0]);
        refuses(text, VIT_EFORMAT, wrong[i][1]);
    }
    refuses(TIMM(",\"model_args\":[]"), VIT_EFORMAT, "model_args: expected an object");
    refuses(TIMM(",\"pretrained_cfg\":1"), VIT_EFORMAT, "pretrained_cfg: expected an object");
    refuses(RECIPE("\"mean\":[0.5]"), VIT_EFORMAT,
            "pretrained_cfg.mean: expected 3 numbers, one per channel, found 1");
    refuses(RECIPE("\"std\":[1,0,1]"), VIT_EFORMAT, "pretrained_cfg.std: 0 is out of range");
    refuses(RECIPE("\"mean\":[1,\"x\",1]"), VIT_EFORMAT, "expected an array of numbers");
    refuses(RECIPE("\"crop_pct\":1.5"), VIT_EFORMAT, "pretrained_cfg.crop_pct");
    refuses(RECIPE("\"input_size\":[3,224]"), VIT_EFORMAT, "expected [channels, height, width]");
    refuses(ARGS("\"in_chans\":1"), VIT_EFORMAT, "pretrained_cfg.mean is missing");
    refuses("{\"architecture\":1}", VIT_EFORMAT, "architecture: expected a string");
}
