/* config_t2t.c - T2T-ViT's own models: libvit's config.json of the constructor's arguments */
#include "checkpoint/config.h"

struct t2t_keys {
    size_t sides[2]; /* height, width */
    double mlp_ratio;
    struct vit_config config;
};

static const struct choice tokens_types[] = {
    { "transformer", VIT_TOKENIZER_T2T_TRANSFORMER },
    { "performer", VIT_TOKENIZER_T2T_PERFORMER },
    { NULL, 0 },
};

#define FIELD(field) offsetof(struct t2t_keys, field)

static const struct key_rule rules[] = {
    { "model_type", take_nothing, 0, NULL, true },
    { "tokens_type", take_choice, FIELD(config.tokenizer), tokens_types, true },
    { "img_size", take_height_width, FIELD(sides), NULL, false },
    { "in_chans", take_count, FIELD(config.channels), NULL, false },
    { "num_classes", take_count_or_0, FIELD(config.classes), NULL, false },
    { "embed_dim", take_count, FIELD(config.dim), NULL, true },
    { "depth", take_count, FIELD(config.depth), NULL, true },
    { "num_heads", take_count, FIELD(config.heads), NULL, true },
    { "mlp_ratio", take_number, FIELD(mlp_ratio), NULL, true },
    { "token_dim", take_count, FIELD(config.t2t_dim), NULL, false },
    { "qkv_bias", take_unless, FIELD(config.no_qkv_bias), NULL, false },
    { "qk_scale", take_float_or_null, FIELD(config.qk_scale), NULL, false },
    { "layer_norm_eps", take_float, FIELD(config.eps), NULL, false },
    { "drop_rate", take_nothing, 0, NULL, false },
    { "attn_drop_rate", take_nothing, 0, NULL, false },
    { "drop_path_rate", take_nothing, 0, NULL, false },
    { "pretrained_cfg", take_nothing, 0, NULL, false },
    { "id2label", take_nothing, 0, NULL, false },
};

/* models/t2t_vit.py: T2T_module's soft splits and default, _cfg's crop, mean and std */
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
static const struct vit_preprocess_config recipe = {
    .size = sizeof recipe,
    .interpolation = VIT_INTERPOLATION_BICUBIC,
    .crop_mode = VIT_CROP_MODE_CENTER,
    .crop_pct = 0.9,
    .mean = { 0.485f, 0.456f, 0.406f },
    .std = { 0.229f, 0.224f, 0.225f },
};

enum vit_status config_parse_t2t(const struct config_input *in, struct config_file *file,
                                 struct vit_error *err)
{
    struct t2t_keys t2t = { .sides = { 224, 224 }, .config = defaults };
    struct vit_config *const c = &t2t.config;
    const struct keys keys = { in->path, "", false, &t2t, err, &file->provenance, FIELD(config) };
    enum vit_status status;

    provenance_all(&file->provenance, "T2T-ViT's default");
    if ((status = keys_read(&keys, in->root, rules, sizeof rules / sizeof *rules)) ||
        (status = config_mlp_dim(in->path, "mlp_ratio", t2t.mlp_ratio, c->dim, &c->mlp_dim, err)))
        return status;
    c->height = t2t.sides[0];
    c->width = t2t.sides[1];
    c->t2t_mlp_dim = c->t2t_dim; /* T2T_module gives its transformers an mlp_ratio of 1 */
    if (json_object_get(in->root, "img_size")) {
        keys_note(&keys, "img_size", offsetof(struct vit_config, height));
        keys_note(&keys, "img_size", offsetof(struct vit_config, width));
    }
    keys_note(&keys, "mlp_ratio", offsetof(struct vit_config, mlp_dim));
    return config_finish(in, in->path, c, &recipe, file, err);
}
