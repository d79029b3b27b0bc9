/* derived.c - what follows from a configuration that config_check accepts */
#include "config/derived.h"

#include <math.h>
#include <stdbool.h>

#include "config/pos_embed.h"
#include "config/tokenizer.h"

uint64_t config_traits(const struct vit_config *c)
{
    const struct {
        bool holds;
        uint64_t trait;
    } traits[] = {
        { c->class_tokens != VIT_CLASS_TOKENS_NONE, HAS_CLASS_TOKEN },
        { c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION, HAS_DISTILLATION },
        { c->registers > 0, HAS_REGISTERS },
        { config_pos_embed(c)->stored, HAS_POSITIONS },
        { !c->no_patch_bias, HAS_PATCH_BIAS },
        { c->patch_norms, HAS_PATCH_NORMS },
        { !c->patch_norms, HAS_PLAIN_PATCHES },
        { c->pre_norm, HAS_PRE_NORM },
        { !c->no_qkv_bias && !c->no_key_bias, HAS_QKV_BIAS },
        { c->no_key_bias, HAS_QV_BIAS },
        { c->qk_norm, HAS_QK_NORM },
        { !c->no_proj, HAS_PROJ },
        { !c->no_proj && !c->no_proj_bias, HAS_PROJ_BIAS },
        { c->attention_norm, HAS_ATTENTION_NORM },
        { c->mlp_norm, HAS_MLP_NORM },
        { c->rotary == VIT_ROTARY_LEARNED, HAS_FREQUENCIES },
        { c->relative_bias == VIT_RELATIVE_BIAS_BLOCK, HAS_RELATIVE_BIAS },
        { c->relative_bias == VIT_RELATIVE_BIAS_SHARED, HAS_SHARED_RELATIVE_BIAS },
        { c->layer_scale, HAS_LAYER_SCALE },
        { !c->no_mlp_bias, HAS_MLP_BIAS },
        { c->activation == VIT_ACTIVATION_PRELU, HAS_SLOPES },
        { c->norm == VIT_NORM_LAYER && !c->no_norm_weight, HAS_NORM_WEIGHT },
        { c->norm == VIT_NORM_LAYER && !c->no_norm_bias, HAS_NORM_BIAS },
        { !c->gated_mlp, HAS_PLAIN_MLP },
        { c->gated_mlp, HAS_GATED_MLP },
        { c->final_norm == VIT_FINAL_NORM_TOKENS, HAS_TOKEN_NORM },
        { c->final_norm == VIT_FINAL_NORM_POOLED, HAS_POOLED_NORM },
        { config_pools_by_attention(c), HAS_MAP_POOL },
        { c->pre_logits > 0, HAS_PRE_LOGITS },
        { c->classes > 0, HAS_HEAD },
        { c->classes > 0 && !c->no_head_bias, HAS_HEAD_BIAS },
    };
    uint64_t found = config_tokenizer(c)->traits;

    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++)
        found |= traits[i].holds ? traits[i].trait : 0;
    return found;
}

bool config_pools_by_attention(const struct vit_config *config)
{
    return config->pool == VIT_POOL_MAP || config->pool == VIT_POOL_MAP_ALL;
}

size_t config_pool_heads(const struct vit_config *config)
{
    return config->pool_heads > 0 ? config->pool_heads : config->heads;
}

size_t config_pool_mlp_dim(const struct vit_config *config)
{
    return config->pool_mlp_dim > 0 ? config->pool_mlp_dim : config->mlp_dim;
}

size_t config_relative_rows(const struct vit_config *config)
{
    const struct config_grid grid = config_grid(config);
    return (2 * grid.rows - 1) * (2 * grid.columns - 1) + RELATIVE_OTHERS;
}

size_t config_bias_tables(const struct vit_config *config)
{
    return config->relative_bias == VIT_RELATIVE_BIAS_BLOCK    ? config->depth
           : config->relative_bias == VIT_RELATIVE_BIAS_SHARED ? 1
                                                               : 0;
}

size_t config_patches(const struct vit_config *config)
{
    const struct config_grid grid = config_grid(config);
    return grid.rows * grid.columns;
}

size_t config_class_tokens(const struct vit_config *config)
{
    static const size_t count[] = {
        [VIT_CLASS_TOKENS_CLASS] = 1,
        [VIT_CLASS_TOKENS_NONE] = 0,
        [VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION] = 2,
    };
    return count[config->class_tokens];
}

size_t config_prefix(const struct vit_config *config)
{
    return config_class_tokens(config) + config->registers;
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
        return config_class_tokens(config) + config_patches(config);
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

size_t config_fc1_rows(const struct vit_config *config)
{
    return config->gated_mlp ? 2 * config->mlp_dim : config->mlp_dim;
}

size_t config_pooled(const struct vit_config *config)
{
    return config->pool == VIT_POOL_CLASS_AND_MEAN ? 2 * config->dim : config->dim;
}

size_t config_embedding(const struct vit_config *config)
{
    return config->pre_logits > 0 ? config->pre_logits : config_pooled(config);
}

size_t config_head_count(const struct vit_config *config)
{
    return config->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION ? 2 : 1;
}

float config_rsqrt(size_t n)
{
    return (float)(1.0 / sqrt((double)n));
}

float config_scale(const struct vit_config *config)
{
    return config->qk_scale != 0 ? config->qk_scale : config_rsqrt(config_head_dim(config));
}
