/* config_series.c - the series' own models: libvit's config.json of the constructors' arguments */
#include "checkpoint/config.h"

#include <string.h>

#include "base/status.h"
#include "config/fields.h"
#include "config/tokenizer.h"
#include "files/sanitize.h"

struct series_keys {
    size_t img_size[3]; /* channels, height, width */
    double mlp_ratio, token_mlp_ratio;
    struct vit_config config;
};

static const struct choice positions[] = {
    { "sinusoid", VIT_POS_EMBED_SINUSOID },
    { "learned", VIT_POS_EMBED_LEARNED },
    { NULL, 0 },
};

#define FIELD(field) offsetof(struct series_keys, field)

/* Of both models; then the patches of the one, and the soft splits of the other. */
#define BACKBONE                                                                                   \
    { "model_type", take_nothing, 0, NULL, true },                                                 \
        { "img_size", take_3_counts, FIELD(img_size), NULL, true },                                \
        { "token_len", take_count, FIELD(config.dim), NULL, true },                                \
        { "preds", take_count, FIELD(config.classes), NULL, true },                                \
        { "num_heads", take_count, FIELD(config.heads), NULL, true },                              \
        { "hidden_chan_mul", take_number, FIELD(mlp_ratio), NULL, true },                          \
        { "depth", take_count, FIELD(config.depth), NULL, true },                                  \
        { "qkv_bias", take_unless, FIELD(config.no_qkv_bias), NULL,                                \
          false }, /* none and 0 alike stand for head_dim^-1/2 */                                  \
        { "qk_scale", take_float_or_null, FIELD(config.qk_scale), NULL, false },                   \
        { "act", take_choice, FIELD(config.activation), config_activations, false },               \
        { "layer_norm_eps", take_float, FIELD(config.eps), NULL, false },                          \
        { "attention_value_skip", take_bool, FIELD(config.value_residual), NULL, false },          \
        { "pos_embed", take_choice, FIELD(config.pos_embed), positions, false },                   \
        { "pretrained_cfg", take_nothing, 0, NULL, false },                                        \
    {                                                                                              \
        "id2label", take_nothing, 0, NULL, false                                                   \
    }

static const struct key_rule vit_rules[] = {
    BACKBONE,
    { "patch_size", take_count, FIELD(config.patch), NULL, true },
};

static const struct key_rule t2t_rules[] = {
    BACKBONE,
    { "softsplit_kernels", take_3_counts, FIELD(config.t2t_kernels), NULL, true },
    { "token_chan", take_count, FIELD(config.t2t_dim), NULL, true },
    { "t2t_hidden_chan_mul", take_number, FIELD(token_mlp_ratio), NULL, true },
};

/* What follows from the soft splits that are read. */
static enum vit_status finish_t2t(const char *path, struct series_keys *series,
                                  struct vit_error *err)
{
    struct vit_config *const c = &series->config;

    c->tokenizer = VIT_TOKENIZER_T2T_QK_SCALE;
    c->t2t_heads = c->heads;
    c->patch = 1;
    for (size_t i = 0; i < SPLITS; i++)
        if (c->t2t_kernels[i] > CONFIG_MAX_KERNEL)
            return fail(err, VIT_EFORMAT, "%s: softsplit_kernels[%zu] %zu is above %d",
                        sanitize_path(path).text, i, c->t2t_kernels[i], CONFIG_MAX_KERNEL);
        else
            c->patch *= config_split_stride(c->t2t_kernels[i]);
    return config_mlp_dim(path, "t2t_hidden_chan_mul", series->token_mlp_ratio, c->t2t_dim,
                          &c->t2t_mlp_dim, err);
}

enum vit_status config_parse_series(const struct config_input *in, struct config_file *file,
                                    struct vit_error *err)
{
    struct series_keys series = { .config = {
                                      .size = sizeof series.config,
                                      .eps = 1e-5f,
                                      .activation = VIT_ACTIVATION_GELU,
                                      .pos_embed = VIT_POS_EMBED_SINUSOID,
                                      .value_residual = true,
                                      .no_qkv_bias = true,
                                  } };
    struct vit_config *const c = &series.config;
    const struct keys keys = {
        in->path, "", false, &series, err, &file->provenance, FIELD(config)
    };
    const bool t2t = strcmp(config_string(in, "model_type"), "series_t2t_vit") == 0;
    enum vit_status status;

    provenance_all(&file->provenance, "the series' default");
    if ((status =
             t2t ? keys_read(&keys, in->root, t2t_rules, sizeof t2t_rules / sizeof *t2t_rules)
                 : keys_read(&keys, in->root, vit_rules, sizeof vit_rules / sizeof *vit_rules)) ||
        (status = config_mlp_dim(in->path, "hidden_chan_mul", series.mlp_ratio, c->dim, &c->mlp_dim,
                                 err)) ||
        (t2t && (status = finish_t2t(in->path, &series, err))))
        return status;
    c->channels = series.img_size[0];
    c->height = series.img_size[1];
    c->width = series.img_size[2];
    keys_note(&keys, "img_size", offsetof(struct vit_config, channels));
    keys_note(&keys, "img_size", offsetof(struct vit_config, height));
    keys_note(&keys, "img_size", offsetof(struct vit_config, width));
    keys_note(&keys, "hidden_chan_mul", offsetof(struct vit_config, mlp_dim));
    if (t2t) {
        keys_note(&keys, "model_type", offsetof(struct vit_config, tokenizer));
        keys_note(&keys, "softsplit_kernels", offsetof(struct vit_config, patch));
        keys_note(&keys, "num_heads", offsetof(struct vit_config, t2t_heads));
        keys_note(&keys, "t2t_hidden_chan_mul", offsetof(struct vit_config, t2t_mlp_dim));
    }
    return config_finish(in, in->path, c, &plain_preprocess_config, file, err);
}
