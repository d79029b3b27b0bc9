/* config_t2t.c - T2T-ViT's own models: libvit's config.json with the constructor's arguments */
#include "checkpoint/parse_config.h"

struct t2t_fields {
    size_t image[2]; /* height, width */
    double mlp_ratio;
    struct vit_config config;
};

static const struct choice tokens_types[] = {
    { "transformer", VIT_TOKENIZER_T2T_TRANSFORMER },
    { "performer", VIT_TOKENIZER_T2T_PERFORMER },
    { NULL, 0 },
};

#define FIELD(...)        FIELD_RULE(struct t2t_fields, __VA_ARGS__)
#define NOTE(field, name) json_fields_note(&reader, name, offsetof(struct vit_config, field))

static const struct field_rule rules[] = {
    IGNORED_RULE("model_type", .required = true),
    FIELD("tokens_type", parse_choice, config.tokenizer, .argument = tokens_types,
          .required = true),
    FIELD("img_size", parse_height_width, image),
    FIELD("in_chans", parse_count, config.channels),
    FIELD("num_classes", parse_count_or_0, config.classes),
    FIELD("embed_dim", parse_count, config.dim, .required = true),
    FIELD("depth", parse_count, config.depth, .required = true),
    FIELD("num_heads", parse_count, config.heads, .required = true),
    FIELD("mlp_ratio", parse_number, mlp_ratio, .required = true),
    FIELD("token_dim", parse_count, config.t2t_dim),
    FIELD("qkv_bias", parse_negated_bool, config.no_qkv_bias),
    FIELD("qk_scale", parse_float_or_null, config.qk_scale),
    FIELD("layer_norm_eps", parse_float, config.eps),
    IGNORED_RULE("drop_rate"),
    IGNORED_RULE("attn_drop_rate"),
    IGNORED_RULE("drop_path_rate"),
    IGNORED_RULE("pretrained_cfg"),
    IGNORED_RULE("id2label"),
};

/* models/t2t_vit.py: the soft splits of T2T_module, and crop, mean and std of _cfg */
static const struct vit_config defaults = {
    .size = sizeof defaults,
    .channels = 3,
    .patch = 16,
    .classes = 1000,
    .eps = 1e-5f,
    .no_qkv_bias = true,
    .activation = VIT_ACTIVATION_GELU,
    .pos_embed = VIT_POS_EMBED_SINUSOID,
    .t2t_kernels = { 7, 3, 3 },
    .t2t_dim = 64,
    .t2t_heads = 1,
};
static const struct vit_preprocess_config preprocess = {
    .size = sizeof preprocess,
    .interpolation = VIT_INTERPOLATION_BICUBIC,
    .crop_mode = VIT_CROP_MODE_CENTER,
    .crop_pct = 0.9,
    .mean = { 0.485f, 0.456f, 0.406f },
    .std = { 0.229f, 0.224f, 0.225f },
};

enum vit_status parse_config_t2t(const struct config_sources *sources, struct parsed_config *parsed,
                                 struct vit_error *err)
{
    struct t2t_fields t2t = { .image = { 224, 224 }, .config = defaults };
    struct vit_config *const c = &t2t.config;
    const struct json_reader reader = { .path = sources->path,
                                        .prefix = "",
                                        .target = &t2t,
                                        .err = err,
                                        .provenance = &parsed->provenance,
                                        .config_offset = offsetof(struct t2t_fields, config) };
    enum vit_status status;

    provenance_all(&parsed->provenance, "T2T-ViT's default");
    if ((status = json_fields_read(&reader, sources->root, RULES(rules))) ||
        (status =
             parse_mlp_ratio(sources->path, "mlp_ratio", t2t.mlp_ratio, c->dim, &c->mlp_dim, err)))
        return status;
    c->height = t2t.image[0];
    c->width = t2t.image[1];
    c->t2t_mlp_dim = c->t2t_dim; /* T2T_module gives its transformers an mlp_ratio of 1 */
    if (json_member(sources->root, "img_size")) {
        NOTE(height, "img_size");
        NOTE(width, "img_size");
    }
    NOTE(mlp_dim, "mlp_ratio");
    return finish_config(sources, sources->path, c, &preprocess, parsed, err);
}
