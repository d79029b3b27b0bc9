/* test_config.c - which configurations are refused, and what follows from the others */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/check.h"
#include "config/derived.h"
#include "config/fields.h"
#include "tests/counts.h"
#include "vit/inspect.h"

static struct vit_config base(void)
{
    struct vit_config config = { .size = sizeof config };

    cr_assert_eq(vit_config_from_name("vit_base_patch16_224", &config, NULL), VIT_OK);
    return config;
}

/* A configuration with that value in a field is refused with these words. */
#define REFUSES(field, value, words) REFUSES_AFTER(config.field = value, words)

/* A configuration after these assignments is refused with these words. */
#define REFUSES_AFTER(assignments, words)                                                          \
    do {                                                                                           \
        struct vit_config config = base();                                                         \
        struct vit_error err = { 0 };                                                              \
        assignments;                                                                               \
        cr_assert_eq(config_check(&config, &err), VIT_EINVAL);                                     \
        cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);               \
        count_checks(2);                                                                           \
    } while (0)

Test(config, a_field_out_of_its_bounds_is_named)
{
    REFUSES(channels, 0, "channels: expected 1 to 256, found 0");
    REFUSES(channels, CONFIG_MAX_CHANNELS + 1, "channels: expected 1 to 256, found 257");
    REFUSES(height, 0, "height: ");
    REFUSES(width, CONFIG_MAX_SIDE + 1, "width: expected 1 to 65536, found 65537");
    REFUSES(patch, 0, "patch: ");
    REFUSES(dim, 0, "dim: ");
    REFUSES(dim, CONFIG_MAX_DIM + 1, "dim: expected 1 to 65536, found 65537");
    REFUSES(depth, CONFIG_MAX_DEPTH + 1, "depth: expected 0 to 1024, found 1025");
    REFUSES(heads, 0, "heads: ");
    REFUSES(mlp_dim, 0, "mlp_dim: ");
    REFUSES(mlp_dim, CONFIG_MAX_MLP_DIM + 1, "mlp_dim: expected 1 to 262144, found 262145");
    REFUSES(classes, SIZE_MAX, "classes: expected 0 to 16777216, found 1.844674407e+19");
    REFUSES(eps, -1e-6f, "eps: ");
    REFUSES(eps, NAN, "eps: ");
    REFUSES(eps, INFINITY, "eps: ");
    REFUSES(qk_scale, NAN, "qk_scale: ");
    REFUSES(qk_scale, -INFINITY, "qk_scale: ");
    REFUSES(activation, VIT_ACTIVATIONS, "activation: expected 0 to 24, found 25");
    REFUSES(activation_args[0], 0.1f, "activation_args[0]: expected 0, which gelu does not take");
    REFUSES(activation_args[1], NAN, "activation_args: ");
    REFUSES(pos_embed, (enum vit_pos_embed)4, "pos_embed: expected 0 to 3, found 4");
    REFUSES(registers, CONFIG_MAX_REGISTERS + 1, "registers: expected 0 to 1024, found 1025");
    REFUSES(head_dim, CONFIG_MAX_DIM, "heads · head_dim: expected 1 to 65536, found 786432");
    REFUSES(pre_logits, SIZE_MAX, "pre_logits: ");
    REFUSES(tokenizer, (enum vit_tokenizer)4, "tokenizer: expected 0 to 3, found 4");
    REFUSES(class_tokens, (enum vit_class_tokens)3, "class_tokens: ");
    REFUSES(pos_embed_scope, (enum vit_pos_embed_scope)3, "pos_embed_scope: ");
    REFUSES(pool, (enum vit_pool)9, "pool: expected 0 to 8, found 9");
    REFUSES(pool, VIT_POOL_NONE, "classes and pre_logits: expected 0 with pool none");
    REFUSES(final_norm, (enum vit_final_norm) - 1, "final_norm: expected 0 to 2, found -1");
    REFUSES(norm, (enum vit_norm)2, "norm: expected 0 to 1, found 2");
    REFUSES(norm_size, 5, "norm_size: expected 0 with norm layer, found 5");
    REFUSES(norm_args[0], 1e-4f, "norm_args[0]: expected 0 with norm layer, found 0.0001");
    REFUSES(norm_args[2], -1.0f, "norm_args: expected 0 to");
}

#define RESPONSE config.norm = VIT_NORM_LOCAL_RESPONSE, config.norm_args[2] = 1

Test(config, local_response_normalization_has_no_weights_and_takes_all_tokens)
{
    REFUSES_AFTER((RESPONSE, config.no_norm_weight = true),
                  "no_norm_weight: expected false with norm local_response, found true");
    REFUSES_AFTER((RESPONSE, config.no_norm_bias = true), "no_norm_bias: expected false");
    REFUSES_AFTER((RESPONSE, config.no_norm_mean = true), "no_norm_mean: expected false");
    REFUSES_AFTER((RESPONSE, config.patch_norms = true), "patch_norms: expected false");
    REFUSES_AFTER((RESPONSE, config.pre_norm = true), "pre_norm: expected false");
    REFUSES_AFTER((RESPONSE, config.qk_norm = true), "qk_norm: expected false");
    REFUSES_AFTER((RESPONSE, config.attention_norm = true), "attention_norm: expected false");
    REFUSES_AFTER((RESPONSE, config.mlp_norm = true), "mlp_norm: expected false");
    REFUSES_AFTER((RESPONSE, config.pool = VIT_POOL_MAP),
                  "pool: expected one without a norm with norm local_response, found map");
    REFUSES_AFTER((RESPONSE, config.pool = VIT_POOL_MAP_ALL), "local_response, found map_all");
    REFUSES_AFTER((RESPONSE, config.final_norm = VIT_FINAL_NORM_POOLED),
                  "final_norm: expected tokens or none with norm local_response, found pooled");
    REFUSES_AFTER((RESPONSE, config.norm_args[1] = 0.7f),
                  "norm_args[1]: beta: expected a multiple of 0.25, at most 4, found 0.7");
    REFUSES_AFTER((RESPONSE, config.norm_args[1] = 4.25f), "norm_args[1]: beta: expected");
    REFUSES_AFTER((RESPONSE, config.norm_args[2] = 0.0f),
                  "norm_args[2]: k: expected a number above 0, found 0");
}

Test(config, slopes_of_prelu_are_those_of_the_blocks)
{
    REFUSES_AFTER(config.activation = VIT_ACTIVATION_PRELU;
                  config.pool = VIT_POOL_MAP,
                  "activation: expected one without weights outside of the blocks, found prelu");
}

Test(config, an_argument_that_an_activation_is_not_defined_for_is_named)
{
    REFUSES_AFTER(config.activation = VIT_ACTIVATION_CELU, "activation_args[0]: celu: expected");
    REFUSES_AFTER(config.activation = VIT_ACTIVATION_SOFTPLUS;
                  config.activation_args[0] = 0x1p51f,
                  "activation_args[0]: softplus: expected 8.88178e-16 to 1.1259e+15, found 2.2518");
    REFUSES_AFTER(config.activation = VIT_ACTIVATION_SOFTSHRINK;
                  config.activation_args[0] = -1.0f,
                  "activation_args[0]: softshrink: expected 0 to 3.40282e+38, found -1");
    REFUSES_AFTER(config.activation = VIT_ACTIVATION_HARDTANH;
                  config.activation_args[0] = 2.0f,
                  "activation_args: hardtanh: expected a minimum and a maximum, found 2 and 0");
}

/* A caller in another language can write any byte into a flag. */
Test(config, a_flag_that_is_not_0_or_1_is_refused)
{
    for (size_t i = 0; i < config_fields.count; i++) {
        struct vit_config config = base();
        struct vit_error err = { 0 };
        if (config_fields.at[i].type != VIT_FIELD_BOOL)
            continue;
        ((unsigned char *)&config)[config_fields.at[i].offset] = 2;
        cr_assert_eq(config_check(&config, &err), VIT_EINVAL, "%s", config_fields.at[i].name);
        cr_assert(strstr(err.message, "expected 0 to 1, found 2"), "%s", err.message);
        count_checks(2);
    }
}

Test(config, fields_that_contradict_each_other_are_named)
{
    REFUSES(height, 225, "height: expected a multiple of patch, 16, found 225");
    REFUSES(width, 8, "height and width: expected at least patch, 16, found 224 × 8");
    REFUSES(dim, 769, "dim: expected a multiple of heads, 12, found 769");
    REFUSES(class_tokens, VIT_CLASS_TOKENS_NONE,
            "class_tokens: expected a class token for pool class, found none");
    REFUSES(pos_embed, VIT_POS_EMBED_SINCOS_2D,
            "pos_embed_scope: expected patches for sincos_2d with a class token, found all");
    REFUSES(tokenizer, VIT_TOKENIZER_T2T_PERFORMER, "t2t_kernels[0]: expected 1 to 64, found 0");
    REFUSES_AFTER(config.class_tokens = VIT_CLASS_TOKENS_NONE; config.pool = VIT_POOL_MEAN;
                  config.pos_embed_scope = VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES,
                  "pos_embed_scope: expected all or patches without a class token");
}

Test(config, steps_that_exclude_each_other_are_named)
{
    static const enum vit_class_tokens two = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;

    REFUSES_AFTER(config.gated_mlp = true;
                  config.mlp_dim = CONFIG_MAX_MLP_DIM / 2 + 1,
                  "mlp_dim: expected 1 to 131072 for a gated MLP, found 131073");
    REFUSES_AFTER(config.class_tokens = two;
                  config.pool = VIT_POOL_MEAN,
                  "pool: expected class with a distillation token, found mean");
    REFUSES_AFTER(config.class_tokens = two;
                  config.pre_logits = 8,
                  "pre_logits: expected 0 with a distillation token, found 8");
    REFUSES_AFTER(config.classes = 0; config.pool = VIT_POOL_NONE;
                  config.final_norm = VIT_FINAL_NORM_POOLED,
                  "final_norm: expected tokens or none with pool none, found pooled");
    REFUSES_AFTER(config.value_residual = config.no_proj = true,
                  "no_proj: expected false with value_residual, found true");
    REFUSES_AFTER(config.value_residual = config.layer_scale = true,
                  "layer_scale: expected false with value_residual, found true");
    REFUSES_AFTER(config.no_proj = config.layer_scale = true,
                  "layer_scale: expected false with no_proj, found true");
    REFUSES_AFTER(config.value_residual = true;
                  config.head_dim = 32,
                  "heads · head_dim: expected dim, 768, with value_residual, found 384");
    REFUSES_AFTER(config.no_proj = true;
                  config.head_dim = 32,
                  "heads · head_dim: expected dim, 768, with no_proj, found 384");
    REFUSES_AFTER(config.pool = VIT_POOL_MAP; config.heads = 11;
                  config.head_dim = 32, "dim: expected a multiple of heads, 11, found 768");
}

Test(config, positions_within_attention_have_their_own_bounds)
{
    const enum vit_rotary indices = VIT_ROTARY_INDICES, centers = VIT_ROTARY_CENTERS;

    REFUSES_AFTER(config.rotary = centers; config.rotary_base = 100;
                  config.head_dim = 66,
                  "head_dim: expected a multiple of 4 with rotary centers, found 66");
    REFUSES_AFTER(config.rotary = VIT_ROTARY_LEARNED;
                  config.head_dim = 65,
                  "head_dim: expected a multiple of 2 with rotary learned, found 65");
    REFUSES_AFTER(config.rotary = centers,
                  "rotary_base: expected 1 to 2^40 with rotary centers, found 0");
    REFUSES_AFTER(config.rotary = indices;
                  config.rotary_base = 0x1p41f,
                  "rotary_base: expected 1 to 2^40 with rotary indices, found 2.19902e+12");
    REFUSES_AFTER(config.rotary = indices;
                  config.rotary_base = 0.5f,
                  "rotary_base: expected 1 to 2^40 with rotary indices, found 0.5");
    REFUSES_AFTER(config.rotary = indices; config.rotary_base = 100;
                  config.rotary_offset = -1e30f,
                  "rotary_offset and rotary_grid: expected coordinates of at most 1572864 in "
                  "magnitude, found -1e+30");
    REFUSES_AFTER(config.rotary = indices; config.rotary_base = 100;
                  config.rotary_offset = 1572852, "magnitude, found 1.57286e+06");
    REFUSES_AFTER(config.rotary = indices; config.rotary_base = 100; config.rotary_grid[0] = 1;
                  config.rotary_grid[1] = 65536;
                  config.rotary_offset = 2000, "magnitude, found 9.36229e+06");
    REFUSES_AFTER(config.rotary_base = 100, "rotary_base: expected 0 with rotary none, found 100");
    REFUSES_AFTER(config.rotary = centers; config.rotary_base = 100;
                  config.rotary_columns_first = true, "with rotary centers, or two sides with");
    REFUSES_AFTER(config.rotary_offset = 1, "rotary_grid, rotary_offset and rotary_columns_first");
    REFUSES_AFTER(config.rotary = indices; config.rotary_base = 100;
                  config.rotary_grid[0] = 16, "two sides with rotary indices, found [16, 0], 0");
    REFUSES_AFTER(config.relative_bias = VIT_RELATIVE_BIAS_BLOCK;
                  config.registers = 1,
                  "relative_bias: expected none unless a class token alone precedes the patches, "
                  "found block");
    REFUSES_AFTER(config.relative_bias = VIT_RELATIVE_BIAS_SHARED;
                  config.height = config.width = 2064,
                  "patches: expected 1 to 16384 with relative_bias, found 16641");
    REFUSES_AFTER(config.no_key_bias = config.no_qkv_bias = true,
                  "no_key_bias: expected false with no_qkv_bias, found true");
    REFUSES_AFTER(config.attention_norm = config.no_proj = true,
                  "attention_norm: expected false with no_proj, found true");
    REFUSES_AFTER(config.pool_heads = 8,
                  "pool_heads and pool_mlp_dim: expected 0 with pool class, found 8 and 0");
    REFUSES_AFTER(config.pool = VIT_POOL_MAP_ALL;
                  config.pool_heads = 7, "dim: expected a multiple of pool_heads, 7, found 768");
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
    cr_assert(strstr(err.message, "patches: expected 1 to 1048576, found 4194304"), "%s",
              err.message);
    count_checks(3);
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
    config.registers = 4;
    cr_assert_eq(config_positions(&config), 201);
    config.pos_embed_scope = VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES;
    cr_assert_eq(config_positions(&config), 197);
    config.pos_embed_scope = VIT_POS_EMBED_SCOPE_PATCHES;
    cr_assert_eq(config_positions(&config), 196);
    count_checks(9);
}
