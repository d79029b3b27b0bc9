/* derived.h - what follows from a configuration that config_check accepts */
#ifndef VIT_CONFIG_DERIVED_H
#define VIT_CONFIG_DERIVED_H

#include <stdbool.h>
#include <stddef.h>

#include "config/traits.h"
#include "vit/config.h"

/* Of traits.h. */
uint64_t config_traits(const struct vit_config *config);

size_t config_patches(const struct vit_config *config);
size_t config_class_tokens(const struct vit_config *config);
size_t config_prefix(const struct vit_config *config);    /* tokens before the patches */
size_t config_tokens(const struct vit_config *config);    /* prefix + patches */
size_t config_positions(const struct vit_config *config); /* rows of the position table */
size_t config_head_dim(const struct vit_config *config);
size_t config_inner(const struct vit_config *config);     /* heads · head_dim */
size_t config_fc1_rows(const struct vit_config *config);  /* outputs of a block's fc1 */
size_t config_embedding(const struct vit_config *config); /* width of VIT_OUTPUT_EMBEDDING */
size_t config_pooled(const struct vit_config *config);    /* the same before pre_logits */
bool config_pools_by_attention(const struct vit_config *config);
size_t config_pool_heads(const struct vit_config *config);
size_t config_pool_mlp_dim(const struct vit_config *config);
/* Rows of a table of relative biases: a row for each distance, then class token to patch, patch to
 * class token, class token to itself. */
enum { RELATIVE_OTHERS = 3 };
size_t config_relative_rows(const struct vit_config *config);
/* How many tables of biases, each [heads][tokens][tokens], the scores have. */
size_t config_bias_tables(const struct vit_config *config);
size_t config_head_count(const struct vit_config *config); /* 2 with distillation, else 1 */
/* The factor of Q·Kᵀ: qk_scale, or head_dim^-1/2 rounded once to float. */
float config_scale(const struct vit_config *config);
/* 1/√n, rounded once to float */
float config_rsqrt(size_t n);

#endif
