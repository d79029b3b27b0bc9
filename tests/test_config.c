/* test_config.c - configurations, and what is refused of them; config.json of any family */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/config.h"
#include "config/config.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"
#include "vit/inspect.h"

static struct vit_config base(void)
{
    struct vit_config config = { .size = sizeof config };

    cr_assert_eq(vit_config_from_name("vit_base_patch16_224", &config, NULL), VIT_OK);
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
    REFUSES(classes, SIZE_MAX, "classes 18446744073709551615");
    REFUSES(eps, -1e-6f, "eps -1e-06");
    REFUSES(eps, NAN, "eps");
    REFUSES(eps, INFINITY, "eps inf");
    REFUSES(qk_scale, NAN, "qk_scale");
    REFUSES(qk_scale, -INFINITY, "qk_scale -inf");
    REFUSES(activation, VIT_ACTIVATIONS, "activation 8");
    REFUSES(pos_embed, (enum vit_pos_embed)4, "pos_embed 4 is not known, expected 0 to 3");
    REFUSES(registers, CONFIG_MAX_REGISTERS + 1, "registers 1025");
    REFUSES(head_dim, CONFIG_MAX_DIM, "heads · head_dim, 786432, is out of range");
    REFUSES(pre_logits, SIZE_MAX, "pre_logits");
    REFUSES(tokenizer, (enum vit_tokenizer)4, "tokenizer 4");
    REFUSES(class_tokens, (enum vit_class_tokens)3, "class_tokens 3");
    REFUSES(pos_embed_scope, (enum vit_pos_embed_scope)3, "pos_embed_scope 3");
    REFUSES(pool, (enum vit_pool)6, "pool 6");
    REFUSES(final_norm, (enum vit_final_norm) - 1, "final_norm -1");
}

Test(config, fields_that_contradict_each_other_are_named)
{
    REFUSES(height, 225, "height 225 is not a multiple of the patch, 16");
    REFUSES(width, 8, "width 8 is not a multiple of the patch, 16");
    REFUSES(dim, 769, "dim 769 is not a multiple of the heads, 12");
    REFUSES(class_tokens, VIT_CLASS_TOKENS_NONE, "pool takes the class token");
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

Test(config_json, text_that_is_no_json_object_is_refused)
{
    refuses("", VIT_EFORMAT, "not JSON at line 1");
    refuses("[]", VIT_EFORMAT, "expected a JSON object");
    refuses("{\"a\":1,\n\"a\":2}", VIT_EFORMAT, "not JSON at line 2: duplicate");
}

Test(config_json, other_families_are_unsupported_by_name)
{
    refuses("{}", VIT_EUNSUPPORTED, "neither \"architecture\"");
    refuses("{\"model_type\":\"beit\",\"hidden_size\":96}", VIT_EUNSUPPORTED,
            "model_type \"beit\"");
    refuses("{\"model_type\":\"series_vgg\"}", VIT_EUNSUPPORTED, "\"series_t2t_vit\"");
    refuses("{\"model_type\":\"timm_wrapper\",\"architecture\":\"vit_tiny_patch16_224\"}",
            VIT_EUNSUPPORTED, "model_type \"timm_wrapper\"");
    refuses("{\"architecture\":\"ViT\"}", VIT_EUNSUPPORTED, "architecture \"ViT\"");
}
