/* config_series.c - the article series: libvit's config.json with the constructors' arguments */
#include <string.h>

#include "checkpoint/parse_config.h"
#include "checkpoint/torch_activation.h"
#include "checkpoint/torch_norm.h"
#include "config/tokenizer.h"
#include "files/fail_file.h"

struct series_fields {
    size_t img_size[3]; /* channels, height, width */
    double mlp_ratio, token_mlp_ratio;
    struct vit_config config;
};

static const struct choice positions[] = {
    { "sinusoid", VIT_POS_EMBED_SINUSOID },
    { "learned", VIT_POS_EMBED_LEARNED },
    { NULL, 0 },
};

#define FIELD(...)        FIELD_RULE(struct series_fields, __VA_ARGS__)
#define NOTE(field, name) json_fields_note(&reader, name, offsetof(struct vit_config, field))

/* For both models. A qk_scale of null or 0 means 1/√head_dim. */
#define COMMON_RULES                                                                               \
    IGNORED_RULE("model_type", .required = true),                                                  \
        FIELD("img_size", parse_3_counts, img_size, .required = true),                             \
        FIELD("token_len", parse_count, config.dim, .required = true),                             \
        FIELD("preds", parse_count, config.classes, .required = true),                             \
        FIELD("num_heads", parse_count, config.heads, .required = true),                           \
        FIELD("hidden_chan_mul", parse_number, mlp_ratio, .required = true),                       \
        FIELD("depth", parse_count, config.depth, .required = true),                               \
        FIELD("qkv_bias", parse_negated_bool, config.no_qkv_bias),                                 \
        FIELD("qk_scale", parse_float_or_null, config.qk_scale),                                   \
        FIELD("layer_norm_eps", parse_float, config.eps),                                          \
        FIELD("attention_value_skip", parse_bool, config.value_residual),                          \
        FIELD("pos_embed", parse_choice, config.pos_embed, .argument = positions),                 \
        IGNORED_RULE("act"), IGNORED_RULE("act_args"),   /* torch_activation_read reads them */    \
        IGNORED_RULE("norm"), IGNORED_RULE("norm_args"), /* torch_norm_read */                     \
        IGNORED_RULE("pretrained_cfg"), IGNORED_RULE("id2label")

static const struct field_rule vit_rules[] = {
    COMMON_RULES,
    FIELD("patch_size", parse_count, config.patch, .required = true),
};

static const struct field_rule t2t_rules[] = {
    COMMON_RULES,
    FIELD("softsplit_kernels", parse_3_counts, config.t2t_kernels, .required = true),
    FIELD("token_chan", parse_count, config.t2t_dim, .required = true),
    FIELD("t2t_hidden_chan_mul", parse_number, token_mlp_ratio, .required = true),
};

/* Derives what the soft splits determine. */
static enum vit_status finish_t2t(const char *path, struct series_fields *series,
                                  struct vit_error *err)
{
    struct vit_config *const c = &series->config;

    c->tokenizer = VIT_TOKENIZER_T2T_QK_SCALE;
    c->t2t_heads = c->heads;
    c->patch = 1;
    for (size_t i = 0; i < SPLITS; i++)
        if (c->t2t_kernels[i] > CONFIG_MAX_KERNEL)
            return fail_file(err, VIT_EFORMAT, path,
                             "softsplit_kernels[%zu]: expected at most %d, found %zu", i,
                             CONFIG_MAX_KERNEL, c->t2t_kernels[i]);
        else
            c->patch *= config_split_stride(c->t2t_kernels[i]);
    return parse_mlp_ratio(path, "t2t_hidden_chan_mul", series->token_mlp_ratio, c->t2t_dim,
                           &c->t2t_mlp_dim, err);
}

enum vit_status parse_config_series(const struct config_sources *sources,
                                    struct parsed_config *parsed, struct vit_error *err)
{
    struct series_fields series = { .config = {
                                        .size = sizeof series.config,
                                        .eps = 1e-5f,
                                        .activation = VIT_ACTIVATION_GELU,
                                        .pos_embed = VIT_POS_EMBED_SINUSOID,
                                        .value_residual = true,
                                        .no_qkv_bias = true,
                                    } };
    struct vit_config *const c = &series.config;
    const struct json_reader reader = { .path = sources->path,
                                        .prefix = "",
                                        .target = &series,
                                        .err = err,
                                        .provenance = &parsed->provenance,
                                        .config_offset = offsetof(struct series_fields, config) };
    const bool t2t = strcmp(sources_string(sources, "model_type"), "series_t2t_vit") == 0;
    enum vit_status status;

    provenance_all(&parsed->provenance, "the series' default");
    status = t2t ? json_fields_read(&reader, sources->root, RULES(t2t_rules))
                 : json_fields_read(&reader, sources->root, RULES(vit_rules));
    if (status || (status = torch_activation_read(&reader, sources->root, "act", "act_args", c)) ||
        (status = torch_norm_read(&reader, sources->root, "norm", "norm_args", c)) ||
        (status = parse_mlp_ratio(sources->path, "hidden_chan_mul", series.mlp_ratio, c->dim,
                                  &c->mlp_dim, err)) ||
        (t2t && (status = finish_t2t(sources->path, &series, err))))
        return status;
    c->channels = series.img_size[0];
    c->height = series.img_size[1];
    c->width = series.img_size[2];
    NOTE(channels, "img_size");
    NOTE(height, "img_size");
    NOTE(width, "img_size");
    NOTE(mlp_dim, "hidden_chan_mul");
    if (t2t) {
        NOTE(tokenizer, "model_type");
        NOTE(patch, "softsplit_kernels");
        NOTE(t2t_heads, "num_heads");
        NOTE(t2t_mlp_dim, "t2t_hidden_chan_mul");
    }
    return finish_config(sources, sources->path, c, &plain_preprocess, parsed, err);
}
