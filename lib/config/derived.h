/* derived.h - what follows from a configuration that config_check accepts */
#ifndef VIT_CONFIG_DERIVED_H
#define VIT_CONFIG_DERIVED_H

#include <stddef.h>

#include "vit/config.h"

/*
 * What a model has, as bits: the tensors that a checkpoint must hold and the steps of the forward
 * pass follow from them.
 */
enum config_traits {
    HAS_CLASS_TOKEN = 1 << 0,
    HAS_DISTILLATION = 1 << 1,
    HAS_REGISTERS = 1 << 2,
    HAS_POSITIONS = 1 << 3, /* a table, learned or fixed */
    HAS_PATCHES = 1 << 4,
    HAS_PATCH_BIAS = 1 << 5,
    HAS_PATCH_NORMS = 1 << 6,
    HAS_T2T = 1 << 7,
    HAS_TOKEN_ATTENTION = 1 << 8, /* T2T with softmax attention */
    HAS_PERFORMER = 1 << 9,       /* T2T with random features */
    HAS_PRE_NORM = 1 << 10,
    HAS_QKV_BIAS = 1 << 11,
    HAS_QK_NORM = 1 << 12,
    HAS_PROJ = 1 << 13,
    HAS_PROJ_BIAS = 1 << 14,
    HAS_LAYER_SCALE = 1 << 15,
    HAS_PLAIN_MLP = 1 << 16,
    HAS_GATED_MLP = 1 << 17,
    HAS_TOKEN_NORM = 1 << 18,
    HAS_POOLED_NORM = 1 << 19,
    HAS_MAP_POOL = 1 << 20,
    HAS_PRE_LOGITS = 1 << 21,
    HAS_HEAD = 1 << 22,
    HAS_HEAD_BIAS = 1 << 23,
};
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
