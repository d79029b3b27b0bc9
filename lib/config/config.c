/* config.c - checking a configuration, and the sizes that follow from it */
#include "config/config.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"

_Static_assert(SIZE_MAX >= UINT64_MAX, "the bounds of config.h are for 64-bit sizes");

static const struct bound {
    const char *field;
    size_t offset, least, most;
} bounds[] = {
    { "channels", offsetof(struct vit_config, channels), 1, CONFIG_MAX_CHANNELS },
    { "height", offsetof(struct vit_config, height), 1, CONFIG_MAX_SIDE },
    { "width", offsetof(struct vit_config, width), 1, CONFIG_MAX_SIDE },
    { "patch", offsetof(struct vit_config, patch), 1, CONFIG_MAX_SIDE },
    { "dim", offsetof(struct vit_config, dim), 1, CONFIG_MAX_DIM },
    { "depth", offsetof(struct vit_config, depth), 1, CONFIG_MAX_DEPTH },
    { "heads", offsetof(struct vit_config, heads), 1, CONFIG_MAX_DIM },
    { "mlp_dim", offsetof(struct vit_config, mlp_dim), 1, CONFIG_MAX_MLP_DIM },
    { "classes", offsetof(struct vit_config, classes), 0, CONFIG_MAX_CLASSES },
    { "registers", offsetof(struct vit_config, registers), 0, CONFIG_MAX_REGISTERS },
    { "head_dim", offsetof(struct vit_config, head_dim), 0, CONFIG_MAX_DIM },
    { "pre_logits", offsetof(struct vit_config, pre_logits), 0, CONFIG_MAX_MLP_DIM },
};

static const struct known {
    const char *field;
    size_t offset;
    unsigned count;
} enums[] = {
    { "activation", offsetof(struct vit_config, activation), VIT_ACTIVATIONS },
    { "pos_embed", offsetof(struct vit_config, pos_embed), VIT_POS_EMBED_NONE + 1 },
    { "tokenizer", offsetof(struct vit_config, tokenizer), VIT_TOKENIZER_T2T_PERFORMER + 1 },
    { "class_tokens", offsetof(struct vit_config, class_tokens),
      VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION + 1 },
    { "pos_embed_scope", offsetof(struct vit_config, pos_embed_scope),
      VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES + 1 },
    { "pool", offsetof(struct vit_config, pool), VIT_POOL_CLASS_AND_MEAN + 1 },
    { "final_norm", offsetof(struct vit_config, final_norm), VIT_FINAL_NORM_NONE + 1 },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static enum vit_status check_divides(const char *name, size_t value, const char *divisor_name,
                                     size_t divisor, struct vit_error *err)
{
    if (value % divisor == 0)
        return VIT_OK;
    return fail(err, VIT_EINVAL, "%s %zu is not a multiple of the %s, %zu", name, value,
                divisor_name, divisor);
}

static enum vit_status check_fields(const struct vit_config *config, struct vit_error *err)
{
    for (size_t i = 0; i < COUNT(bounds); i++) {
        const struct bound *b = &bounds[i];
        size_t value;
        memcpy(&value, (const char *)config + b->offset, sizeof value);
        if (value < b->least || value > b->most)
            return fail(err, VIT_EINVAL, "%s %zu is out of range, expected %zu to %zu", b->field,
                        value, b->least, b->most);
    }
    for (size_t i = 0; i < COUNT(enums); i++) {
        unsigned value; /* every enum here has the size of one */
        memcpy(&value, (const char *)config + enums[i].offset, sizeof value);
        if (value >= enums[i].count)
            return fail(err, VIT_EINVAL, "%s %d is not known, expected 0 to %u", enums[i].field,
                        (int)value, enums[i].count - 1);
    }
    if (!isfinite(config->eps) || config->eps < 0)
        return fail(err, VIT_EINVAL, "eps %g is out of range, expected 0 or more and finite",
                    (double)config->eps);
    if (!isfinite(config->qk_scale))
        return fail(err, VIT_EINVAL, "qk_scale %g is not finite", (double)config->qk_scale);
    return VIT_OK;
}

/* Whole patches, and at least one. */
static enum vit_status check_patch(const struct vit_config *config, struct vit_error *err)
{
    enum vit_status status;

    if (!config->crop_to_patches &&
        ((status = check_divides("height", config->height, "patch", config->patch, err)) ||
         (status = check_divides("width", config->width, "patch", config->patch, err))))
        return status;
    if (config->height >= config->patch && config->width >= config->patch)
        return VIT_OK;
    return fail(err, VIT_EINVAL, "image of %zu × %zu is smaller than the patch, %zu",
                config->height, config->width, config->patch);
}

/* Soft t2t_kernels must each leave something; a kernel and a side bound their products. */
static enum vit_status check_t2t(const struct vit_config *config, struct vit_error *err)
{
    size_t stride = 1;

    for (size_t i = 0; i < SPLITS; i++) {
        if (config->t2t_kernels[i] < 1 || config->t2t_kernels[i] > CONFIG_MAX_SPLIT)
            return fail(err, VIT_EINVAL, "t2t_kernels[%zu] %zu is out of range, expected 1 to %d",
                        i, config->t2t_kernels[i], CONFIG_MAX_SPLIT);
        stride *= config_split_stride(config->t2t_kernels[i]);
    }
    for (size_t i = 0; i < SPLITS; i++) {
        const struct config_grid grid = config_split_grid(config, i);
        if (grid.rows == 0 || grid.columns == 0)
            return fail(err, VIT_EINVAL,
                        "image of %zu × %zu is too small: soft split %zu, of kernel %zu, leaves "
                        "nothing of it",
                        config->height, config->width, i, config->t2t_kernels[i]);
        if (grid.rows * grid.columns > CONFIG_MAX_PATCHES)
            return fail(err, VIT_EINVAL, "%zu tokens are out of range, expected 1 to %d",
                        grid.rows * grid.columns, CONFIG_MAX_PATCHES);
    }
    if (config->patch != stride)
        return fail(err, VIT_EINVAL,
                    "patch %zu is not the product of the soft splits' strides, %zu", config->patch,
                    stride);
    if (config->t2t_dim < 1 || config->t2t_dim > CONFIG_MAX_DIM)
        return fail(err, VIT_EINVAL, "t2t_dim %zu is out of range, expected 1 to %d",
                    config->t2t_dim, CONFIG_MAX_DIM);
    if (config->tokenizer == VIT_TOKENIZER_T2T_PERFORMER && config->t2t_dim % 2 != 0)
        return fail(err, VIT_EINVAL, "t2t_dim %zu of a performer is odd", config->t2t_dim);
    if (config->t2t_heads < 1 || config->t2t_dim % config->t2t_heads != 0 ||
        (config->tokenizer == VIT_TOKENIZER_T2T_PERFORMER && config->t2t_heads > 1))
        return fail(err, VIT_EINVAL,
                    "t2t_heads %zu, expected a divisor of t2t_dim, %zu, and 1 for a performer",
                    config->t2t_heads, config->t2t_dim);
    if (config->t2t_mlp_dim < 1 || config->t2t_mlp_dim > CONFIG_MAX_MLP_DIM)
        return fail(err, VIT_EINVAL, "t2t_mlp_dim %zu is out of range, expected 1 to %d",
                    config->t2t_mlp_dim, CONFIG_MAX_MLP_DIM);
    return VIT_OK;
}

/* What one field asks of another. */
static enum vit_status check_together(const struct vit_config *c, struct vit_error *err)
{
    const bool class_token = c->class_tokens != VIT_CLASS_TOKENS_NONE;
    const bool pools_class = c->pool == VIT_POOL_CLASS || c->pool == VIT_POOL_CLASS_AND_MEAN;
    const bool distilled = c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
    const bool fixed = c->pos_embed == VIT_POS_EMBED_SINUSOID;

    if (pools_class && !class_token)
        return fail(err, VIT_EINVAL, "pool takes the class token, and class_tokens has none");
    if (distilled && (c->pool != VIT_POOL_CLASS || c->pre_logits > 0))
        return fail(err, VIT_EINVAL,
                    "a distillation token wants the class tokens pooled, without pre_logits");
    if (c->pos_embed_scope == VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES && !class_token)
        return fail(err, VIT_EINVAL,
                    "pos_embed_scope names the class token, and class_tokens has none");
    if (c->pos_embed == VIT_POS_EMBED_SINCOS_2D &&
        (c->dim % 4 != 0 || c->dim < 8 ||
         (class_token && c->pos_embed_scope != VIT_POS_EMBED_SCOPE_PATCHES)))
        return fail(
            err, VIT_EINVAL,
            "positions in two dimensions are for patches alone, and a dim that is a multiple "
            "of 4 and at least 8; dim is %zu",
            c->dim);
    if (fixed && c->pos_embed_scope != VIT_POS_EMBED_SCOPE_ALL)
        return fail(err, VIT_EINVAL, "a sinusoid of positions is for all tokens");
    if (c->value_residual && (config_inner(c) != c->dim || c->no_proj || c->layer_scale))
        return fail(
            err, VIT_EINVAL,
            "value_residual wants an output projection, no layer_scale, and heads · head_dim, "
            "%zu, to be dim, %zu",
            config_inner(c), c->dim);
    if (c->no_proj && (config_inner(c) != c->dim || c->layer_scale))
        return fail(err, VIT_EINVAL,
                    "no_proj wants no layer_scale, and heads · head_dim, %zu, to be dim, %zu",
                    config_inner(c), c->dim);
    if (c->pool == VIT_POOL_MAP && c->dim % c->heads != 0)
        return check_divides("dim", c->dim, "heads", c->heads, err);
    if (c->gated_mlp && c->mlp_dim > CONFIG_MAX_MLP_DIM / 2)
        return fail(err, VIT_EINVAL, "mlp_dim %zu of a gated MLP is out of range, expected 1 to %d",
                    c->mlp_dim, CONFIG_MAX_MLP_DIM / 2);
    return VIT_OK;
}

enum vit_status config_check(const struct vit_config *config, struct vit_error *err)
{
    enum vit_status status;

    if ((status = check_fields(config, err)))
        return status;
    if (config->tokenizer != VIT_TOKENIZER_PATCH)
        status = check_t2t(config, err);
    else
        status = check_patch(config, err);
    if (!status && config->head_dim == 0)
        status = check_divides("dim", config->dim, "heads", config->heads, err);
    if (status)
        return status;
    if (config_patches(config) > CONFIG_MAX_PATCHES)
        return fail(err, VIT_EINVAL, "%zu patches are out of range, expected 1 to %d",
                    config_patches(config), CONFIG_MAX_PATCHES);
    if (config_inner(config) > CONFIG_MAX_DIM)
        return fail(err, VIT_EINVAL, "heads · head_dim, %zu, is out of range, expected 1 to %d",
                    config_inner(config), CONFIG_MAX_DIM);
    return check_together(config, err);
}

unsigned config_traits(const struct vit_config *c)
{
    const bool t2t = c->tokenizer != VIT_TOKENIZER_PATCH,
               performer = c->tokenizer == VIT_TOKENIZER_T2T_PERFORMER;
    const struct {
        bool holds;
        unsigned fact;
    } traits[] = {
        { c->class_tokens != VIT_CLASS_TOKENS_NONE, HAS_CLASS_TOKEN },
        { c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION, HAS_DISTILLATION },
        { c->registers > 0, HAS_REGISTERS },
        { c->pos_embed == VIT_POS_EMBED_LEARNED || c->pos_embed == VIT_POS_EMBED_SINUSOID,
          HAS_POSITIONS },
        { !t2t, HAS_PATCHES },
        { !c->no_patch_bias, HAS_PATCH_BIAS },
        { c->patch_norms, HAS_PATCH_NORMS },
        { t2t, HAS_T2T },
        { t2t && !performer, HAS_TOKEN_ATTENTION },
        { performer, HAS_PERFORMER },
        { c->pre_norm, HAS_PRE_NORM },
        { !c->no_qkv_bias, HAS_QKV_BIAS },
        { c->qk_norm, HAS_QK_NORM },
        { !c->no_proj, HAS_PROJ },
        { !c->no_proj && !c->no_proj_bias, HAS_PROJ_BIAS },
        { c->layer_scale, HAS_LAYER_SCALE },
        { !c->gated_mlp, HAS_PLAIN_MLP },
        { c->gated_mlp, HAS_GATED_MLP },
        { c->final_norm == VIT_FINAL_NORM_TOKENS, HAS_TOKEN_NORM },
        { c->final_norm == VIT_FINAL_NORM_POOLED, HAS_POOLED_NORM },
        { c->pool == VIT_POOL_MAP, HAS_MAP_POOL },
        { c->pre_logits > 0, HAS_PRE_LOGITS },
        { c->classes > 0, HAS_HEAD },
        { c->classes > 0 && !c->no_head_bias, HAS_HEAD_BIAS },
    };
    unsigned found = 0;

    for (size_t i = 0; i < COUNT(traits); i++)
        found |= traits[i].holds ? traits[i].fact : 0;
    return found;
}

size_t config_split_stride(size_t kernel)
{
    return (kernel + 1) / 2;
}

size_t config_split_padding(size_t kernel)
{
    return (kernel + 1) / 4;
}

size_t config_split_length(const struct vit_config *config, size_t i)
{
    return config->t2t_kernels[i] * config->t2t_kernels[i] *
           (i == 0 ? config->channels : config->t2t_dim);
}

/* Positions of a soft split's kernel along a side. */
static size_t split_side(size_t side, size_t kernel)
{
    const size_t padded = side + 2 * config_split_padding(kernel);
    return padded < kernel ? 0 : (padded - kernel) / config_split_stride(kernel) + 1;
}

struct config_grid config_split_grid(const struct vit_config *config, size_t i)
{
    struct config_grid grid = { config->height, config->width };

    for (size_t j = 0; j <= i; j++) {
        grid.rows = split_side(grid.rows, config->t2t_kernels[j]);
        grid.columns = split_side(grid.columns, config->t2t_kernels[j]);
    }
    return grid;
}

size_t config_features(const struct vit_config *config)
{
    return config->t2t_dim / 2;
}

struct config_grid config_grid(const struct vit_config *config)
{
    if (config->tokenizer != VIT_TOKENIZER_PATCH)
        return config_split_grid(config, SPLITS - 1);
    return (struct config_grid){ config->height / config->patch, config->width / config->patch };
}

size_t config_patches(const struct vit_config *config)
{
    const struct config_grid grid = config_grid(config);
    return grid.rows * grid.columns;
}

size_t config_prefix(const struct vit_config *config)
{
    const size_t class_tokens = config->class_tokens == VIT_CLASS_TOKENS_NONE    ? 0
                                : config->class_tokens == VIT_CLASS_TOKENS_CLASS ? 1
                                                                                 : 2;
    return class_tokens + config->registers;
}

size_t config_tokens(const struct vit_config *config)
{
    return config_prefix(config) + config_patches(config);
}

size_t config_positions(const struct vit_config *config)
{
    switch (config->pos_embed_scope) {
    case VIT_POS_EMBED_SCOPE_PATCHES:
        return config_patches(config);
    case VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES:
        return config_patches(config) + config_prefix(config) - config->registers;
    default:
        return config_tokens(config);
    }
}

size_t config_head_dim(const struct vit_config *config)
{
    return config->head_dim > 0 ? config->head_dim : config->dim / config->heads;
}

size_t config_inner(const struct vit_config *config)
{
    return config->heads * config_head_dim(config);
}

size_t config_pooled(const struct vit_config *config)
{
    return config->pool == VIT_POOL_CLASS_AND_MEAN ? 2 * config->dim : config->dim;
}

size_t config_embedding(const struct vit_config *config)
{
    return config->pre_logits > 0 ? config->pre_logits : config_pooled(config);
}

float config_rsqrt(size_t n)
{
    return (float)(1.0 / sqrt((double)n));
}

float config_scale(const struct vit_config *config)
{
    return config->qk_scale != 0 ? config->qk_scale : config_rsqrt(config_head_dim(config));
}
