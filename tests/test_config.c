/* test_config.c - configurations: by name, from config.json, and what is refused of them */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/config.h"
#include "checkpoint/config.h"
#include "tests/make_checkpoint.h"
#include "tests/tally.h"

static struct vit_config base(void)
{
    struct vit_config config;

    cr_assert_eq(vit_config_named("vit_base_patch16_224", &config, NULL), VIT_OK);
    return config;
}

/* That a configuration with that field is refused with these words. */
#define REFUSES(field, value, words)                                                               \
    do {                                                                                           \
        struct vit_config config = base();                                                         \
        struct vit_error err = { 0 };                                                              \
        config.field = value;                                                                      \
        cr_assert_eq(config_check(&config, &err), VIT_EINVAL);                                     \
        cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);               \
        tally(2);                                                                                  \
    } while (0)

Test(config, a_field_out_of_its_bounds_is_named)
{
    REFUSES(size, 1, "size of the configuration is 1, expected ");
    REFUSES(channels, 0, "channels 0 is out of range");
    REFUSES(channels, CONFIG_MAX_CHANNELS + 1, "channels 257 is out of range, expected 1 to 256");
    REFUSES(height, 0, "height 0");
    REFUSES(width, CONFIG_MAX_SIDE + 1, "width 65537");
    REFUSES(patch, 0, "patch 0");
    REFUSES(dim, 0, "dim 0");
    REFUSES(dim, CONFIG_MAX_DIM + 1, "dim 65537");
    REFUSES(depth, 0, "depth 0");
    REFUSES(depth, CONFIG_MAX_DEPTH + 1, "depth 1025");
    REFUSES(heads, 0, "heads 0");
    REFUSES(mlp_dim, 0, "mlp_dim 0");
    REFUSES(mlp_dim, CONFIG_MAX_MLP_DIM + 1, "mlp_dim 262145");
    REFUSES(classes, 0, "classes 0");
    REFUSES(classes, SIZE_MAX, "classes 18446744073709551615");
    REFUSES(eps, -1e-6f, "eps -1e-06");
    REFUSES(eps, NAN, "eps");
    REFUSES(eps, INFINITY, "eps inf");
    REFUSES(qk_scale, NAN, "qk_scale");
    REFUSES(qk_scale, -INFINITY, "qk_scale -inf");
    REFUSES(activation, VIT_ACTIVATIONS, "activation 8");
    REFUSES(positions, (enum vit_positions)2, "positions 2");
}

Test(config, fields_that_contradict_each_other_are_named)
{
    REFUSES(height, 225, "height 225 is not a multiple of the patch, 16");
    REFUSES(width, 8, "width 8 is not a multiple of the patch, 16");
    REFUSES(dim, 769, "dim 769 is not a multiple of the heads, 12");
}

Test(config, more_patches_than_the_bound_are_refused)
{
    struct vit_config config = base();
    struct vit_error err;

    config.height = config.width = 16384;
    config.patch = 16;
    cr_assert_eq(config_check(&config, &err), VIT_OK);
    config.patch = 8;
    cr_assert_eq(config_check(&config, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "4194304 patches are out of range"), "%s", err.message);
    tally(3);
}

Test(config, sizes_follow_from_the_fields)
{
    struct vit_config config = base();

    cr_assert_eq(config_patches(&config), 196);
    cr_assert_eq(config_tokens(&config), 197);
    cr_assert_eq(config_head_dim(&config), 64);
    cr_assert_eq(config_scale(&config), 0.125f);
    config.heads = 96;
    cr_assert_eq(config_scale(&config), (float)(1 / sqrt(8.0)));
    config.qk_scale = 0.31f;
    cr_assert_eq(config_scale(&config), 0.31f);
    tally(6);
}

Test(config, names_stand_for_timms_dimensions)
{
    static const struct {
        const char *name;
        size_t patch, side, dim, depth, heads;
    } known[] = {
        { "vit_tiny_patch16_224", 16, 224, 192, 12, 3 },
        { "vit_small_patch32_384", 32, 384, 384, 12, 6 },
        { "vit_base_patch8_224.augreg2_in21k_ft_in1k", 8, 224, 768, 12, 12 },
        { "vit_large_patch14_224", 14, 224, 1024, 24, 16 },
        { "vit_huge_patch14_224.mae", 14, 224, 1280, 32, 16 },
        { "deit_tiny_patch16_224", 16, 224, 192, 12, 3 },
        { "deit_small_patch16_224.fb_in1k", 16, 224, 384, 12, 6 },
        { "deit_base_patch16_384", 16, 384, 768, 12, 12 },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct vit_config c;
        cr_assert_eq(vit_config_named(known[i].name, &c, NULL), VIT_OK, "%s", known[i].name);
        cr_assert(c.size == sizeof c && c.channels == 3 && c.classes == 1000);
        cr_assert(c.patch == known[i].patch && c.height == known[i].side && c.width == c.height);
        cr_assert(c.dim == known[i].dim && c.depth == known[i].depth && c.heads == known[i].heads);
        cr_assert(c.mlp_dim == 4 * c.dim && c.eps == 1e-6f && c.qk_scale == 0);
        cr_assert(c.activation == VIT_GELU && c.positions == VIT_POSITIONS_LEARNED);
        cr_assert(c.qkv_bias && !c.layer_scale && !c.value_skip);
        tally(7);
    }
}

Test(config, other_names_are_unsupported_and_repeated)
{
    static const char *const others[] = {
        "",
        "resnet50",
        "vit_base",
        "vit_base_patch16",
        "vit_base_patch16_",
        "vit_base_patch16_224_miil",
        "vit_base_patch16_224.",
        "vit_base_patch016_224",
        "vit_base_patch0_224",
        "vit_base_patch-16_224",
        "vit_base_patch16_999999",
        "vit_base_patch16_225",
        "vit_base_patch16_clip_224",
        "vit_base_patch16_siglip_224",
        "vit_base_patch14_reg4_dinov2",
        "vit_huge_patch14_gap_224",
        "vit_giant_patch14_224",
        "deit3_base_patch16_224",
        "deit_base_distilled_patch16_224",
        "xvit_base_patch16_224",
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct vit_config config = { .dim = 1 };
        struct vit_error err;
        cr_assert_eq(vit_config_named(others[i], &config, &err), VIT_EUNSUPPORTED, "%s", others[i]);
        cr_assert(strstr(err.message, others[i]), "%s", err.message);
        cr_assert_eq(config.dim, 1);
        tally(3);
    }
}

static void parses(const char *text, struct config_file *file)
{
    struct vit_error err;

    cr_assert_eq(config_parse("some/config.json", text, strlen(text), file, &err), VIT_OK, "%s: %s",
                 text, err.message);
    tally(1);
}

static void refuses(const char *text, enum vit_status status, const char *words)
{
    struct config_file file;
    struct vit_error err = { 0 };

    cr_assert_eq(config_parse("some/config.json", text, strlen(text), &file, &err), status,
                 "%s: %s", text, err.message);
    cr_assert_eq(err.status, status);
    cr_assert(strstr(err.message, "some/config.json: "), "%s", err.message);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    tally(4);
}

#define TIMM(rest)  "{\"architecture\":\"vit_tiny_patch16_224\"" rest "}"
#define ARGS(args)  TIMM(",\"model_args\":{" args "}")
#define RECIPE(cfg) TIMM(",\"pretrained_cfg\":{" cfg "}")

Test(config_json, a_timm_name_alone_is_enough)
{
    struct config_file file;

    parses(TIMM(""), &file);
    const struct vit_recipe *r = &file.recipe;
    cr_assert(file.config.dim == 192 && file.config.classes == 1000);
    cr_assert(r->size == sizeof *r && r->channels == 3 && r->height == 224 && r->width == 224);
    cr_assert(r->interpolation == VIT_BICUBIC && r->crop_mode == VIT_CROP_CENTER);
    cr_assert(r->crop_pct == 0.875 && r->mean[0] == 0.485f && r->std[2] == 0.225f);
    tally(4);
}

Test(config_json, timms_arguments_override_its_name)
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
    cr_assert(!c->qkv_bias && c->layer_scale && c->activation == VIT_GELU_QUICK);
    cr_assert_eq(c->classes, 7);
    const struct vit_recipe *r = &file.recipe;
    cr_assert(r->channels == 1 && r->height == 32 && r->width == 48 && r->crop_pct == 1);
    cr_assert(r->interpolation == VIT_BILINEAR && r->crop_mode == VIT_CROP_SQUASH);
    cr_assert(r->mean[0] == 0.5f && r->std[0] == 0.25f);
    tally(7);
}

Test(config_json, a_fixed_input_size_is_the_models_size)
{
    struct config_file file;

    parses(RECIPE("\"input_size\":[3,64,96],\"fixed_input_size\":true"), &file);
    cr_assert(file.config.height == 64 && file.config.width == 96);
    parses(RECIPE("\"input_size\":[3,64,96]"), &file);
    cr_assert(file.config.height == 224 && file.recipe.height == 224);
    tally(2);
}

Test(config_json, keys_of_older_snapshots_stand_beside_the_architecture)
{
    struct config_file file;

    parses(TIMM(",\"num_classes\":4,\"mean\":[0.1,0.2,0.3],\"crop_pct\":0.5,\"std\":null"), &file);
    cr_assert(file.config.classes == 4 && file.recipe.mean[1] == 0.2f);
    cr_assert(file.recipe.crop_pct == 0.5 && file.recipe.std[0] == 0.229f);
    tally(2);
}

Test(config_json, an_argument_that_changes_the_model_is_unsupported)
{
    static const char *const changes[][2] = {
        { "\"reg_tokens\":4", "model_args.reg_tokens is 4: supported is 0" },
        { "\"class_token\":false", "model_args.class_token is false" },
        { "\"global_pool\":\"avg\"", "model_args.global_pool is \"avg\"" },
        { "\"no_embed_class\":true", "model_args.no_embed_class is true" },
        { "\"pre_norm\":true", "model_args.pre_norm" },
        { "\"qk_norm\":true", "model_args.qk_norm" },
        { "\"fc_norm\":true", "model_args.fc_norm is true: supported is null|false" },
        { "\"dynamic_img_size\":true", "model_args.dynamic_img_size" },
        { "\"final_norm\":false", "model_args.final_norm" },
        { "\"pos_embed\":\"none\"", "model_args.pos_embed is \"none\"" },
        { "\"norm_layer\":\"rmsnorm\"", "model_args.norm_layer" },
        { "\"act_layer\":\"mish\"", "model_args.act_layer is \"mish\"" },
        { "\"patch_size\":[8,16]", "model_args.patch_size is [8,16]: supported is a square" },
        { "\"num_classes\":0", "model_args.num_classes is 0" },
        { "\"mlp_layer\":\"SwiGLU\"", "model_args.mlp_layer is not known" },
        { "\"rope\":{}", "model_args.rope is not known" },
    };

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[256];
        snprintf(text, sizeof text, ARGS("%s"), changes[i][0]);
        refuses(text, VIT_EUNSUPPORTED, changes[i][1]);
    }
    refuses(TIMM(",\"global_pool\":\"map\""), VIT_EUNSUPPORTED, "global_pool is \"map\"");
    refuses(TIMM(",\"num_classes\":0"), VIT_EUNSUPPORTED, "num_classes is 0");
    refuses(RECIPE("\"interpolation\":\"lanczos\""), VIT_EUNSUPPORTED,
            "pretrained_cfg.interpolation is \"lanczos\": supported is \"bicubic\", \"bilinear\"");
    refuses(RECIPE("\"crop_mode\":\"border\""), VIT_EUNSUPPORTED, "pretrained_cfg.crop_mode");
}

Test(config_json, a_value_of_the_wrong_type_says_what_was_expected_and_found)
{
    static const char *const wrong[][2] = {
        { "\"img_size\":null", "model_args.img_size: expected an integer or [height, width]" },
        { "\"img_size\":[1,2,3]", "found [1,2,3]" },
        { "\"img_size\":[32,\"x\"]", "model_args.img_size: expected a positive integer" },
        { "\"depth\":-3", "model_args.depth: expected a positive integer, found -3" },
        { "\"depth\":2.0", "found 2.0" },
        { "\"depth\":4294967297", "found 4294967297" },
        { "\"depth\":2000", "depth 2000 is out of range" },
        { "\"qkv_bias\":1", "model_args.qkv_bias: expected true or false, found 1" },
        { "\"mlp_ratio\":\"4\"", "model_args.mlp_ratio: expected a number" },
        { "\"mlp_ratio\":-1", "makes an MLP of width -192" },
        { "\"mlp_ratio\":1e300", "model_args.mlp_ratio 1e+300" },
        { "\"init_values\":true", "model_args.init_values: expected a number or null" },
        { "\"act_layer\":3", "model_args.act_layer: expected a string" },
        { "\"img_size\":225", "height 225 is not a multiple of the patch, 16" },
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

Test(config_json, text_that_is_no_json_object_is_refused)
{
    refuses("", VIT_EFORMAT, "not JSON at line 1");
    refuses("[]", VIT_EFORMAT, "expected a JSON object");
    refuses("{\"a\":1,\n\"a\":2}", VIT_EFORMAT, "not JSON at line 2: duplicate");
}

Test(config_json, other_families_are_unsupported_by_name)
{
    refuses("{}", VIT_EUNSUPPORTED, "neither \"architecture\"");
    refuses("{\"model_type\":\"vit\",\"hidden_size\":96}", VIT_EUNSUPPORTED, "model_type \"vit\"");
    refuses("{\"model_type\":\"series_t2t_vit\"}", VIT_EUNSUPPORTED, "\"series_t2t_vit\"");
    refuses("{\"model_type\":\"vit_pytorch.ViT\"}", VIT_EUNSUPPORTED, "\"vit_pytorch.ViT\"");
    refuses("{\"model_type\":\"timm_wrapper\",\"architecture\":\"vit_tiny_patch16_224\"}",
            VIT_EUNSUPPORTED, "model_type \"timm_wrapper\"");
    refuses("{\"architecture\":\"ViT\"}", VIT_EUNSUPPORTED, "architecture \"ViT\"");
}
