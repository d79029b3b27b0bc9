/* config_vit_pytorch.c - vit-pytorch: libvit's config.json of the constructor's arguments */
#include "checkpoint/config.h"

#include <string.h>

struct vit_pytorch_keys {
    size_t image[2]; /* height, width */
    struct vit_config config;
};

static const struct choice pools[] = {
    { "cls", VIT_POOL_CLASS },
    { "mean", VIT_POOL_MEAN },
    { NULL, 0 },
};

#define FIELD(field) offsetof(struct vit_pytorch_keys, field)

/* Of both models; dropout is for training. */
#define BOTH                                                                                       \
    { "model_type", take_nothing, 0, NULL, true },                                                 \
        { "image_size", take_height_width, FIELD(image), NULL, true },                             \
        { "patch_size", take_square, FIELD(config.patch), NULL, true },                            \
        { "num_classes", take_count, FIELD(config.classes), NULL, true },                          \
        { "dim", take_count, FIELD(config.dim), NULL, true },                                      \
        { "depth", take_count, FIELD(config.depth), NULL, true },                                  \
        { "heads", take_count, FIELD(config.heads), NULL, true },                                  \
        { "mlp_dim", take_count, FIELD(config.mlp_dim), NULL, true },                              \
        { "channels", take_count, FIELD(config.channels), NULL, false },                           \
        { "dim_head", take_count, FIELD(config.head_dim), NULL, false },                           \
        { "pretrained_cfg", take_nothing, 0, NULL, false },                                        \
    {                                                                                              \
        "id2label", take_nothing, 0, NULL, false                                                   \
    }

static const struct key_rule vit_rules[] = {
    BOTH,
    { "pool", take_choice, FIELD(config.pool), pools, false },
    { "dropout", take_nothing, 0, NULL, false },
    { "emb_dropout", take_nothing, 0, NULL, false },
};

static const struct key_rule simple_rules[] = { BOTH };

static const struct vit_config defaults = {
    .size = sizeof defaults,
    .channels = 3,
    .head_dim = 64,
    .eps = 1e-5f,
    .activation = VIT_ACTIVATION_GELU,
    .no_qkv_bias = true,
    .patch_norms = true,
};

/* What the class of the model decides. */
static void decide(bool simple, struct vit_config *c)
{
    if (simple) {
        c->class_tokens = VIT_CLASS_TOKENS_NONE;
        c->pos_embed = VIT_POS_EMBED_SINCOS_2D;
        c->pool = VIT_POOL_MEAN;
        c->no_proj_bias = true;
        return;
    }
    if (c->pool == VIT_POOL_MEAN)
        c->class_tokens = VIT_CLASS_TOKENS_NONE;
    c->no_proj = c->heads == 1 && c->head_dim == c->dim;
}

enum vit_status config_parse_vit_pytorch(const struct config_input *in, struct config_file *file,
                                         struct vit_error *err)
{
    struct vit_pytorch_keys found = { .config = defaults };
    struct vit_config *const c = &found.config;
    const struct keys keys = { in->path, "", false, &found, err, &file->provenance, FIELD(config) };
    const bool simple = strcmp(config_string(in, "model_type"), "vit_pytorch.SimpleViT") == 0;
    enum vit_status status;

    provenance_all(&file->provenance, "vit-pytorch's default");
    if ((status =
             simple ? keys_read(&keys, in->root, simple_rules,
                                sizeof simple_rules / sizeof *simple_rules)
                    : keys_read(&keys, in->root, vit_rules, sizeof vit_rules / sizeof *vit_rules)))
        return status;
    c->height = found.image[0];
    c->width = found.image[1];
    decide(simple, c);
    keys_note(&keys, "image_size", offsetof(struct vit_config, height));
    keys_note(&keys, "image_size", offsetof(struct vit_config, width));
    keys_note(&keys, "model_type", offsetof(struct vit_config, pos_embed));
    return config_finish(in, in->path, c, &plain_preprocess_config, file, err);
}
