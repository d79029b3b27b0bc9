/* config_hf.c - Hugging Face's config.json, of each model_type there is a family for */
#include "checkpoint/config_hf.h"

#include <string.h>

#include "base/status.h"
#include "files/sanitize.h"

struct hf_keys {
    size_t image[2]; /* height, width */
    size_t projection;
    double mlp_ratio;
    bool swiglu, map_pool;
    struct vit_config config;
};

#define FIELD(field)  offsetof(struct hf_keys, field)
#define CONFIG(field) offsetof(struct vit_config, field)

/* transformers' ACT2FN: gelu_new and gelu_fast are the same formula. */
static const struct choice activations[] = {
    { "gelu", VIT_ACTIVATION_GELU },
    { "gelu_new", VIT_ACTIVATION_GELU_TANH },
    { "gelu_fast", VIT_ACTIVATION_GELU_TANH },
    { "gelu_pytorch_tanh", VIT_ACTIVATION_GELU_TANH },
    { "quick_gelu", VIT_ACTIVATION_GELU_QUICK },
    { "relu", VIT_ACTIVATION_RELU },
    { "silu", VIT_ACTIVATION_SILU },
    { "swish", VIT_ACTIVATION_SILU },
    { NULL, 0 },
};

/*
 * A configuration repeats what its class holds and more: keys of training, of text, of other heads.
 * So the rules are for what this library reads, and for what would make the arithmetic another.
 */
#define TOWER                                                                                      \
    { "hidden_size", take_count, FIELD(config.dim), NULL, false },                                 \
        { "num_hidden_layers", take_count, FIELD(config.depth), NULL, false },                     \
        { "num_attention_heads", take_count, FIELD(config.heads), NULL, false },                   \
        { "hidden_act", take_choice, FIELD(config.activation), activations, false },               \
        { "layer_norm_eps", take_float, FIELD(config.eps), NULL, false },                          \
        { "image_size", take_height_width, FIELD(image), NULL, false },                            \
        { "patch_size", take_square, FIELD(config.patch), NULL, false },                           \
        { "num_channels", take_count, FIELD(config.channels), NULL, false },                       \
    {                                                                                              \
        "pruned_heads", take_only, 0, "{}", false                                                  \
    }

static const struct key_rule vit_rules[] = {
    TOWER,
    { "intermediate_size", take_count, FIELD(config.mlp_dim), NULL, false },
    { "qkv_bias", take_unless, FIELD(config.no_qkv_bias), NULL, false },
    { "pooler_act", take_only, 0, "\"tanh\"", false },
};

static const struct key_rule dinov2_rules[] = {
    TOWER,
    { "mlp_ratio", take_number, FIELD(mlp_ratio), NULL, false },
    { "use_swiglu_ffn", take_bool, FIELD(swiglu), NULL, false },
    { "qkv_bias", take_unless, FIELD(config.no_qkv_bias), NULL, false },
    { "apply_layernorm", take_only, 0, "true", false },
};

static const struct key_rule registers_rules[] = {
    TOWER,
    { "mlp_ratio", take_number, FIELD(mlp_ratio), NULL, false },
    { "use_swiglu_ffn", take_bool, FIELD(swiglu), NULL, false },
    { "qkv_bias", take_unless, FIELD(config.no_qkv_bias), NULL, false },
    { "apply_layernorm", take_only, 0, "true", false },
    { "num_register_tokens", take_count, FIELD(config.registers), NULL, false },
};

static const struct key_rule clip_rules[] = {
    TOWER,
    { "intermediate_size", take_count, FIELD(config.mlp_dim), NULL, false },
};

static const struct key_rule siglip_rules[] = {
    TOWER,
    { "intermediate_size", take_count, FIELD(config.mlp_dim), NULL, false },
    { "vision_use_head", take_bool, FIELD(map_pool), NULL, false },
};

static const struct key_rule root_rules[] = {
    { "projection_dim", take_count, FIELD(projection), NULL, false },
    { "quantization_config", take_only, 0, "null", false },
    { "problem_type", take_only, 0, "null|\"single_label_classification\"", false },
};

/* What follows from the tensors that are there. */
static void find_vit(const struct config_input *in, const struct config_file *file,
                     struct hf_keys *hf)
{
    const struct tensor *const pooler =
        names_find(file->family, in->tensors, SLOT_PRE_LOGITS_WEIGHT);

    if (hf->config.classes == 0 && pooler && pooler->rank > 0)
        hf->config.pre_logits = pooler->shape[0];
}

/* DeiT has a distillation token always, and a head for it or not. */
static void find_deit(const struct config_input *in, const struct config_file *file,
                      struct hf_keys *hf)
{
    if (names_find(file->family, in->tensors, SLOT_DIST_HEAD_WEIGHT) ||
        names_find(file->family, in->tensors, SLOT_DIST_HEAD_BIAS)) {
        hf->config.class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
        hf->config.registers = 0;
    }
    find_vit(in, file, hf);
}

static void find_dinov2(const struct config_input *in, const struct config_file *file,
                        struct hf_keys *hf)
{
    (void)in;
    (void)file;
    if (hf->config.classes > 0)
        hf->config.pool = VIT_POOL_CLASS_AND_MEAN;
}

/* A head is a classifier's, with a bias, or the projection to what texts are compared with. */
static void find_clip(const struct config_input *in, const struct config_file *file,
                      struct hf_keys *hf)
{
    if (hf->config.classes == 0)
        return;
    if (names_find(file->family, in->tensors, SLOT_HEAD_BIAS)) {
        hf->config.pool = VIT_POOL_MEAN;
        hf->config.final_norm = VIT_FINAL_NORM_NONE;
    } else {
        hf->config.classes = hf->projection;
        hf->config.no_head_bias = true;
    }
}

static void find_siglip(const struct config_input *in, const struct config_file *file,
                        struct hf_keys *hf)
{
    (void)in;
    (void)file;
    if (hf->config.classes > 0 || !hf->map_pool)
        hf->config.pool = VIT_POOL_MEAN;
}

/* The constructors' defaults in transformers, and what the class computes whatever they say. */
#define RULES(table) .rules = table, .count = sizeof(table) / sizeof *(table)
#define BASE                                                                                       \
    .size = sizeof(struct vit_config), .channels = 3, .dim = 768, .depth = 12, .heads = 12,        \
    .pos_embed = VIT_POS_EMBED_LEARNED

static const struct hf_model {
    const char *model_type;
    bool nested; /* the keys stand in vision_config */
    size_t image, projection;
    double mlp_ratio; /* 0: the MLP's width is a key */
    struct vit_config config;
    const struct key_rule *rules;
    size_t count;
    void (*find)(const struct config_input *in, const struct config_file *file, struct hf_keys *hf);
} models[] = {
    { .model_type = "vit",
      .image = 224,
      .config = { BASE, .patch = 16, .mlp_dim = 3072, .eps = 1e-12f,
                  .activation = VIT_ACTIVATION_GELU },
      RULES(vit_rules),
      .find = find_vit },
    { .model_type = "deit",
      .image = 224,
      .config = { BASE, .patch = 16, .mlp_dim = 3072, .eps = 1e-12f,
                  .activation = VIT_ACTIVATION_GELU, .registers = 1 },
      RULES(vit_rules),
      .find = find_deit },
    { .model_type = "dinov2",
      .image = 224,
      .mlp_ratio = 4,
      .config = { BASE, .patch = 14, .eps = 1e-6f, .activation = VIT_ACTIVATION_GELU,
                  .layer_scale = true },
      RULES(dinov2_rules),
      .find = find_dinov2 },
    { .model_type = "dinov2_with_registers",
      .image = 224,
      .mlp_ratio = 4,
      .config = { BASE, .patch = 16, .eps = 1e-6f, .activation = VIT_ACTIVATION_GELU,
                  .layer_scale = true, .registers = 4,
                  .pos_embed_scope = VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES },
      RULES(registers_rules),
      .find = find_dinov2 },
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
    RULES(clip_rules), .find = find_clip
    { .model_type = "clip", .nested = true, CLIP },
    { .model_type = "clip_vision_model", CLIP },
#define SIGLIP                                                                                     \
    .image = 224,                                                                                  \
    .config = { BASE,                                                                              \
                .patch = 16,                                                                       \
                .mlp_dim = 3072,                                                                   \
                .eps = 1e-6f,                                                                      \
                .activation = VIT_ACTIVATION_GELU_TANH,                                            \
                .class_tokens = VIT_CLASS_TOKENS_NONE,                                             \
                .pool = VIT_POOL_MAP },                                                            \
    RULES(siglip_rules), .find = find_siglip
    { .model_type = "siglip", .nested = true, SIGLIP },
    { .model_type = "siglip_vision_model", SIGLIP },
};

static const struct hf_model *find_model(const char *model_type)
{
    size_t i = 0;

    while (i + 1 < sizeof models / sizeof *models && strcmp(models[i].model_type, model_type) != 0)
        i++;
    return &models[i];
}

/* Where the tower's keys stand; of CLIP's two places the one that transformers lets win. */
static enum vit_status find_tower(const struct config_input *in, const struct hf_model *model,
                                  json_t **tower, const char **prefix, struct vit_error *err)
{
    json_t *const nested = json_object_get(in->root, "vision_config");
    json_t *const before = json_object_get(in->root, "vision_config_dict");

    *tower = in->root;
    *prefix = "";
    if (!model->nested)
        return VIT_OK;
    *tower = json_is_object(before) ? before : nested;
    *prefix = json_is_object(before) ? "vision_config_dict." : "vision_config.";
    if (!*tower || json_is_object(*tower) || json_is_null(*tower))
        return VIT_OK;
    return fail(err, VIT_EFORMAT, "%s: vision_config: expected an object",
                sanitize_path(in->path).text);
}

/* A field's origin: the key, where the tower has it. */
static void note(const struct keys *keys, const json_t *tower, const char *key, size_t offset)
{
    const json_t *const value = json_object_get(tower, key);

    if (value && !json_is_null(value))
        keys_note(keys, key, offset);
    else
        provenance_set(keys->provenance, offset, "transformers' default");
}

/* Hidden width of the MLPs: DINOv2's follows from a ratio, of a gated MLP by its own rule. */
static enum vit_status finish_mlp(const struct keys *keys, const json_t *tower, struct hf_keys *hf)
{
    struct vit_config *const c = &hf->config;
    const enum vit_status status =
        config_mlp_dim(keys->path, "mlp_ratio", hf->mlp_ratio, c->dim, &c->mlp_dim, keys->err);

    note(keys, tower, "mlp_ratio", CONFIG(mlp_dim));
    note(keys, tower, "use_swiglu_ffn", CONFIG(gated_mlp));
    if (status || !hf->swiglu)
        return status;
    c->gated_mlp = true;
    c->mlp_dim = (c->mlp_dim * 2 / 3 + 7) / 8 * 8;
    c->activation = VIT_ACTIVATION_SILU;
    keys_note(keys, "use_swiglu_ffn", CONFIG(activation));
    return VIT_OK;
}

static enum vit_status read_keys(const struct config_input *in, const struct hf_model *model,
                                 struct hf_keys *hf, struct provenance *provenance,
                                 struct vit_error *err)
{
    const struct keys root = { in->path, "", true, hf, err, provenance, FIELD(config) };
    struct keys keys = root;
    json_t *tower;
    enum vit_status status;

    provenance_all(provenance, "config.json: model_type");
    for (size_t i = 0; i < model->count; i++)
        if (model->rules[i].offset >= FIELD(config))
            provenance_set(provenance, model->rules[i].offset - FIELD(config),
                           "transformers' default");
    if ((status = find_tower(in, model, &tower, &keys.prefix, err)) ||
        (status = keys_read(&root, in->root, root_rules, sizeof root_rules / sizeof *root_rules)) ||
        (status = keys_read(&keys, tower, model->rules, model->count)) ||
        (model->mlp_ratio > 0 && (status = finish_mlp(&keys, tower, hf))))
        return status;
    hf->config.height = hf->image[0];
    hf->config.width = hf->image[1];
    note(&keys, tower, "image_size", CONFIG(height));
    note(&keys, tower, "image_size", CONFIG(width));
    return VIT_OK;
}

static void find_in_tensors(const struct config_input *in, const struct hf_model *model,
                            struct hf_keys *hf, struct config_file *file)
{
    const struct tensor *const weight = names_find(file->family, in->tensors, SLOT_HEAD_WEIGHT);
    const struct tensor *const bias = names_find(file->family, in->tensors, SLOT_HEAD_BIAS);
    const struct vit_config before = hf->config;

    if (weight && weight->rank > 0)
        hf->config.classes = weight->shape[0];
    else if (bias && bias->rank > 0)
        hf->config.classes = bias->shape[0];
    model->find(in, file, hf);
    provenance_changed(&file->provenance, &before, &hf->config, "the tensors");
    file->unlabelled = hf->config.no_head_bias; /* a projection's outputs are no classes */
}

/* A convolution leaves out what no whole patch covers, of the tensors' size or of the pictures'. */
static void crop_to_patches(struct config_file *file)
{
    struct vit_config *const c = &file->config;

    c->crop_to_patches = c->height % c->patch != 0 || c->width % c->patch != 0 ||
                         file->height % c->patch != 0 || file->width % c->patch != 0;
}

enum vit_status config_parse_hf(const struct config_input *in, struct config_file *file,
                                struct vit_error *err)
{
    const struct hf_model *const model = find_model(config_string(in, "model_type"));
    struct hf_keys hf = { .image = { model->image, model->image },
                          .projection = model->projection,
                          .mlp_ratio = model->mlp_ratio,
                          .map_pool = true,
                          .config = model->config };
    enum vit_status status;

    if ((status = read_keys(in, model, &hf, &file->provenance, err)))
        return status;
    find_in_tensors(in, model, &hf, file);
    file->config = hf.config;
    if ((status = config_parse_preprocessor(in, model->model_type, file, err)))
        return status;
    crop_to_patches(file);
    return config_check_file(in->path, &file->config, err);
}
