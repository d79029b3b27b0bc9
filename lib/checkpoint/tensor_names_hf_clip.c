/* tensor_names_hf_clip.c - the vision towers of Hugging Face's CLIP and SigLIP; %u is the block */
#include "checkpoint/tensor_names.h"

#define LAYERS                                                                                     \
    RULE("@embeddings.patch_embedding.weight", SLOT_PATCH_WEIGHT, SHAPE(D, C, P, P)),              \
        RULE("@embeddings.position_embedding.weight", SLOT_POSITIONS, SHAPE(T, D)),                \
        RULE("@encoder.layers.%u.layer_norm1.weight", SLOT_NORM1_WEIGHT, SHAPE(D)),                \
        RULE("@encoder.layers.%u.layer_norm1.bias", SLOT_NORM1_BIAS, SHAPE(D)),                    \
        RULE("@encoder.layers.%u.self_attn.q_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D)),          \
        RULE("@encoder.layers.%u.self_attn.k_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D),           \
             .part = 1),                                                                           \
        RULE("@encoder.layers.%u.self_attn.v_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D),           \
             .part = 2),                                                                           \
        RULE("@encoder.layers.%u.self_attn.q_proj.bias", SLOT_QKV_BIAS, SHAPE(I)),                 \
        RULE("@encoder.layers.%u.self_attn.k_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 1),      \
        RULE("@encoder.layers.%u.self_attn.v_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 2),      \
        RULE("@encoder.layers.%u.self_attn.out_proj.weight", SLOT_PROJ_WEIGHT, SHAPE(D, I)),       \
        RULE("@encoder.layers.%u.self_attn.out_proj.bias", SLOT_PROJ_BIAS, SHAPE(D)),              \
        RULE("@encoder.layers.%u.layer_norm2.weight", SLOT_NORM2_WEIGHT, SHAPE(D)),                \
        RULE("@encoder.layers.%u.layer_norm2.bias", SLOT_NORM2_BIAS, SHAPE(D)),                    \
        RULE("@encoder.layers.%u.mlp.fc1.weight", SLOT_FC1_WEIGHT, SHAPE(M, D)),                   \
        RULE("@encoder.layers.%u.mlp.fc1.bias", SLOT_FC1_BIAS, SHAPE(M)),                          \
        RULE("@encoder.layers.%u.mlp.fc2.weight", SLOT_FC2_WEIGHT, SHAPE(D, M)),                   \
        RULE("@encoder.layers.%u.mlp.fc2.bias", SLOT_FC2_BIAS, SHAPE(D)),                          \
        RULE("classifier.weight", SLOT_HEAD_WEIGHT, SHAPE(K, E),                                   \
             .needs = HAS_HEAD | HAS_HEAD_BIAS),                                                   \
        RULE("classifier.bias", SLOT_HEAD_BIAS, SHAPE(K), .needs = HAS_HEAD_BIAS)

/* A classifier sees the mean of the patches, un-normed; the projection the class token, normed. */
static const struct name_rule clip[] = {
    LAYERS,
    RULE("@embeddings.class_embedding", SLOT_CLS_TOKEN, SHAPE(D)),
    RULE("@pre_layrnorm.weight", SLOT_PRE_NORM_WEIGHT, SHAPE(D)), /* so spelt */
    RULE("@pre_layrnorm.bias", SLOT_PRE_NORM_BIAS, SHAPE(D)),
    RULE("@post_layernorm.weight", SLOT_NORM_WEIGHT, SHAPE(D), .needs = HAS_POOLED_NORM),
    RULE("@post_layernorm.bias", SLOT_NORM_BIAS, SHAPE(D), .needs = HAS_POOLED_NORM),
    RULE("visual_projection.weight", SLOT_HEAD_WEIGHT, SHAPE(K, D), .needs = HAS_HEAD),
};

static const struct name_rule siglip[] = {
    LAYERS,
    RULE("@embeddings.patch_embedding.bias", SLOT_PATCH_BIAS, SHAPE(D)),
    RULE("@post_layernorm.weight", SLOT_NORM_WEIGHT, SHAPE(D)),
    RULE("@post_layernorm.bias", SLOT_NORM_BIAS, SHAPE(D)),
    RULE("@head.probe", SLOT_POOL_QUERY, SHAPE(ONE, ONE, D), .needs = HAS_MAP_POOL),
    RULE("@head.attention.in_proj_weight", SLOT_POOL_QKV_WEIGHT, SHAPE(D3, D),
         .needs = HAS_MAP_POOL),
    RULE("@head.attention.in_proj_bias", SLOT_POOL_QKV_BIAS, SHAPE(D3), .needs = HAS_MAP_POOL),
    RULE("@head.attention.out_proj.weight", SLOT_POOL_PROJ_WEIGHT, SHAPE(D, D),
         .needs = HAS_MAP_POOL),
    RULE("@head.attention.out_proj.bias", SLOT_POOL_PROJ_BIAS, SHAPE(D), .needs = HAS_MAP_POOL),
    RULE("@head.layernorm.weight", SLOT_POOL_NORM_WEIGHT, SHAPE(D), .needs = HAS_MAP_POOL),
    RULE("@head.layernorm.bias", SLOT_POOL_NORM_BIAS, SHAPE(D), .needs = HAS_MAP_POOL),
    RULE("@head.mlp.fc1.weight", SLOT_POOL_FC1_WEIGHT, SHAPE(M, D), .needs = HAS_MAP_POOL),
    RULE("@head.mlp.fc1.bias", SLOT_POOL_FC1_BIAS, SHAPE(M), .needs = HAS_MAP_POOL),
    RULE("@head.mlp.fc2.weight", SLOT_POOL_FC2_WEIGHT, SHAPE(D, M), .needs = HAS_MAP_POOL),
    RULE("@head.mlp.fc2.bias", SLOT_POOL_FC2_BIAS, SHAPE(D), .needs = HAS_MAP_POOL),
};

/* Since transformers 5.6 a tower saved alone has no prefix. */
static const char *const prefixes[] = { "vision_model.", NULL };

/* The text tower and what compares the two; and, with a classifier, what it does not see. */
static const char *const clip_passed_over[] = {
    "text_model.*",           "text_projection.*",    "logit_scale", "@embeddings.position_ids",
    "@post_layernorm.weight", "@post_layernorm.bias", NULL,
};
static const char *const siglip_passed_over[] = {
    "text_model.*",
    "logit_scale",
    "logit_bias",
    "@embeddings.position_ids",
    "@head.probe",
    "@head.attention.in_proj_weight",
    "@head.attention.in_proj_bias",
    "@head.attention.out_proj.weight",
    "@head.attention.out_proj.bias",
    "@head.layernorm.weight",
    "@head.layernorm.bias",
    "@head.mlp.fc1.weight",
    "@head.mlp.fc1.bias",
    "@head.mlp.fc2.weight",
    "@head.mlp.fc2.bias",
    NULL,
};

const struct name_family names_hf_clip = {
    .name = "Hugging Face CLIP",
    .rules = clip,
    .count = sizeof clip / sizeof *clip,
    .prefixes = prefixes,
    .passed_over = clip_passed_over,
    .resize = RESIZE_BICUBIC,
};

const struct name_family names_hf_siglip = {
    .name = "Hugging Face SigLIP",
    .rules = siglip,
    .count = sizeof siglip / sizeof *siglip,
    .prefixes = prefixes,
    .passed_over = siglip_passed_over,
    .resize = RESIZE_BICUBIC,
};
