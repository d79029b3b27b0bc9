/* tensor_names_hf_clip.c - names in the vision towers of Hugging Face's CLIP and SigLIP */
#include "checkpoint/families.h"

#define LAYER "@encoder.layers.%u."

#define TOWER_RULES                                                                                \
    RULE("@embeddings.patch_embedding.weight", SLOT_PATCH_WEIGHT,                                  \
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),                                    \
        RULE("@embeddings.position_embedding.weight", SLOT_POSITIONS,                              \
             SHAPE(DIM_POSITIONS, DIM_WIDTH)),                                                     \
        NORM_RULES(LAYER "layer_norm1", SLOT_NORM1, DIM_WIDTH),                                    \
        ATTENTION_RULES(LAYER "self_attn.q_proj", LAYER "self_attn.k_proj",                        \
                        LAYER "self_attn.v_proj", LAYER "self_attn.out_proj"),                     \
        NORM_RULES(LAYER "layer_norm2", SLOT_NORM2, DIM_WIDTH),                                    \
        LINEAR_RULES(LAYER "mlp.fc1", SLOT_FC1, DIM_MLP, DIM_WIDTH),                               \
        LINEAR_RULES(LAYER "mlp.fc2", SLOT_FC2, DIM_WIDTH, DIM_MLP),                               \
        RULE("classifier.weight", SLOT_HEAD_WEIGHT, SHAPE(DIM_CLASSES, DIM_HEAD_INPUT),            \
             .needs = HAS_HEAD | HAS_HEAD_BIAS),                                                   \
        RULE("classifier.bias", SLOT_HEAD_BIAS, SHAPE(DIM_CLASSES), .needs = HAS_HEAD_BIAS)

/* A classifier reads the mean of the patches without a final norm; the projection reads the class
 * token after the norm. */
static const struct tensor_rule clip[] = {
    TOWER_RULES,
    RULE("@embeddings.class_embedding", SLOT_CLS_TOKEN, SHAPE(DIM_WIDTH)),
    NORM_RULES("@pre_layrnorm", SLOT_PRE_NORM, DIM_WIDTH), /* Hugging Face's spelling */
    NORM_RULES("@post_layernorm", SLOT_NORM, DIM_WIDTH, .needs = HAS_POOLED_NORM),
    RULE("visual_projection.weight", SLOT_HEAD_WEIGHT, SHAPE(DIM_CLASSES, DIM_WIDTH),
         .needs = HAS_HEAD),
};

#define POOL .needs = HAS_MAP_POOL

static const struct tensor_rule siglip[] = {
    TOWER_RULES,
    RULE("@embeddings.patch_embedding.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),
    NORM_RULES("@post_layernorm", SLOT_NORM, DIM_WIDTH),
    RULE("@head.probe", SLOT_POOL_QUERY, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH), POOL),
    RULE("@head.attention.in_proj_weight", SLOT_POOL_QKV_WEIGHT, SHAPE(DIM_3_WIDTH, DIM_WIDTH),
         POOL),
    RULE("@head.attention.in_proj_bias", SLOT_POOL_QKV_BIAS, SHAPE(DIM_3_WIDTH), POOL),
    LINEAR_RULES("@head.attention.out_proj", SLOT_POOL_PROJ, DIM_WIDTH, DIM_WIDTH, POOL),
    NORM_RULES("@head.layernorm", SLOT_POOL_NORM, DIM_WIDTH, POOL),
    LINEAR_RULES("@head.mlp.fc1", SLOT_POOL_FC1, DIM_MLP, DIM_WIDTH, POOL),
    LINEAR_RULES("@head.mlp.fc2", SLOT_POOL_FC2, DIM_WIDTH, DIM_MLP, POOL),
};

/* Since transformers 5.6 a tower that is saved alone has no prefix. */
static const char *const prefixes[] = { "vision_model.", NULL };

/* The text tower, and what a classifier does not read. */
static const char *const clip_ignored[] = {
    "text_model.*",           "text_projection.*",    "@embeddings.position_ids",
    "@post_layernorm.weight", "@post_layernorm.bias", NULL,
};
static const char *const siglip_ignored[] = {
    "text_model.*",
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

const struct tensor_names names_hf_clip = { .rules = clip,
                                            .count = sizeof clip / sizeof *clip,
                                            .prefixes = prefixes,
                                            .ignored = clip_ignored,
                                            .logit_scale = "logit_scale" };
const struct tensor_names names_hf_siglip = { .rules = siglip,
                                              .count = sizeof siglip / sizeof *siglip,
                                              .prefixes = prefixes,
                                              .ignored = siglip_ignored,
                                              .logit_scale = "logit_scale",
                                              .logit_bias = "logit_bias" };
