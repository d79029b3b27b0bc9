/* derived.h - what follows from a configuration that config_check accepts */
#ifndef VIT_CONFIG_DERIVED_H
#define VIT_CONFIG_DERIVED_H

#include <stddef.h>

#include "config/traits.h"
#include "vit/config.h"

/* Of enum config_traits. */
unsigned config_traits(const struct vit_config *config);

size_t config_patches(const struct vit_config *config);
size_t config_class_tokens(const struct vit_config *config);
size_t config_prefix(const struct vit_config *config);    /* tokens before the patches */
size_t config_tokens(const struct vit_config *config);    /* prefix + patches */
size_t config_positions(const struct vit_config *config); /* rows of the position table */
size_t config_head_dim(const struct vit_config *config);
size_t config_inner(const struct vit_config *config);      /* heads · head_dim */
size_t config_fc1_rows(const struct vit_config *config);   /* outputs of a block's fc1 */
size_t config_embedding(const struct vit_config *config);  /* width of VIT_OUTPUT_EMBEDDING */
size_t config_pooled(const struct vit_config *config);     /* the same before pre_logits */
size_t config_head_count(const struct vit_config *config); /* 2 with distillation, else 1 */
/* The factor of Q·Kᵀ: qk_scale, or head_dim^-1/2 rounded once to float. */
float config_scale(const struct vit_config *config);
/* 1/√n, rounded once to float */
float config_rsqrt(size_t n);

#endif
