/* config.h - what a model's configuration must hold, and the sizes that follow from it */
#ifndef VIT_BASE_CONFIG_H
#define VIT_BASE_CONFIG_H

#include "vit/vit.h"

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
};

/*
 * Whether a configuration is one that can be computed: every field within the bounds above, height
 * and width multiples of the patch, dim a multiple of heads, eps finite and not negative, qk_scale
 * finite, the enums known. VIT_EINVAL if not; the message names the field and what was expected.
 */
enum vit_status config_check(const struct vit_config *config, struct vit_error *err);

/* The following hold for a configuration that config_check passes. */
size_t config_patches(const struct vit_config *config);
size_t config_tokens(const struct vit_config *config); /* the patches and the class token */
size_t config_head_dim(const struct vit_config *config);
/* The factor of Q·Kᵀ: qk_scale, or head_dim^-1/2 rounded once to float. */
float config_scale(const struct vit_config *config);

#endif
