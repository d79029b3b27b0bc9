/* config.h - what a model's configuration must hold, and the sizes that follow from it */
#ifndef VIT_CONFIG_CONFIG_H
#define VIT_CONFIG_CONFIG_H

#include "vit/config.h"
#include "vit/status.h"

/*
 * Bounds of a configuration's fields. The largest model published (ViT-22B) has dim 6144, depth 48
 * and mlp_dim 24576; the rest is room. Within them every product that a size is made of stays below
 * 2^60 bytes for one image: the largest is the patch weight, dim · channels · patch² · 4.
 */
enum {
    CONFIG_MAX_CHANNELS = 1 << 8,
    CONFIG_MAX_SIDE = 1 << 16,
    CONFIG_MAX_PATCHES = 1 << 20,
    CONFIG_MAX_DIM = 1 << 16,
    CONFIG_MAX_DEPTH = 1 << 10,
    CONFIG_MAX_MLP_DIM = 1 << 18,
    CONFIG_MAX_CLASSES = 1 << 24,
    CONFIG_MAX_REGISTERS = 1 << 10,
    CONFIG_MAX_SPLIT = 1 << 6,
};

/*
 * Whether a configuration is one that can be computed: every field within the bounds above and the
 * sizes that must divide each other do, floats finite, eps not negative, enums known, nothing asked
 * of tokens that are not there. VIT_EINVAL if not; the message names the field and what was
 * expected.
 */
enum vit_status config_check(const struct vit_config *config, struct vit_error *err);

/*
 * What a model has, as bits: which tensors a checkpoint must hold follows from them, and which
 * steps the forward pass takes.
 */
enum config_traits {
    HAS_CLASS_TOKEN = 1 << 0,
    HAS_DISTILLATION = 1 << 1,
    HAS_REGISTERS = 1 << 2,
    HAS_POSITIONS = 1 << 3, /* a table, be it learned or fixed */
    HAS_PATCHES = 1 << 4,
    HAS_PATCH_BIAS = 1 << 5,
    HAS_PATCH_NORMS = 1 << 6,
    HAS_T2T = 1 << 7,
    HAS_TOKEN_ATTENTION = 1 << 8, /* T2T's transformer */
    HAS_PERFORMER = 1 << 9,
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

/* The following hold for a configuration that config_check passes. */
unsigned config_traits(const struct vit_config *config);
struct config_grid {
    size_t rows, columns;
};
struct config_grid config_grid(const struct vit_config *config); /* of patches */
size_t config_patches(const struct vit_config *config);
size_t config_prefix(const struct vit_config *config);    /* tokens before the patches' */
size_t config_tokens(const struct vit_config *config);    /* both */
size_t config_positions(const struct vit_config *config); /* rows of the table of positions */
size_t config_head_dim(const struct vit_config *config);
size_t config_inner(const struct vit_config *config);     /* heads · head_dim */
size_t config_embedding(const struct vit_config *config); /* width of VIT_OUTPUT_EMBEDDING */
size_t config_pooled(const struct vit_config *config);    /* the same before pre_logits */
/* The factor of Q·Kᵀ: qk_scale, or head_dim^-1/2 rounded once to float. */
float config_scale(const struct vit_config *config);
/* 1/√n, rounded once to float */
float config_rsqrt(size_t n);

/* T2T: the soft splits. Split i makes rows of config_split_length numbers. */
enum { SPLITS = 3, TOKEN_STAGES = 2 };
size_t config_split_length(const struct vit_config *config, size_t i);
struct config_grid config_split_grid(const struct vit_config *config, size_t i);
size_t config_split_stride(size_t kernel);
size_t config_split_padding(size_t kernel);
/* Random features of a performer. */
size_t config_features(const struct vit_config *config);

#endif
