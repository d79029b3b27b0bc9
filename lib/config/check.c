/* check.c - whether a configuration can be computed */
#include "config/check.h"

#include <float.h>
#include <stdbool.h>

#include "base/status.h"
#include "config/derived.h"
#include "config/fields.h"
#include "config/pos_embed.h"
#include "config/rotary.h"
#include "config/tokenizer.h"

/* Every field within the range of its row. */
static enum vit_status check_fields(const struct vit_config *config, struct vit_error *err)
{
    for (size_t i = 0; i < config_fields.count; i++) {
        const struct config_field *const f = &config_fields.at[i];
        for (size_t j = 0; j < f->count; j++) {
            const double value = config_field_get(f, config, j);
            if (!config_field_allows(f, value))
                return fail(err, VIT_EINVAL, "%s: expected %.10g to %.10g, found %.10g", f->name,
                            f->min, f->max, value);
        }
    }
    return VIT_OK;
}

/* Where an activation is defined for a part of the numbers; FLT_MIN is "above 0". */
static const struct argument_range {
    enum vit_activation activation;
    size_t argument;
    float min, max;
} argument_ranges[] = {
    { VIT_ACTIVATION_CELU, 0, FLT_MIN, FLT_MAX },
    { VIT_ACTIVATION_SOFTPLUS, 0, 0x1p-50f, 0x1p50f },
    { VIT_ACTIVATION_SOFTSHRINK, 0, 0.0f, FLT_MAX },
};

static enum vit_status check_arguments(const struct vit_config *c, struct vit_error *err)
{
    const float *const args = c->activation_args;

    for (size_t i = 0; i < sizeof argument_ranges / sizeof *argument_ranges; i++) {
        const struct argument_range *const r = &argument_ranges[i];
        const float found = args[r->argument];
        if (r->activation == c->activation && !(found >= r->min && found <= r->max))
            return fail(err, VIT_EINVAL, "activation_args[%zu]: %s: expected %g to %g, found %g",
                        r->argument, vit_value_name("activation", (int)c->activation),
                        (double)r->min, (double)r->max, (double)found);
    }
    if (c->activation == VIT_ACTIVATION_HARDTANH && args[0] > args[1])
        return fail(err, VIT_EINVAL,
                    "activation_args: hardtanh: expected a minimum and a maximum, found %g and %g",
                    (double)args[0], (double)args[1]);
    return VIT_OK;
}

static enum vit_status check_activation(const struct vit_config *c, struct vit_error *err)
{
#define ARGS(identifier, name, value, args, weights)    [value] = args,
#define WEIGHTS(identifier, name, value, args, weights) [value] = weights,
    static const unsigned char args[] = { VIT_ACTIVATION_LIST(ARGS) };
    static const unsigned char weights[] = { VIT_ACTIVATION_LIST(WEIGHTS) };

    if (weights[c->activation] &&
        (config_pools_by_attention(c) || c->tokenizer != VIT_TOKENIZER_PATCH))
        return fail(err, VIT_EINVAL,
                    "activation: expected one without weights outside of the blocks, found %s",
                    vit_value_name("activation", (int)c->activation));
    for (size_t i = args[c->activation]; i < 2; i++)
        if (c->activation_args[i] != 0)
            return fail(err, VIT_EINVAL,
                        "activation_args[%zu]: expected 0, which %s does not take, found %g", i,
                        vit_value_name("activation", (int)c->activation),
                        (double)c->activation_args[i]);
    return check_arguments(c, err);
}

bool config_allows_beta(float beta)
{
    const float quarters = 4 * beta;

    return quarters >= 0 && quarters <= 16 && quarters == (float)(unsigned)quarters;
}

/* Local response normalization takes all tokens, and its result is not in their place. */
static enum vit_status check_local_response(const struct vit_config *c, struct vit_error *err)
{
    const struct {
        bool holds;
        const char *field;
    } others[] = {
        { c->no_norm_weight, "no_norm_weight" },
        { c->no_norm_bias, "no_norm_bias" },
        { c->no_norm_mean, "no_norm_mean" },
        { c->patch_norms, "patch_norms" },
        { c->pre_norm, "pre_norm" },
        { c->qk_norm, "qk_norm" },
        { c->attention_norm, "attention_norm" },
        { c->mlp_norm, "mlp_norm" },
    };
    const float *const args = c->norm_args;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i].holds)
            return fail(err, VIT_EINVAL, "%s: expected false with norm local_response, found true",
                        others[i].field);
    if (config_pools_by_attention(c))
        return fail(err, VIT_EINVAL,
                    "pool: expected one without a norm with norm local_response, found %s",
                    vit_value_name("pool", (int)c->pool));
    if (c->final_norm == VIT_FINAL_NORM_POOLED)
        return fail(err, VIT_EINVAL,
                    "final_norm: expected tokens or none with norm local_response, found pooled");
    if (!config_allows_beta(args[1]))
        return fail(err, VIT_EINVAL, "norm_args[1]: beta: expected %s, found %g", CONFIG_BETA_TEXT,
                    (double)args[1]);
    if (args[2] == 0)
        return fail(err, VIT_EINVAL, "norm_args[2]: k: expected a number above 0, found 0");
    return VIT_OK;
}

static enum vit_status check_norm(const struct vit_config *c, struct vit_error *err)
{
    if (c->norm == VIT_NORM_LOCAL_RESPONSE)
        return check_local_response(c, err);
    if (c->norm_size != 0)
        return fail(err, VIT_EINVAL, "norm_size: expected 0 with norm layer, found %zu",
                    c->norm_size);
    for (size_t i = 0; i < sizeof c->norm_args / sizeof *c->norm_args; i++)
        if (c->norm_args[i] != 0)
            return fail(err, VIT_EINVAL, "norm_args[%zu]: expected 0 with norm layer, found %g", i,
                        (double)c->norm_args[i]);
    return VIT_OK;
}

/* The width of heads, and the number of tokens. */
static enum vit_status check_sizes(const struct vit_config *c, struct vit_error *err)
{
    if ((c->head_dim == 0 || (config_pools_by_attention(c) && c->pool_heads == 0)) &&
        c->dim % c->heads != 0)
        return fail(err, VIT_EINVAL, "dim: expected a multiple of heads, %zu, found %zu", c->heads,
                    c->dim);
    if (!config_pools_by_attention(c) && c->pool_heads + c->pool_mlp_dim > 0)
        return fail(err, VIT_EINVAL,
                    "pool_heads and pool_mlp_dim: expected 0 with pool %s, found %zu and %zu",
                    vit_value_name("pool", (int)c->pool), c->pool_heads, c->pool_mlp_dim);
    if (c->pool_heads > 0 && c->dim % c->pool_heads != 0)
        return fail(err, VIT_EINVAL, "dim: expected a multiple of pool_heads, %zu, found %zu",
                    c->pool_heads, c->dim);
    if (config_inner(c) > CONFIG_MAX_DIM)
        return fail(err, VIT_EINVAL, "heads · head_dim: expected 1 to %d, found %zu",
                    CONFIG_MAX_DIM, config_inner(c));
    if (config_patches(c) > CONFIG_MAX_PATCHES)
        return fail(err, VIT_EINVAL, "patches: expected 1 to %d, found %zu", CONFIG_MAX_PATCHES,
                    config_patches(c));
    if (c->gated_mlp && c->mlp_dim > CONFIG_MAX_MLP_DIM / 2)
        return fail(err, VIT_EINVAL, "mlp_dim: expected 1 to %d for a gated MLP, found %zu",
                    CONFIG_MAX_MLP_DIM / 2, c->mlp_dim);
    return VIT_OK;
}

static enum vit_status check_positions(const struct vit_config *c, struct vit_error *err)
{
    const bool class_token = c->class_tokens != VIT_CLASS_TOKENS_NONE;

    if (c->pos_embed_scope == VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES && !class_token)
        return fail(err, VIT_EINVAL,
                    "pos_embed_scope: expected all or patches without a class token, found %s",
                    vit_value_name("pos_embed_scope", (int)c->pos_embed_scope));
    if (c->relative_bias != VIT_RELATIVE_BIAS_NONE &&
        (c->class_tokens != VIT_CLASS_TOKENS_CLASS || c->registers > 0))
        return fail(err, VIT_EINVAL,
                    "relative_bias: expected none unless a class token alone precedes the patches, "
                    "found %s",
                    vit_value_name("relative_bias", (int)c->relative_bias));
    if (c->relative_bias != VIT_RELATIVE_BIAS_NONE && config_patches(c) > CONFIG_MAX_RELATIVE)
        return fail(err, VIT_EINVAL, "patches: expected 1 to %d with relative_bias, found %zu",
                    CONFIG_MAX_RELATIVE, config_patches(c));
    return config_pos_embed(c)->check(c, err);
}

/* Steps that depend on other fields: a token to pool, a projection to add to. */
static enum vit_status check_steps(const struct vit_config *c, struct vit_error *err)
{
    const bool pools_class = c->pool == VIT_POOL_CLASS || c->pool == VIT_POOL_CLASS_AND_MEAN;
    const bool distilled = c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
    const char *const pool = vit_value_name("pool", (int)c->pool);

    if (pools_class && c->class_tokens == VIT_CLASS_TOKENS_NONE)
        return fail(err, VIT_EINVAL, "class_tokens: expected a class token for pool %s, found none",
                    pool);
    if (c->pool == VIT_POOL_NONE && c->classes + c->pre_logits > 0)
        return fail(err, VIT_EINVAL,
                    "classes and pre_logits: expected 0 with pool none, found %zu "
                    "and %zu",
                    c->classes, c->pre_logits);
    if (c->pool == VIT_POOL_NONE && c->final_norm == VIT_FINAL_NORM_POOLED)
        return fail(err, VIT_EINVAL,
                    "final_norm: expected tokens or none with pool none, found "
                    "pooled");
    if (distilled && c->pool != VIT_POOL_CLASS)
        return fail(err, VIT_EINVAL, "pool: expected class with a distillation token, found %s",
                    pool);
    if (distilled && c->pre_logits > 0)
        return fail(err, VIT_EINVAL, "pre_logits: expected 0 with a distillation token, found %zu",
                    c->pre_logits);
    if (c->no_key_bias && c->no_qkv_bias)
        return fail(err, VIT_EINVAL, "no_key_bias: expected false with no_qkv_bias, found true");
    if (c->attention_norm && (c->value_residual || c->no_proj))
        return fail(err, VIT_EINVAL, "attention_norm: expected false with %s, found true",
                    c->no_proj ? "no_proj" : "value_residual");
    if (c->value_residual && c->no_proj)
        return fail(err, VIT_EINVAL, "no_proj: expected false with value_residual, found true");
    if ((c->value_residual || c->no_proj) && c->layer_scale)
        return fail(err, VIT_EINVAL, "layer_scale: expected false with %s, found true",
                    c->no_proj ? "no_proj" : "value_residual");
    if ((c->value_residual || c->no_proj) && config_inner(c) != c->dim)
        return fail(err, VIT_EINVAL, "heads · head_dim: expected dim, %zu, with %s, found %zu",
                    c->dim, c->no_proj ? "no_proj" : "value_residual", config_inner(c));
    return VIT_OK;
}

enum vit_status config_check(const struct vit_config *config, struct vit_error *err)
{
    enum vit_status status;

    if ((status = check_fields(config, err)) || (status = check_activation(config, err)) ||
        (status = check_norm(config, err)) ||
        (status = config_tokenizer(config)->check(config, err)) ||
        (status = check_sizes(config, err)) || (status = check_positions(config, err)) ||
        (status = rotary_check(config, err)) || (status = check_steps(config, err)))
        return status;
    return VIT_OK;
}
