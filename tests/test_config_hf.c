/* test_config_hf.c - Hugging Face's config.json and preprocessor_config.json, of each model_type */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/config.h"
#include "config/derived.h"
#include "tests/counts.h"

static enum vit_status parse(const char *config, const char *preprocessor, struct config_file *file,
                             struct vit_error *err)
{
    return config_parse(&(struct text_file){ "some/config.json", config, strlen(config) },
                        &(struct text_file){ "some/preprocessor_config.json", preprocessor,
                                             preprocessor ? strlen(preprocessor) : 0 },
                        NULL, file, err);
}

static struct config_file parses(const char *config, const char *preprocessor)
{
    struct config_file file;
    struct vit_error err = { 0 };

    cr_assert_eq(parse(config, preprocessor, &file, &err), VIT_OK, "%s", err.message);
    tally(1);
    return file;
}

static void refuses(const char *config, const char *preprocessor, enum vit_status status,
                    const char *words)
{
    struct config_file file;
    struct vit_error err = { 0 };

    cr_assert_eq(parse(config, preprocessor, &file, &err), status, "%s: %s", words, err.message);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    tally(2);
}

static void has_origin(const struct config_file *file, const char *field, const char *origin)
{
    struct vit_config_entry fact = { .size = sizeof fact };
    size_t i = 0;

    while (provenance_entry(&file->provenance, &file->config, i, &fact) &&
           strcmp(fact.name, field) != 0)
        i++;
    cr_assert_str_eq(fact.name, field);
    cr_assert_str_eq(fact.source, origin, "%s: %s", field, fact.source);
    tally(1);
}

#define MODEL(type) "{\"model_type\":\"" type "\"}"

Test(config_hf, a_model_type_alone_stands_for_transformers_defaults)
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
        const struct config_file file = parses(text, NULL);
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
        cr_assert(file.recipe.crop_rounds_down && file.recipe.height == 224 && file.height == 0);
        has_origin(&file, "eps", "transformers' default");
        has_origin(&file, "height", "transformers' default");
        has_origin(&file, "pre_norm", "config.json: model_type");
        tally(6);
    }
}

Test(config_hf, every_key_is_heard_and_others_passed_over)
{
    const struct config_file file =
        parses("{\"model_type\":\"vit\",\"hidden_size\":60,\"num_hidden_layers\":3,"
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
    cr_assert_eq(file.labels.count, 0); /* they are of a head, and there is none */
    has_origin(&file, "dim", "config.json: hidden_size");
    has_origin(&file, "width", "config.json: image_size");
    tally(4);
}

Test(config_hf, activations_have_transformers_names)
{
    static const struct {
        const char *name;
        enum vit_activation activation;
    } known[] = { { "gelu", VIT_ACTIVATION_GELU },
                  { "gelu_pytorch_tanh", VIT_ACTIVATION_GELU_TANH },
                  { "gelu_fast", VIT_ACTIVATION_GELU_TANH },
                  { "quick_gelu", VIT_ACTIVATION_GELU_QUICK },
                  { "relu", VIT_ACTIVATION_RELU },
                  { "silu", VIT_ACTIVATION_SILU },
                  { "swish", VIT_ACTIVATION_SILU } };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char text[96];
        snprintf(text, sizeof text, "{\"model_type\":\"vit\",\"hidden_act\":\"%s\"}",
                 known[i].name);
        cr_assert_eq(parses(text, NULL).config.activation, known[i].activation);
        tally(1);
    }
}

Test(config_hf, dinov2s_gated_mlp_has_a_width_of_its_own)
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
        const struct config_file file = parses(text, NULL);
        cr_assert(file.config.gated_mlp && file.config.activation == VIT_ACTIVATION_SILU);
        cr_assert_eq(file.config.mlp_dim, widths[i][2]);
        has_origin(&file, "gated_mlp", "config.json: use_swiglu_ffn");
        has_origin(&file, "mlp_dim", "config.json: mlp_ratio");
        tally(2);
    }
}

Test(config_hf, registers_are_counted_and_have_no_positions)
{
    const struct config_file file =
        parses("{\"model_type\":\"dinov2_with_registers\",\"num_register_tokens\":7}", NULL);

    cr_assert_eq(file.config.registers, 7);
    cr_assert_eq(file.config.pos_embed_scope, VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES);
    refuses("{\"model_type\":\"dinov2_with_registers\",\"num_register_tokens\":0}", NULL,
            VIT_EFORMAT, "num_register_tokens: expected a positive integer, found 0");
    tally(2);
}

Test(config_hf, a_vision_tower_stands_in_vision_config)
{
    struct config_file file =
        parses("{\"model_type\":\"siglip\",\"hidden_size\":1,\"vision_config\":{\"hidden_size\":48,"
               "\"vision_use_head\":false},\"text_config\":{\"hidden_size\":7}}",
               NULL);

    cr_assert(file.config.dim == 48 && file.config.pool == VIT_POOL_MEAN);
    has_origin(&file, "dim", "config.json: vision_config.hidden_size");
    file = parses("{\"model_type\":\"clip\",\"vision_config_dict\":{\"hidden_size\":60},"
                  "\"vision_config\":{\"hidden_size\":48,\"num_hidden_layers\":3}}",
                  NULL);
    cr_assert(file.config.dim == 60 && file.config.depth == 12); /* transformers reads one alone */
    file = parses("{\"model_type\":\"clip\",\"vision_config_dict\":null,"
                  "\"vision_config\":{\"hidden_size\":48}}",
                  NULL);
    cr_assert_eq(file.config.dim, 48);
    refuses("{\"model_type\":\"clip\",\"vision_config\":[]}", NULL, VIT_EFORMAT,
            "vision_config: expected an object");
    refuses("{\"model_type\":\"clip\",\"vision_config\":{\"hidden_size\":\"x\"}}", NULL,
            VIT_EFORMAT, "vision_config.hidden_size: expected a positive integer");
    tally(3);
}

Test(config_hf, a_size_that_the_patch_does_not_divide_loses_its_edges)
{
    struct config_file file = parses(
        "{\"model_type\":\"siglip_vision_model\",\"image_size\":384,\"patch_size\":14}", NULL);

    cr_assert(file.config.crop_to_patches && file.config.height == 384 &&
              file.recipe.height == 384);
    cr_assert_eq(config_patches(&file.config), 27 * 27);
    file = parses("{\"model_type\":\"dinov2\",\"image_size\":518}",
                  "{\"size\":256,\"crop_size\":230}");
    cr_assert(file.config.crop_to_patches && file.height == 230);
    cr_assert(!parses(MODEL("dinov2"), NULL).config.crop_to_patches);
    refuses("{\"model_type\":\"vit\",\"image_size\":15}", NULL, VIT_EFORMAT,
            "height and width: expected at least patch, 16, found 15 × 15");
    tally(4);
}

Test(config_hf, what_changes_the_arithmetic_is_refused_by_name)
{
    static const char *const changes[][2] = {
        { "\"hidden_act\":\"mish\"", "hidden_act is \"mish\": supported is \"gelu\"" },
        { "\"pooler_act\":\"relu\"", "pooler_act is \"relu\": supported is \"tanh\"" },
        { "\"patch_size\":[8,16]", "patch_size is [8,16]: supported is a square patch" },
        { "\"pruned_heads\":{\"0\":[1]}", "pruned_heads is " },
        { "\"quantization_config\":{\"bits\":8}", "quantization_config is {\"bits\":8}" },
        { "\"problem_type\":\"regression\"", "problem_type is \"regression\"" },
    };

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[160];
        snprintf(text, sizeof text, "{\"model_type\":\"vit\",%s}", changes[i][0]);
        refuses(text, NULL, VIT_EUNSUPPORTED, changes[i][1]);
    }
    refuses("{\"model_type\":\"dinov2\",\"apply_layernorm\":false}", NULL, VIT_EUNSUPPORTED,
            "apply_layernorm is false: supported is true");
    refuses("{\"model_type\":\"siglip2\"}", NULL, VIT_EUNSUPPORTED, "\"siglip_vision_model\"");
    refuses("{\"model_type\":\"vit\",\"hidden_size\":770}", NULL, VIT_EFORMAT,
            "dim: expected a multiple of heads, 12, found 770");
    refuses("{\"model_type\":\"dinov2\",\"mlp_ratio\":1e9}", NULL, VIT_EFORMAT, "mlp_ratio 1e+09");
    refuses("{\"model_type\":\"vit\",\"layer_norm_eps\":1e-60}", NULL, VIT_EFORMAT,
            "layer_norm_eps: expected a number within float32");
}

/* --- how pictures become inputs */

struct expected {
    size_t height, width;
    enum vit_crop_mode crop_mode;
    double crop_pct;
    enum vit_interpolation interpolation;
    float mean, std; /* of the first channel */
};

static void makes(const char *model_type, const char *preprocessor, struct expected e)
{
    char text[64];

    snprintf(text, sizeof text, "{\"model_type\":\"%s\"}", model_type);
    const struct config_file file = parses(text, preprocessor);
    const struct vit_preprocess_config *const r = &file.recipe;
    cr_assert(r->size == sizeof *r && r->channels == 3 && r->crop_rounds_down);
    cr_assert(r->height == e.height && r->width == e.width, "%s: %zu × %zu", preprocessor,
              r->height, r->width);
    cr_assert(r->crop_mode == e.crop_mode && r->crop_pct == e.crop_pct, "%s: %.17g", preprocessor,
              r->crop_pct);
    cr_assert_eq(r->interpolation, e.interpolation, "%s", preprocessor);
    cr_assert(r->mean[0] == e.mean && r->std[0] == e.std, "%s", preprocessor);
    cr_assert_eq(file.height, e.height == 224 && e.width == 224 ? 0 : e.height, "%s", preprocessor);
    tally(6);
}

#define SQUASH VIT_CROP_MODE_SQUASH
#define CENTER VIT_CROP_MODE_CENTER

Test(config_hf, without_a_preprocessor_pictures_are_made_as_the_published_models_do)
{
    makes("vit", NULL,
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f });
    makes("deit", NULL,
          (struct expected){ 224, 224, SQUASH, 0.875, VIT_INTERPOLATION_BICUBIC, 0.485f, 0.229f });
    makes("dinov2", NULL,
          (struct expected){ 224, 224, CENTER, 0.875, VIT_INTERPOLATION_BICUBIC, 0.485f, 0.229f });
    makes("dinov2_with_registers", NULL,
          (struct expected){ 224, 224, CENTER, 0.875, VIT_INTERPOLATION_BICUBIC, 0.485f, 0.229f });
    makes("clip", NULL,
          (struct expected){ 224, 224, CENTER, 1, VIT_INTERPOLATION_BICUBIC, 0.48145466f,
                             0.26862954f });
    makes("siglip", NULL,
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
}

Test(config_hf, an_empty_preprocessor_stands_for_its_class)
{
    makes("vit", "{}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f });
    makes("deit", "{}",
          (struct expected){ 224, 224, SQUASH, 0.875, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
    makes("dinov2", "{}",
          (struct expected){ 224, 224, CENTER, 1, VIT_INTERPOLATION_BICUBIC, 0.48145466f,
                             0.26862954f });
    makes("vit", "{\"feature_extractor_type\":\"DeiTFeatureExtractor\"}",
          (struct expected){ 224, 224, SQUASH, 0.875, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
    makes("vit", "{\"image_processor_type\":\"SiglipImageProcessorFast\"}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f });
}

Test(config_hf, sizes_are_numbers_or_sides_or_the_shorter_side)
{
    const struct expected plain = { 192, 192, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f };
    const struct expected clip = { 192,         192,        CENTER, 0.75, VIT_INTERPOLATION_BICUBIC,
                                   0.48145466f, 0.26862954f };
    const struct expected deit = { 192, 192, SQUASH, 0.75, VIT_INTERPOLATION_BICUBIC, 0.5f, 0.5f };

    makes("vit", "{\"size\":192}", plain);
    makes("vit", "{\"size\":{\"height\":192,\"width\":192}}", plain);
    makes("vit", "{\"size\":{\"height\":192,\"width\":160}}",
          (struct expected){ 192, 160, SQUASH, 1, VIT_INTERPOLATION_BILINEAR, 0.5f, 0.5f });
    makes("clip", "{\"size\":256,\"crop_size\":192}", clip);
    makes("clip", "{\"size\":{\"shortest_edge\":256},\"crop_size\":{\"height\":192,\"width\":192}}",
          clip);
    makes("deit", "{\"size\":256,\"crop_size\":192}", deit);
    makes("deit", "{\"size\":{\"height\":256,\"width\":256},\"crop_size\":192}", deit);
    /* one form's null is the other's absence */
    makes("vit", "{\"size\":{\"height\":192,\"width\":192,\"shortest_edge\":null}}", plain);
}

Test(config_hf, the_rest_of_a_preprocessor_is_heard)
{
    makes("vit",
          "{\"do_resize\":true,\"do_rescale\":true,\"rescale_factor\":0.00392156862745098,"
          "\"resample\":3,\"image_mean\":[0.1,0.2,0.3],\"image_std\":0.25,\"do_convert_rgb\":true,"
          "\"crop_pct\":null,\"processor_class\":\"X\"}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.1f, 0.25f });
    makes("clip", "{\"do_normalize\":false,\"resample\":2,\"size\":224}",
          (struct expected){ 224, 224, CENTER, 1, VIT_INTERPOLATION_BILINEAR, 0, 1 });
    makes("clip", "{\"do_center_crop\":false,\"size\":{\"height\":224,\"width\":224}}",
          (struct expected){ 224, 224, SQUASH, 1, VIT_INTERPOLATION_BICUBIC, 0.48145466f,
                             0.26862954f });
}

Test(config_hf, the_pictures_size_is_the_models_where_they_differ)
{
    const struct config_file file =
        parses("{\"model_type\":\"dinov2\",\"image_size\":518}",
               "{\"crop_size\":{\"height\":224,\"width\":224},\"size\":{\"shortest_edge\":256}}");

    cr_assert(file.config.height == 518 && file.height == 224 && file.width == 224);
    has_origin(&file, "height", "preprocessor_config.json: crop_size");
    tally(1);
}

/* The edge must be reached to the pixel by ⌊crop/crop_pct⌋, whatever two roundings make of it. */
Test(config_hf, every_crop_of_every_edge_is_reached)
{
    for (size_t edge = 14; edge <= 448; edge += edge < 160 ? 1 : 16)
        for (size_t crop = 14; crop <= edge; crop++) {
            char text[96];
            snprintf(text, sizeof text, "{\"size\":%zu,\"crop_size\":%zu}", edge, crop);
            const struct config_file file = parses(MODEL("dinov2"), text);
            cr_assert_eq(floor((double)crop / file.recipe.crop_pct), (double)edge, "%s", text);
            cr_assert_eq(file.recipe.height, crop);
            tally(2);
        }
}

Test(config_hf, one_channel_has_one_mean)
{
    static const char grey[] = "{\"model_type\":\"vit\",\"num_channels\":1}";
    struct config_file file = parses(grey, "{\"image_mean\":[0.25],\"image_std\":[2]}");

    cr_assert(file.recipe.channels == 1 && file.recipe.mean[0] == 0.25f);
    cr_assert(file.recipe.std[0] == 2 && file.recipe.std[1] == 0);
    file = parses(grey, NULL);
    cr_assert(file.recipe.mean[0] == 0.5f && file.recipe.mean[1] == 0);
    refuses(grey, "{\"image_mean\":[0.5,0.5,0.5]}", VIT_EFORMAT,
            "image_mean: expected 1 number, one per channel, found 3");
    refuses("{\"model_type\":\"clip\",\"vision_config\":{\"num_channels\":1}}", "{}", VIT_EFORMAT,
            "image_mean: expected 1 number, one per channel, found 0");
    refuses("{\"model_type\":\"clip_vision_model\",\"num_channels\":1}", NULL, VIT_EFORMAT,
            "preprocessor_config.json: no such file, and image_mean has no default for 1 channel");
    tally(3);
}

Test(config_hf, what_cannot_be_made_of_a_picture_is_refused_by_name)
{
    static const char *const unsupported[][2] = {
        { "{\"image_processor_type\":\"ConvNextImageProcessor\"}",
          "image_processor_type is \"ConvNextImageProcessor\": supported are those of ViT" },
        { "{\"feature_extractor_type\":\"ViTHybridImageProcessor\"}", "feature_extractor_type is" },
        { "{\"do_resize\":false}", "do_resize is false: supported is true" },
        { "{\"do_rescale\":false}", "do_rescale is false: supported is true" },
        { "{\"rescale_factor\":1}", "rescale_factor is 1: supported is 1/255" },
        { "{\"resample\":1}", "resample is 1: supported is 2 (bilinear) or 3 (bicubic)" },
        { "{\"resample\":\"bicubic\"}", "resample is \"bicubic\"" },
        { "{\"do_pad\":true}", "do_pad is true: supported is false" },
        { "{\"crop_pct\":0.875}", "crop_pct is 0.875" },
        { "{\"size\":{\"longest_edge\":224}}", "size is {\"longest_edge\":224}: supported is" },
        { "{\"size\":{\"height\":224}}", "size is {\"height\":224}" },
        { "{\"size\":{\"height\":224,\"width\":224,\"shortest_edge\":224}}", "size is {" },
        { "{\"size\":{}}", "size is {}" },
        { "{\"size\":{\"shortest_edge\":224}}", "pictures would keep their shapes" },
        { "{\"do_center_crop\":true,\"crop_size\":256}", "crop_size is above size" },
        { "{\"do_center_crop\":true,\"crop_size\":{\"shortest_edge\":224}}",
          "crop_size is a shortest_edge" },
        { "{\"do_center_crop\":true,\"crop_size\":{\"height\":224,\"width\":112}}",
          "another part of size's height" },
        { "{\"do_center_crop\":true,\"size\":{\"shortest_edge\":256},"
          "\"crop_size\":{\"height\":224,\"width\":112}}",
          "crop_size not square" },
    };
    static const char *const wrong[][2] = {
        { "[]", "preprocessor_config.json: expected a JSON object" },
        { "{\"size\":\"224\"}", "size: expected a positive integer, found \"224\"" },
        { "{\"size\":{\"height\":0,\"width\":0}}", "size: expected a positive integer, found 0" },
        { "{\"image_mean\":\"x\"}", "image_mean: expected an array of numbers" },
        { "{\"image_mean\":[1,2]}", "image_mean: expected 3 numbers, one per channel, found 2" },
        { "{\"image_std\":[1,0,1]}", "image_std: 0 is out of range" },
        { "{\"do_center_crop\":1}", "do_center_crop: expected true or false" },
    };

    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
        refuses(MODEL("vit"), unsupported[i][0], VIT_EUNSUPPORTED, unsupported[i][1]);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refuses(MODEL("vit"), wrong[i][0], VIT_EFORMAT, wrong[i][1]);
}
