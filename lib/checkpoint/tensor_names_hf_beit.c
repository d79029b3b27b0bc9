/* tensor_names_hf_beit.c - names in Hugging Face's BEiT */
#include "checkpoint/families.h"

#define LAYER     "@encoder.layer.%u."
#define ATTENTION LAYER "attention.attention."
#define TABLE     "relative_position_bias.relative_position_bias_table"

/* The norm is the pooler's if it follows the mean of the patches. */
static const struct tensor_rule rules[] = {
    RULE("@embeddings.cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH)),
    RULE("@embeddings.patch_embeddings.projection.weight", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),
    RULE("@embeddings.patch_embeddings.projection.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),
    RULE("@encoder." TABLE, SLOT_SHARED_RELATIVE_BIAS, SHAPE(DIM_RELATIVE, DIM_HEADS),
         .needs = HAS_SHARED_RELATIVE_BIAS),

    NORM_RULES(LAYER "layernorm_before", SLOT_NORM1, DIM_WIDTH),
    QKV_RULES(ATTENTION "query", ATTENTION "key", ATTENTION "value"),
    QV_BIAS_RULES(ATTENTION "query.bias", ATTENTION "value.bias"),
    RULE(ATTENTION TABLE, SLOT_RELATIVE_BIAS, SHAPE(DIM_RELATIVE, DIM_HEADS),
         .needs = HAS_RELATIVE_BIAS),
    LINEAR_RULES(LAYER "attention.output.dense", SLOT_PROJ, DIM_WIDTH, DIM_INNER),
    RULE(LAYER "lambda_1", SLOT_GAMMA1, SHAPE(DIM_WIDTH), .needs = HAS_LAYER_SCALE),

    NORM_RULES(LAYER "layernorm_after", SLOT_NORM2, DIM_WIDTH),
    LINEAR_RULES(LAYER "intermediate.dense", SLOT_FC1, DIM_MLP, DIM_WIDTH),
    LINEAR_RULES(LAYER "output.dense", SLOT_FC2, DIM_WIDTH, DIM_MLP),
    RULE(LAYER "lambda_2", SLOT_GAMMA2, SHAPE(DIM_WIDTH), .needs = HAS_LAYER_SCALE),

    NORM_RULES("@layernorm", SLOT_NORM, DIM_WIDTH, .needs = HAS_TOKEN_NORM),
    NORM_RULES("@pooler.layernorm", SLOT_NORM, DIM_WIDTH, .needs = HAS_POOLED_NORM),
    LINEAR_RULES("classifier", SLOT_HEAD, DIM_CLASSES, DIM_WIDTH, .needs = HAS_HEAD),
};

static const char *const prefixes[] = { "beit.", NULL };
static const char *const ignored[] = {
    "@embeddings.mask_token",
    /* older releases saved the indices */
    "@encoder.relative_position_bias.relative_position_index",
    ATTENTION "relative_position_bias.relative_position_index",
    NULL,
};

const struct tensor_names names_hf_beit = {
    .rules = rules, .count = sizeof rules / sizeof *rules, .prefixes = prefixes, .ignored = ignored
};
