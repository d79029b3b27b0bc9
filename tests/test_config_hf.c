/* test_config_hf.c - Hugging Face's config.json, of each model_type */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/derived.h"
#include "tests/counts.h"
#include "tests/expect_config.h"

#define MODEL(type) "{\"model_type\":\"" type "\"}"

Test(config_hf, a_model_type_alone_has_the_defaults_of_transformers)
{
    static const struct {
        const char *model_type;
        size_t patch, registers;
        float eps;
        enum vit_activation activation;
        enum vit_class_tokens class_tokens;
        enum vit_pool pool;
        enum vit_final_norm final_norm;
        bool layer_scale, pre_norm;
    } types[] = {
        { "vit", 16, 0, 1e-12f, VIT_ACTIVATION_GELU, VIT_CLASS_TOKENS_CLASS, VIT_POOL_CLASS,
          VIT_FINAL_NORM_TOKENS, false, false },
        { "deit", 16, 1, 1e-12f, VIT_ACTIVATION_GELU, VIT_CLASS_TOKENS_CLASS, VIT_POOL_CLASS,
          VIT_FINAL_NORM_TOKENS, false, false },
        { "dinov2", 14, 0, 1e-6f, VIT_ACTIVATION_GELU, VIT_CLASS_TOKENS_CLASS, VIT_POOL_CLASS,
          VIT_FINAL_NORM_TOKENS, true, false },
        { "dinov2_with_registers", 16, 4, 1e-6f, VIT_ACTIVATION_GELU, VIT_CLASS_TOKENS_CLASS,
          VIT_POOL_CLASS, VIT_FINAL_NORM_TOKENS, true, false },
        { "clip", 32, 0, 1e-5f, VIT_ACTIVATION_GELU_QUICK, VIT_CLASS_TOKENS_CLASS, VIT_POOL_CLASS,
          VIT_FINAL_NORM_POOLED, false, true },
        { "clip_vision_model", 32, 0, 1e-5f, VIT_ACTIVATION_GELU_QUICK, VIT_CLASS_TOKENS_CLASS,
          VIT_POOL_CLASS, VIT_FINAL_NORM_POOLED, false, true },
        { "siglip", 16, 0, 1e-6f, VIT_ACTIVATION_GELU_TANH, VIT_CLASS_TOKENS_NONE, VIT_POOL_MAP,
          VIT_FINAL_NORM_TOKENS, false, false },
        { "siglip_vision_model", 16, 0, 1e-6f, VIT_ACTIVATION_GELU_TANH, VIT_CLASS_TOKENS_NONE,
          VIT_POOL_MAP, VIT_FINAL_NORM_TOKENS, false, false },
    };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"model_type\":\"%s\"}", types[i].model_type);
        const struct parsed_config file = expect_config(text, NULL);
        const struct vit_config *const c = &file.config;
        cr_assert(c->channels == 3 && c->height == 224 && c->width == 224 && c->dim == 768 &&
                  c->depth == 12 && c->heads == 12 && c->mlp_dim == 3072 && !c->no_qkv_bias);
        cr_assert(c->patch == types[i].patch && c->registers == types[i].registers, "%s", text);
        cr_assert(c->eps == types[i].eps && c->activation == types[i].activation, "%s", text);
        cr_assert(c->class_tokens == types[i].class_tokens && c->pool == types[i].pool &&
                      c->final_norm == types[i].final_norm,
                  "%s", text);
        cr_assert(c->layer_scale == types[i].layer_scale && c->pre_norm == types[i].pre_norm &&
                      c->no_patch_bias == types[i].pre_norm && c->classes == 0,
                  "%s", text);
        cr_assert(file.preprocess.crop_rounds_down && file.preprocess.height == 224 &&
                  file.height == 0);
        expect_source(&file, "eps", "transformers' default");
        expect_source(&file, "height", "transformers' default");
        expect_source(&file, "pre_norm", "config.json: model_type");
        count_checks(6);
    }
}

Test(config_hf, every_field_has_its_effect_and_others_are_ignored)
{
    const struct parsed_config file = expect_config(
        "{\"model_type\":\"vit\",\"hidden_size\":60,\"num_hidden_layers\":3,"
        "\"num_attention_heads\":5,\"intermediate_size\":77,\"hidden_act\":\"gelu_new\","
        "\"layer_norm_eps\":1e-5,\"image_size\":[32,48],\"patch_size\":[8,8],"
        "\"num_channels\":1,\"qkv_bias\":false,\"pooler_act\":\"tanh\","
        "\"pooler_output_size\":60,\"hidden_dropout_prob\":0.1,\"torch_dtype\":\"float32\","
        "\"problem_type\":\"single_label_classification\",\"pruned_heads\":{},"
        "\"id2label\":{\"0\":\"LABEL_0\",\"1\":\"LABEL_1\"},\"quantization_config\":null}",
        NULL);
    const struct vit_config *const c = &file.config;

    cr_assert(c->dim == 60 && c->depth == 3 && c->heads == 5 && c->mlp_dim == 77);
    cr_assert(c->activation == VIT_ACTIVATION_GELU_TANH && c->eps == 1e-5f && c->no_qkv_bias);
    cr_assert(c->height == 32 && c->width == 48 && c->patch == 8 && c->channels == 1);
    cr_assert_eq(file.labels.count, 0); /* labels belong to a head, and there is none */
    expect_source(&file, "dim", "config.json: hidden_size");
    expect_source(&file, "width", "config.json: image_size");
    count_checks(4);
}

Test(config_hf, activations_have_the_names_and_arguments_of_transformers)
{
    static const struct {
        const char *name;
        enum vit_activation activation;
        float args[2];
    } known[] = { { "gelu", VIT_ACTIVATION_GELU, { 0 } },
                  { "gelu_python", VIT_ACTIVATION_GELU, { 0 } },
                  { "gelu_accurate", VIT_ACTIVATION_GELU_TANH, { 0 } },
                  { "gelu_fast", VIT_ACTIVATION_GELU_TANH, { 0 } },
                  { "gelu_new", VIT_ACTIVATION_GELU_TANH, { 0 } },
                  { "gelu_python_tanh", VIT_ACTIVATION_GELU_TANH, { 0 } },
                  { "gelu_pytorch_tanh", VIT_ACTIVATION_GELU_TANH, { 0 } },
                  { "hardswish", VIT_ACTIVATION_HARDSWISH, { 0 } },
                  { "leaky_relu", VIT_ACTIVATION_LEAKY_RELU, { 0.01f } },
                  { "linear", VIT_ACTIVATION_IDENTITY, { 0 } },
                  { "mish", VIT_ACTIVATION_MISH, { 0 } },
                  { "quick_gelu", VIT_ACTIVATION_GELU_QUICK, { 0 } },
                  { "relu", VIT_ACTIVATION_RELU, { 0 } },
                  { "relu6", VIT_ACTIVATION_HARDTANH, { 0, 6 } },
                  { "sigmoid", VIT_ACTIVATION_SIGMOID, { 0 } },
                  { "silu", VIT_ACTIVATION_SILU, { 0 } },
                  { "swish", VIT_ACTIVATION_SILU, { 0 } },
                  { "tanh", VIT_ACTIVATION_TANH, { 0 } } };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[96];
        snprintf(text, sizeof text, "{\"model_type\":\"vit\",\"hidden_act\":\"%s\"}",
                 known[i].name);
        const struct parsed_config file = expect_config(text, NULL);
        cr_assert_eq(file.config.activation, known[i].activation, "%s", known[i].name);
        cr_assert(file.config.activation_args[0] == known[i].args[0] &&
                      file.config.activation_args[1] == known[i].args[1],
                  "%s", known[i].name);
        expect_source(&file, "activation", "config.json: hidden_act");
        expect_source(&file, "activation_args", "config.json: hidden_act");
        count_checks(2);
    }
}

/* The gate is SiLU, whatever hidden_act says. */
Test(config_hf, a_gated_mlp_has_no_arguments_of_hidden_act)
{
    const struct parsed_config file = expect_config(
        "{\"model_type\":\"dinov2\",\"hidden_act\":\"relu6\",\"use_swiglu_ffn\":true}", NULL);

    cr_assert_eq(file.config.activation, VIT_ACTIVATION_SILU);
    cr_assert(file.config.activation_args[0] == 0.0f && file.config.activation_args[1] == 0.0f);
    count_checks(2);
}

Test(config_hf, a_gated_mlp_of_dinov2_has_its_own_width_formula)
{
    static const size_t widths[][3] = {
        /* dim, ratio, width */ { 1536, 4, 4096 }, { 384, 4, 1024 }, { 48, 2, 64 }, { 52, 1, 40 }
    };

    for (size_t i = 0; i < 4; i++) {
        char text[160];
        snprintf(text, sizeof text,
                 "{\"use_swiglu_ffn\":true,\"model_type\":\"dinov2\",\"hidden_size\":%zu,"
                 "\"mlp_ratio\":%zu,\"num_attention_heads\":4}",
                 widths[i][0], widths[i][1]);
        const struct parsed_config file = expect_config(text, NULL);
        cr_assert(file.config.gated_mlp && file.config.activation == VIT_ACTIVATION_SILU);
        cr_assert_eq(file.config.mlp_dim, widths[i][2]);
        expect_source(&file, "gated_mlp", "config.json: use_swiglu_ffn");
        expect_source(&file, "mlp_dim", "config.json: mlp_ratio");
        count_checks(2);
    }
}

Test(config_hf, registers_have_no_positions)
{
    const struct parsed_config file =
        expect_config("{\"model_type\":\"dinov2_with_registers\",\"num_register_tokens\":7}", NULL);

    cr_assert_eq(file.config.registers, 7);
    cr_assert_eq(file.config.pos_embed_scope, VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES);
    expect_rejected_config("{\"model_type\":\"dinov2_with_registers\",\"num_register_tokens\":0}",
                           NULL, VIT_EFORMAT,
                           "num_register_tokens: expected a positive integer, found 0");
    count_checks(2);
}

Test(config_hf, vision_config_has_the_fields_of_the_vision_tower)
{
    struct parsed_config file = expect_config(
        "{\"model_type\":\"siglip\",\"hidden_size\":1,\"vision_config\":{\"hidden_size\":48,"
        "\"vision_use_head\":false},\"text_config\":{\"hidden_size\":7}}",
        NULL);

    cr_assert(file.config.dim == 48 && file.config.pool == VIT_POOL_MEAN);
    expect_source(&file, "dim", "config.json: vision_config.hidden_size");
    file = expect_config("{\"model_type\":\"clip\",\"vision_config_dict\":{\"hidden_size\":60},"
                         "\"vision_config\":{\"hidden_size\":48,\"num_hidden_layers\":3}}",
                         NULL);
    cr_assert(file.config.dim == 60 &&
              file.config.depth == 12); /* transformers reads only one of the two */
    file = expect_config("{\"model_type\":\"clip\",\"vision_config_dict\":null,"
                         "\"vision_config\":{\"hidden_size\":48}}",
                         NULL);
    cr_assert_eq(file.config.dim, 48);
    expect_rejected_config("{\"model_type\":\"clip\",\"vision_config\":[]}", NULL, VIT_EFORMAT,
                           "vision_config: expected an object");
    expect_rejected_config("{\"model_type\":\"clip\",\"vision_config\":{\"hidden_size\":\"x\"}}",
                           NULL, VIT_EFORMAT,
                           "vision_config.hidden_size: expected a positive integer");
    count_checks(3);
}

Test(config_hf, a_size_that_is_no_multiple_of_the_patch_is_cropped)
{
    struct parsed_config file = expect_config(
        "{\"model_type\":\"siglip_vision_model\",\"image_size\":384,\"patch_size\":14}", NULL);

    cr_assert(file.config.crop_to_patches && file.config.height == 384 &&
              file.preprocess.height == 384);
    cr_assert_eq(config_patches(&file.config), 27 * 27);
    file = expect_config("{\"model_type\":\"dinov2\",\"image_size\":518}",
                         "{\"size\":256,\"crop_size\":230}");
    cr_assert(file.config.crop_to_patches && file.height == 230);
    cr_assert(!expect_config(MODEL("dinov2"), NULL).config.crop_to_patches);
    expect_rejected_config("{\"model_type\":\"vit\",\"image_size\":15}", NULL, VIT_EFORMAT,
                           "height and width: expected at least patch, 16, found 15 × 15");
    count_checks(4);
}

Test(config_hf, fields_that_would_change_the_arithmetic_are_rejected)
{
    static const char *const changes[][2] = {
        { "\"hidden_act\":\"relu2\"",
          "hidden_act: expected one of gelu, gelu_accurate, gelu_fast, gelu_new, gelu_python, "
          "gelu_python_tanh, gelu_pytorch_tanh, hardswish, leaky_relu, linear, mish, quick_gelu, "
          "relu, relu6, sigmoid, silu, swish, tanh, found \"relu2\"" },
        { "\"hidden_act\":\"prelu\"", "tanh, found \"prelu\"" },
        { "\"pooler_act\":\"relu\"", "pooler_act: expected \"tanh\", found \"relu\"" },
        { "\"patch_size\":[8,16]", "patch_size: expected equal height and width, found [8,16]" },
        { "\"pruned_heads\":{\"0\":[1]}", "pruned_heads: expected {}, found {" },
        { "\"quantization_config\":{\"bits\":8}",
          "quantization_config: expected null, found {\"bits\":8}" },
        { "\"problem_type\":\"ranking\"",
          "problem_type: expected one of \"single_label_classification\", "
          "\"multi_label_classification\", \"regression\", found \"ranking\"" },
    };

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[160];
        snprintf(text, sizeof text, "{\"model_type\":\"vit\",%s}", changes[i][0]);
        expect_rejected_config(text, NULL, VIT_EUNSUPPORTED, changes[i][1]);
    }
    expect_rejected_config("{\"model_type\":\"dinov2\",\"apply_layernorm\":false}", NULL,
                           VIT_EUNSUPPORTED, "apply_layernorm: expected true, found false");
    expect_rejected_config("{\"model_type\":\"siglip2\"}", NULL, VIT_EUNSUPPORTED,
                           "siglip_vision_model; found siglip2");
    expect_rejected_config("{\"model_type\":\"vit\",\"hidden_size\":770}", NULL, VIT_EFORMAT,
                           "dim: expected a multiple of heads, 12, found 770");
    expect_rejected_config("{\"model_type\":\"dinov2\",\"mlp_ratio\":1e9}", NULL, VIT_EFORMAT,
                           "mlp_ratio: expected an MLP width from 1 to 262144, found 7.68e+11");
    expect_rejected_config("{\"model_type\":\"vit\",\"layer_norm_eps\":1e-60}", NULL, VIT_EFORMAT,
                           "layer_norm_eps: expected a number in the range of float32");
}

/* As Python's json writes and reads them; where a value counts, it must be one that fits. */
Test(config_hf, nan_infinity_and_huge_integers_are_numbers)
{
    struct parsed_config file = expect_config(
        "{\"model_type\":\"vit\",\"initializer_range\":NaN,\"max\":Infinity,\"min\":-Infinity,"
        "\"vocab_size\":1000000000000000019884624838656,\"layer_norm_eps\":1e-12}",
        NULL);

    cr_assert(file.config.dim == 768 && file.config.eps == 1e-12f);
    expect_rejected_config("{\"model_type\":\"vit\",\"layer_norm_eps\":NaN}", NULL, VIT_EFORMAT,
                           "layer_norm_eps: expected a number in the range of float32, found NaN");
    expect_rejected_config(
        "{\"model_type\":\"vit\",\"hidden_size\":1000000000000000019884624838656}", NULL,
        VIT_EFORMAT, "hidden_size: expected a positive integer, found 10000000000000000198846");
    count_checks(1);
}

Test(config_hf, dinov3_and_beit_alone_have_the_defaults_of_transformers)
{
    const struct parsed_config dinov3 = expect_config(MODEL("dinov3_vit"), NULL);
    const struct parsed_config beit = expect_config(MODEL("beit"), NULL);
    const struct vit_config *c = &dinov3.config;

    cr_assert(c->dim == 384 && c->depth == 12 && c->heads == 6 && c->mlp_dim == 1536);
    cr_assert(c->patch == 16 && c->height == 224 && c->registers == 0 && c->eps == 1e-5f);
    cr_assert(c->rotary == VIT_ROTARY_CENTERS && c->rotary_base == 100 && c->layer_scale);
    cr_assert(c->no_key_bias && !c->no_qkv_bias && !c->gated_mlp && !c->no_proj_bias);
    cr_assert(c->pos_embed == VIT_POS_EMBED_NONE && c->pool == VIT_POOL_CLASS);
    c = &beit.config;
    cr_assert(c->dim == 768 && c->heads == 12 && c->mlp_dim == 3072 && c->eps == 1e-12f);
    cr_assert(c->no_key_bias && c->layer_scale && c->relative_bias == VIT_RELATIVE_BIAS_NONE);
    cr_assert(c->pool == VIT_POOL_MEAN && c->final_norm == VIT_FINAL_NORM_POOLED);
    cr_assert(c->pos_embed == VIT_POS_EMBED_NONE);
    count_checks(9);
}

Test(config_hf, fields_of_dinov3_and_beit_that_exclude_each_other_are_unsupported)
{
    const struct parsed_config none = expect_config(
        "{\"model_type\":\"dinov3_vit\",\"query_bias\":false,\"value_bias\":false}", NULL);
    const struct parsed_config all =
        expect_config("{\"model_type\":\"dinov3_vit\",\"key_bias\":true}", NULL);
    const struct parsed_config token = expect_config(
        "{\"model_type\":\"beit\",\"use_mean_pooling\":false,\"layer_scale_init_value\":0,"
        "\"use_shared_relative_position_bias\":true}",
        NULL);

    cr_assert(none.config.no_qkv_bias && !none.config.no_key_bias);
    cr_assert(!all.config.no_qkv_bias && !all.config.no_key_bias);
    cr_assert(token.config.pool == VIT_POOL_CLASS && !token.config.layer_scale &&
              token.config.final_norm == VIT_FINAL_NORM_TOKENS &&
              token.config.relative_bias == VIT_RELATIVE_BIAS_SHARED);
    expect_rejected_config("{\"model_type\":\"dinov3_vit\",\"query_bias\":false}", NULL,
                           VIT_EUNSUPPORTED, "or all but key_bias, found false, false and true");
    expect_rejected_config("{\"model_type\":\"dinov3_vit\",\"query_bias\":false,"
                           "\"key_bias\":true,\"value_bias\":false}",
                           NULL, VIT_EUNSUPPORTED, "found false, true and false");
    expect_rejected_config("{\"model_type\":\"dinov3_vit\",\"rope_theta\":0}", NULL, VIT_EFORMAT,
                           "rotary_base: expected 1 to 2^40 with rotary centers, found 0");
    expect_rejected_config("{\"model_type\":\"beit\",\"image_size\":[224,256]}", NULL,
                           VIT_EUNSUPPORTED, "image_size: expected a square, found 224 × 256");
    expect_rejected_config("{\"model_type\":\"beit\",\"use_relative_position_bias\":true,"
                           "\"use_shared_relative_position_bias\":true}",
                           NULL, VIT_EUNSUPPORTED,
                           "use_shared_relative_position_bias: expected false");
    expect_rejected_config("{\"model_type\":\"beit\",\"use_absolute_position_embeddings\":true}",
                           NULL, VIT_EUNSUPPORTED,
                           "use_absolute_position_embeddings: expected false");
    count_checks(3);
}
