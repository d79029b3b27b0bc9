/* config_vit_pytorch.c - vit-pytorch: libvit's config.json with the constructor's arguments */
#include <stdio.h>
#include <string.h>

#include "checkpoint/parse_config.h"
#include "config/derived.h"

struct vit_pytorch_fields {
    size_t image[2]; /* height, width */
    struct vit_config config;
};

static const struct choice pools[] = {
    { "cls", VIT_POOL_CLASS },
    { "mean", VIT_POOL_MEAN },
    { NULL, 0 },
};

#define FIELD(...)        FIELD_RULE(struct vit_pytorch_fields, __VA_ARGS__)
#define NOTE(field, name) json_fields_note(&reader, name, offsetof(struct vit_config, field))

#define COMMON_RULES                                                                               \
    IGNORED_RULE("model_type", .required = true),                                                  \
        FIELD("image_size", parse_height_width, image, .required = true),                          \
        FIELD("patch_size", parse_square, config.patch, .required = true),                         \
        FIELD("num_classes", parse_count_or_0, config.classes, .required = true),                  \
        FIELD("dim", parse_count, config.dim, .required = true),                                   \
        FIELD("depth", parse_count, config.depth, .required = true),                               \
        FIELD("heads", parse_count, config.heads, .required = true),                               \
        FIELD("mlp_dim", parse_count, config.mlp_dim, .required = true),                           \
        FIELD("channels", parse_count, config.channels),                                           \
        FIELD("dim_head", parse_count, config.head_dim), IGNORED_RULE("pretrained_cfg"),           \
        IGNORED_RULE("id2label")

/* dropout has an effect in training only */
static const struct field_rule vit_rules[] = {
    COMMON_RULES,
    FIELD("pool", parse_choice, config.pool, .argument = pools),
    IGNORED_RULE("dropout"),
    IGNORED_RULE("emb_dropout"),
};

static const struct field_rule simple_rules[] = { COMMON_RULES };

static const struct vit_config defaults = {
    .size = sizeof defaults,
    .channels = 3,
    .head_dim = 64,
    .eps = 1e-5f,
    .activation = VIT_ACTIVATION_GELU,
    .no_qkv_bias = true,
    .patch_norms = true,
};

/* Sets what follows from the class, ViT or SimpleViT. */
static void set_class(bool simple, struct vit_config *c)
{
    if (simple) {
        c->class_tokens = VIT_CLASS_TOKENS_NONE;
        c->pos_embed = VIT_POS_EMBED_SINCOS_2D;
        c->pool = VIT_POOL_MEAN;
        c->no_proj_bias = true;
        return;
    }
    c->no_proj = c->heads == 1 && c->head_dim == c->dim;
}

/* Whether the files have a layer's weight or bias. */
static bool has_layer(const struct config_sources *sources, const char *layer)
{
    char weight[64], bias[64];

    snprintf(weight, sizeof weight, "%s.weight", layer);
    snprintf(bias, sizeof bias, "%s.bias", layer);
    return tensors_find(sources->tensors, weight) || tensors_find(sources->tensors, bias);
}

/*
 * Whether a class token is averaged with the patches, as up to 1.15. Later its tensor is empty, and
 * there is no position for it.
 */
static bool averages_class_token(const struct config_sources *sources, const struct vit_config *c)
{
    const struct tensor *const token = tensors_find(sources->tensors, "cls_token");
    const struct tensor *const table = tensors_find(sources->tensors, "pos_embedding");

    if (token)
        return token->elements > 0;
    return table && table->elements / c->dim == config_patches(c) + 1;
}

/* Sets what differs between releases and has no argument: the tensors tell. */
static void set_release(const struct config_sources *sources, bool simple, struct vit_config *c)
{
    const char *const head = simple ? "linear_head.0" : "mlp_head.0";

    c->patch_norms = !has_layer(sources, "to_patch_embedding.1") ||
                     has_layer(sources, "to_patch_embedding.2") ||
                     has_layer(sources, "to_patch_embedding.3");
    if (!simple && c->pool == VIT_POOL_MEAN && averages_class_token(sources, c))
        c->pool = VIT_POOL_MEAN_ALL;
    else if (c->pool == VIT_POOL_MEAN)
        c->class_tokens = VIT_CLASS_TOKENS_NONE;
    if (has_layer(sources, "transformer.norm"))
        return;
    if (has_layer(sources, head))
        c->final_norm = VIT_FINAL_NORM_POOLED;
    else if (c->classes == 0 && has_layer(sources, "transformer.layers.0.0.norm"))
        c->final_norm = VIT_FINAL_NORM_NONE;
}

enum vit_status parse_config_vit_pytorch(const struct config_sources *sources,
                                         struct parsed_config *parsed, struct vit_error *err)
{
    struct vit_pytorch_fields found = { .config = defaults };
    struct vit_config *const c = &found.config;
    const struct json_reader reader = { .path = sources->path,
                                        .prefix = "",
                                        .target = &found,
                                        .err = err,
                                        .provenance = &parsed->provenance,
                                        .config_offset =
                                            offsetof(struct vit_pytorch_fields, config) };
    const bool simple = strcmp(sources_string(sources, "model_type"), "vit_pytorch.SimpleViT") == 0;
    enum vit_status status;

    provenance_all(&parsed->provenance, "vit-pytorch's default");
    status = simple ? json_fields_read(&reader, sources->root, RULES(simple_rules))
                    : json_fields_read(&reader, sources->root, RULES(vit_rules));
    if (status)
        return status;
    c->height = found.image[0];
    c->width = found.image[1];
    set_class(simple, c);
    const struct vit_config before = *c;
    set_release(sources, simple, c);
    NOTE(height, "image_size");
    NOTE(width, "image_size");
    NOTE(pos_embed, "model_type");
    provenance_changed(&parsed->provenance, &before, c, "the tensors");
    return finish_config(sources, sources->path, c, &plain_preprocess, parsed, err);
}
