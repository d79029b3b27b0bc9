/* config_series.c - the series' own models: libvit's config.json of the constructor's arguments */
#include "checkpoint/config.h"

struct series_keys {
    size_t img_size[3]; /* channels, height, width */
    double mlp_ratio;
    struct vit_config config;
};

static const struct choice positions[] = {
    { "sinusoid", VIT_POSITIONS_SINUSOID },
    { "learned", VIT_POSITIONS_LEARNED },
    { NULL, 0 },
};

/* The constructor takes none, and 0 alike, for head_dim^-1/2; so does vit_config for 0. */
static enum vit_status take_qk_scale(const struct keys *keys, const struct key_rule *rule,
                                     json_t *value)
{
    return json_is_null(value) ? VIT_OK : take_float(keys, rule, value);
}

#define FIELD(field) offsetof(struct series_keys, field)

static const struct key_rule rules[] = {
    { "model_type", take_nothing, 0, NULL, true },
    { "img_size", take_3_counts, FIELD(img_size), NULL, true },
    { "patch_size", take_count, FIELD(config.patch), NULL, true },
    { "token_len", take_count, FIELD(config.dim), NULL, true },
    { "preds", take_classes, FIELD(config.classes), NULL, true },
    { "num_heads", take_count, FIELD(config.heads), NULL, true },
    { "hidden_chan_mul", take_number, FIELD(mlp_ratio), NULL, true },
    { "depth", take_count, FIELD(config.depth), NULL, true },
    { "qkv_bias", take_bool, FIELD(config.qkv_bias), NULL, false },
    { "qk_scale", take_qk_scale, FIELD(config.qk_scale), NULL, false },
    { "act", take_choice, FIELD(config.activation), config_activations, false },
    { "layer_norm_eps", take_float, FIELD(config.eps), NULL, false },
    { "attention_value_skip", take_bool, FIELD(config.value_skip), NULL, false },
    { "pos_embed", take_choice, FIELD(config.positions), positions, false },
    { "pretrained_cfg", take_nothing, 0, NULL, false },
    { "id2label", take_nothing, 0, NULL, false },
};

enum vit_status config_parse_series(const char *path, json_t *root, struct config_file *file,
                                    struct vit_error *err)
{
    struct series_keys series = { .config = {
                                      .size = sizeof series.config,
                                      .eps = 1e-5f,
                                      .activation = VIT_GELU,
                                      .positions = VIT_POSITIONS_SINUSOID,
                                      .value_skip = true,
                                  } };
    const struct keys keys = { path, "", false, &series, err };
    enum vit_status status;

    if ((status = keys_read(&keys, root, rules, sizeof rules / sizeof *rules)) ||
        (status = config_mlp_dim(path, "hidden_chan_mul", series.mlp_ratio, &series.config, err)))
        return status;
    series.config.channels = series.img_size[0];
    series.config.height = series.img_size[1];
    series.config.width = series.img_size[2];
    if ((status = config_check_file(path, &series.config, err)))
        return status;
    file->config = series.config;
    file->recipe = (struct vit_recipe){
        .size = sizeof file->recipe,
        .interpolation = VIT_BILINEAR,
        .crop_mode = VIT_CROP_SQUASH,
        .crop_pct = 1,
        .std = { 1, 1, 1 },
    };
    return config_parse_recipe(path, json_object_get(root, "pretrained_cfg"), &file->config,
                               &file->recipe, err);
}
