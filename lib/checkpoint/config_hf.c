/* config_hf.c - Hugging Face's config.json, for each model_type of a family */
#include "checkpoint/config_hf.h"
#include "checkpoint/config_hf_fields.h"

#include <string.h>

#include "checkpoint/hf_activation.h"
#include "files/fail_file.h"
#include "files/json.h"
#include "files/sanitize.h"

#define FIELD(...)    FIELD_RULE(struct hf_fields, __VA_ARGS__)
#define CONFIG(field) offsetof(struct vit_config, field)

/*
 * A config.json has many fields without effect here: for training, for text, for other heads. The
 * rules are for what this library reads, and for what would change the arithmetic.
 */
#define TOWER_RULES                                                                                \
    FIELD("hidden_size", parse_count, config.dim),                                                 \
        FIELD("num_hidden_layers", parse_count, config.depth),                                     \
        FIELD("num_attention_heads", parse_count, config.heads),                                   \
        FIELD("hidden_act", parse_hf_activation, config.activation),                               \
        FIELD("layer_norm_eps", parse_float, config.eps),                                          \
        FIELD("image_size", parse_height_width, image),                                            \
        FIELD("patch_size", parse_square, config.patch),                                           \
        FIELD("num_channels", parse_count, config.channels), FIXED_RULE("pruned_heads", "{}")

#define DINOV2_RULES                                                                               \
    TOWER_RULES, FIELD("mlp_ratio", parse_number, mlp_ratio),                                      \
        FIELD("use_swiglu_ffn", parse_bool, swiglu),                                               \
        FIELD("qkv_bias", parse_negated_bool, config.no_qkv_bias),                                 \
        FIXED_RULE("apply_layernorm", "true")

static const struct field_rule vit_rules[] = {
    TOWER_RULES,
    FIELD("intermediate_size", parse_count, config.mlp_dim),
    FIELD("qkv_bias", parse_negated_bool, config.no_qkv_bias),
    FIXED_RULE("pooler_act", "\"tanh\""),
};

static const struct field_rule dinov2_rules[] = { DINOV2_RULES };

static const struct field_rule registers_rules[] = {
    DINOV2_RULES,
    FIELD("num_register_tokens", parse_count, config.registers),
};

static const struct field_rule clip_rules[] = {
    TOWER_RULES,
    FIELD("intermediate_size", parse_count, config.mlp_dim),
};

static const struct field_rule siglip_rules[] = {
    TOWER_RULES,
    FIELD("intermediate_size", parse_count, config.mlp_dim),
    FIELD("vision_use_head", parse_bool, map_pool),
};

static const struct field_rule dinov3_rules[] = {
    TOWER_RULES,
    FIELD("intermediate_size", parse_count, config.mlp_dim),
    FIELD("num_register_tokens", parse_count_or_0, config.registers),
    FIELD("use_gated_mlp", parse_bool, config.gated_mlp),
    FIELD("query_bias", parse_bool, query_bias),
    FIELD("key_bias", parse_bool, key_bias),
    FIELD("value_bias", parse_bool, value_bias),
    FIELD("proj_bias", parse_negated_bool, config.no_proj_bias),
    FIELD("mlp_bias", parse_negated_bool, config.no_mlp_bias),
    FIELD("rope_theta", parse_float, config.rotary_base),
    FIXED_RULE("apply_layernorm", "true"),
};

static const struct field_rule beit_rules[] = {
    TOWER_RULES,
    FIELD("intermediate_size", parse_count, config.mlp_dim),
    FIELD("use_mean_pooling", parse_bool, mean_pool),
    FIELD("use_relative_position_bias", parse_bool, relative),
    FIELD("use_shared_relative_position_bias", parse_bool, shared_relative),
    FIELD("layer_scale_init_value", parse_number, layer_scale),
    FIXED_RULE("use_absolute_position_embeddings", "false"),
};

static const struct choice problem_types[] = {
    { "single_label_classification", VIT_SCORES_SOFTMAX },
    { "multi_label_classification", VIT_SCORES_SIGMOID },
    { "regression", VIT_SCORES_NONE },
    { NULL, 0 },
};

static const struct field_rule root_rules[] = {
    FIELD("projection_dim", parse_count, projection),
    FIXED_RULE("quantization_config", "null"),
    FIELD("problem_type", parse_choice, scores, .argument = problem_types),
};

/* --- the defaults of transformers' constructors, and what each class always computes */

static const struct hf_preprocess preprocess_vit = {
    HF_PROCESSOR_VIT, VIT_CROP_MODE_SQUASH, 1, VIT_INTERPOLATION_BILINEAR, { HF_HALF }, { HF_HALF }
};
static const struct hf_preprocess preprocess_mae = {
    HF_PROCESSOR_VIT,           VIT_CROP_MODE_SQUASH, 1,
    VIT_INTERPOLATION_BILINEAR, { HF_IMAGENET_MEAN }, { HF_IMAGENET_STD }
};
static const struct hf_preprocess preprocess_deit = {
    HF_PROCESSOR_DEIT,         VIT_CROP_MODE_SQUASH, 0.875,
    VIT_INTERPOLATION_BICUBIC, { HF_IMAGENET_MEAN }, { HF_IMAGENET_STD }
};
static const struct hf_preprocess preprocess_dinov2 = {
    HF_PROCESSOR_BIT,          VIT_CROP_MODE_CENTER, 0.875,
    VIT_INTERPOLATION_BICUBIC, { HF_IMAGENET_MEAN }, { HF_IMAGENET_STD }
};
static const struct hf_preprocess preprocess_dinov3 = {
    HF_PROCESSOR_DINOV3,        VIT_CROP_MODE_SQUASH, 1,
    VIT_INTERPOLATION_BILINEAR, { HF_IMAGENET_MEAN }, { HF_IMAGENET_STD }
};
static const struct hf_preprocess preprocess_beit = {
    HF_PROCESSOR_BEIT, VIT_CROP_MODE_SQUASH, 1, VIT_INTERPOLATION_BILINEAR, { HF_HALF }, { HF_HALF }
};
static const struct hf_preprocess preprocess_clip = {
    HF_PROCESSOR_CLIP,         VIT_CROP_MODE_CENTER, 1,
    VIT_INTERPOLATION_BICUBIC, { HF_CLIP_MEAN },     { HF_CLIP_STD }
};
static const struct hf_preprocess preprocess_siglip = {
    HF_PROCESSOR_SIGLIP,       VIT_CROP_MODE_SQUASH, 1,
    VIT_INTERPOLATION_BICUBIC, { HF_HALF },          { HF_HALF }
};

#define MODEL_RULES(table) .rules = table, .count = sizeof(table) / sizeof *(table)
#define TOWER(width, attention_heads)                                                              \
    .size = sizeof(struct vit_config), .channels = 3, .dim = (width), .depth = 12,                 \
    .heads = (attention_heads)
#define BASE TOWER(768, 12), .pos_embed = VIT_POS_EMBED_LEARNED
#define CLIP                                                                                       \
    .image = 224, .projection = 512,                                                               \
    .config = { BASE,                                                                              \
                .patch = 32,                                                                       \
                .mlp_dim = 3072,                                                                   \
                .eps = 1e-5f,                                                                      \
                .activation = VIT_ACTIVATION_GELU_QUICK,                                           \
                .final_norm = VIT_FINAL_NORM_POOLED,                                               \
                .pre_norm = true,                                                                  \
                .no_patch_bias = true },                                                           \
    MODEL_RULES(clip_rules), .derive = derive_clip, .preprocess = &preprocess_clip
#define SIGLIP                                                                                     \
    .image = 224,                                                                                  \
    .config = { BASE,                                                                              \
                .patch = 16,                                                                       \
                .mlp_dim = 3072,                                                                   \
                .eps = 1e-6f,                                                                      \
                .activation = VIT_ACTIVATION_GELU_TANH,                                            \
                .class_tokens = VIT_CLASS_TOKENS_NONE,                                             \
                .pool = VIT_POOL_MAP },                                                            \
    MODEL_RULES(siglip_rules), .derive = derive_siglip, .preprocess = &preprocess_siglip

/* One row for each model_type of families.h whose parser is parse_config_hf. */
static const struct hf_model {
    const char *model_type;
    bool nested; /* the fields are in vision_config */
    size_t image, projection;
    double mlp_ratio; /* 0: the width of the MLP is a field */
    struct vit_config config;
    const struct field_rule *rules;
    size_t count;
    hf_combine *combine; /* or NULL */
    hf_derive *derive;
    const struct hf_preprocess *preprocess;
} models[] = {
    { .model_type = "vit",
      .image = 224,
      .config = { BASE, .patch = 16, .mlp_dim = 3072, .eps = 1e-12f,
                  .activation = VIT_ACTIVATION_GELU },
      MODEL_RULES(vit_rules),
      .derive = derive_vit,
      .preprocess = &preprocess_vit },
    { .model_type = "vit_mae", /* its encoder, without masks: what masks and decodes is ignored */
      .image = 224,
      .config = { BASE, .patch = 16, .mlp_dim = 3072, .eps = 1e-12f,
                  .activation = VIT_ACTIVATION_GELU },
      MODEL_RULES(vit_rules),
      .derive = derive_vit,
      .preprocess = &preprocess_mae },
    { .model_type = "deit",
      .image = 224,
      .config = { BASE, .patch = 16, .mlp_dim = 3072, .eps = 1e-12f,
                  .activation = VIT_ACTIVATION_GELU, .registers = 1 },
      MODEL_RULES(vit_rules),
      .derive = derive_deit,
      .preprocess = &preprocess_deit },
    { .model_type = "dinov2",
      .image = 224,
      .mlp_ratio = 4,
      .config = { BASE, .patch = 14, .eps = 1e-6f, .activation = VIT_ACTIVATION_GELU,
                  .layer_scale = true },
      MODEL_RULES(dinov2_rules),
      .derive = derive_dinov2,
      .preprocess = &preprocess_dinov2 },
    { .model_type = "dinov2_with_registers",
      .image = 224,
      .mlp_ratio = 4,
      .config = { BASE, .patch = 16, .eps = 1e-6f, .activation = VIT_ACTIVATION_GELU,
                  .layer_scale = true, .registers = 4,
                  .pos_embed_scope = VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES },
      MODEL_RULES(registers_rules),
      .derive = derive_dinov2,
      .preprocess = &preprocess_dinov2 },
    { .model_type = "dinov3_vit",
      .image = 224,
      .config = { TOWER(384, 6), .patch = 16, .mlp_dim = 1536, .eps = 1e-5f,
                  .activation = VIT_ACTIVATION_GELU, .layer_scale = true,
                  .pos_embed = VIT_POS_EMBED_NONE, .rotary = VIT_ROTARY_CENTERS,
                  .rotary_base = 100.0f },
      MODEL_RULES(dinov3_rules),
      .combine = combine_dinov3,
      .derive = derive_nothing,
      .preprocess = &preprocess_dinov3 },
    { .model_type = "beit",
      .image = 224,
      .config = { TOWER(768, 12), .patch = 16, .mlp_dim = 3072, .eps = 1e-12f,
                  .activation = VIT_ACTIVATION_GELU, .pos_embed = VIT_POS_EMBED_NONE,
                  .no_key_bias = true },
      MODEL_RULES(beit_rules),
      .combine = combine_beit,
      .derive = derive_nothing,
      .preprocess = &preprocess_beit },
    { .model_type = "clip", .nested = true, CLIP },
    { .model_type = "clip_vision_model", CLIP },
    { .model_type = "siglip", .nested = true, SIGLIP },
    { .model_type = "siglip_vision_model", SIGLIP },
};

static enum vit_status find_model(const struct config_sources *sources,
                                  const struct hf_model **model, struct vit_error *err)
{
    const char *const model_type = sources_string(sources, "model_type");

    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        if (strcmp(models[i].model_type, model_type) == 0) {
            *model = &models[i];
            return VIT_OK;
        }
    return fail_file(err, VIT_EUNSUPPORTED, sources->path,
                     "model_type: expected one with known defaults, found %s",
                     sanitize_name(model_type).text);
}

/* Finds the object with the tower's fields; of CLIP's two, the one that transformers uses. */
static enum vit_status find_tower(const struct config_sources *sources,
                                  const struct hf_model *model, const struct json **tower,
                                  const char **prefix, struct vit_error *err)
{
    const struct json *const config = json_member(sources->root, "vision_config");
    const struct json *const dict = json_member(sources->root, "vision_config_dict");

    *tower = sources->root;
    *prefix = "";
    if (!model->nested)
        return VIT_OK;
    *tower = json_is_object(dict) ? dict : config;
    *prefix = json_is_object(dict) ? "vision_config_dict." : "vision_config.";
    if (!*tower || json_is_object(*tower) || json_is_null(*tower))
        return VIT_OK;
    return fail_file(err, VIT_EFORMAT, sources->path, "vision_config: expected an object, found %s",
                     json_kind(*tower));
}

/* Records where a field of the configuration comes from: the JSON field if the tower has it. */
static void note(const struct json_reader *reader, const struct json *tower, const char *field,
                 size_t config_offset)
{
    const struct json *const value = json_member(tower, field);

    if (value && !json_is_null(value))
        json_fields_note(reader, field, config_offset);
    else
        provenance_set(reader->provenance, config_offset, "transformers' default");
}

/* DINOv2's MLP width follows from a ratio; a gated MLP has a formula of its own. */
static enum vit_status set_mlp(const struct json_reader *reader, const struct json *tower,
                               struct hf_fields *hf)
{
    struct vit_config *const c = &hf->config;
    const enum vit_status status =
        parse_mlp_ratio(reader->path, "mlp_ratio", hf->mlp_ratio, c->dim, &c->mlp_dim, reader->err);

    note(reader, tower, "mlp_ratio", CONFIG(mlp_dim));
    note(reader, tower, "use_swiglu_ffn", CONFIG(gated_mlp));
    if (status || !hf->swiglu)
        return status;
    c->gated_mlp = true;
    c->mlp_dim = (c->mlp_dim * 2 / 3 + 7) / 8 * 8;
    c->activation = VIT_ACTIVATION_SILU;
    memset(c->activation_args, 0, sizeof c->activation_args);
    json_fields_note(reader, "use_swiglu_ffn", CONFIG(activation));
    return VIT_OK;
}

static enum vit_status read_fields(const struct config_sources *sources,
                                   const struct hf_model *model, struct hf_fields *hf,
                                   struct provenance *provenance, struct vit_error *err)
{
    const struct json_reader root = { .path = sources->path,
                                      .prefix = "",
                                      .lenient = true,
                                      .target = hf,
                                      .err = err,
                                      .provenance = provenance,
                                      .config_offset = offsetof(struct hf_fields, config) };
    struct json_reader reader = root;
    const struct json *tower;
    enum vit_status status;

    provenance_all(provenance, "config.json: model_type");
    for (size_t i = 0; i < model->count; i++)
        if (model->rules[i].offset >= root.config_offset)
            provenance_set(provenance, model->rules[i].offset - root.config_offset,
                           "transformers' default");
    if ((status = find_tower(sources, model, &tower, &reader.prefix, err)) ||
        (status = json_fields_read(&root, sources->root, RULES(root_rules))) ||
        (status = json_fields_read(&reader, tower, model->rules, model->count)) ||
        (model->mlp_ratio > 0 && (status = set_mlp(&reader, tower, hf))) ||
        (model->combine && (status = model->combine(&reader, hf))))
        return status;
    hf->config.height = hf->image[0];
    hf->config.width = hf->image[1];
    note(&reader, tower, "image_size", CONFIG(height));
    note(&reader, tower, "image_size", CONFIG(width));
    return VIT_OK;
}

static void derive_from_tensors(const struct config_sources *sources, const struct hf_model *model,
                                struct hf_fields *hf, struct parsed_config *parsed)
{
    const struct tensor *const weight = hf_find(sources, parsed, SLOT_HEAD_WEIGHT);
    const struct tensor *const bias = hf_find(sources, parsed, SLOT_HEAD_BIAS);
    const struct vit_config before = hf->config;

    if (weight && weight->rank > 0)
        hf->config.classes = weight->shape[0];
    else if (bias && bias->rank > 0)
        hf->config.classes = bias->shape[0];
    model->derive(sources, parsed, hf);
    provenance_changed(&parsed->provenance, &before, &hf->config, "the tensors");
    parsed->is_projection = hf->config.no_head_bias;
}

/* A convolution ignores the pixels that fill no whole patch, of either size. */
static void set_crop_to_patches(struct parsed_config *parsed)
{
    struct vit_config *const c = &parsed->config;

    c->crop_to_patches = c->height % c->patch != 0 || c->width % c->patch != 0 ||
                         parsed->height % c->patch != 0 || parsed->width % c->patch != 0;
}

enum vit_status parse_config_hf(const struct config_sources *sources, struct parsed_config *parsed,
                                struct vit_error *err)
{
    const struct hf_model *model = NULL;
    enum vit_status status = find_model(sources, &model, err);

    if (status)
        return status;
    struct hf_fields hf = { .image = { model->image, model->image },
                            .projection = model->projection,
                            .mlp_ratio = model->mlp_ratio,
                            .map_pool = true,
                            .mean_pool = true,
                            .query_bias = true,
                            .value_bias = true,
                            .layer_scale = 0.1,
                            .config = model->config };
    if ((status = read_fields(sources, model, &hf, &parsed->provenance, err)))
        return status;
    derive_from_tensors(sources, model, &hf, parsed);
    parsed->config = hf.config;
    parsed->scores = (enum vit_scores)hf.scores;
    if ((status = parse_preprocessor_config(sources, model->preprocess, parsed, err)))
        return status;
    set_crop_to_patches(parsed);
    return check_file_config(sources->path, &parsed->config, err);
}
