/* tensor_names_series.c - names in the article series' Vision Transformer and T2T-ViT */
#include "checkpoint/families.h"

#define STAGE "tokens_to_token.transformer%1."
#define T2T   .needs = HAS_T2T

static const struct tensor_rule rules[] = {
    LINEAR_RULES("patch_tokens.project", SLOT_PATCH, DIM_WIDTH, DIM_PATCH_VALUES,
                 .needs = HAS_PATCHES),
    NORM_RULES(STAGE "norm1", SLOT_TOKEN_NORM1, DIM_T2T_INPUT, T2T),
    RULE(STAGE "attn.qkv.weight", SLOT_TOKEN_QKV_WEIGHT, SHAPE(DIM_3_T2T_WIDTH, DIM_T2T_INPUT),
         T2T),
    RULE(STAGE "attn.qkv.bias", SLOT_TOKEN_QKV_BIAS, SHAPE(DIM_3_T2T_WIDTH),
         .needs = HAS_T2T | HAS_QKV_BIAS),
    LINEAR_RULES(STAGE "attn.proj", SLOT_TOKEN_PROJ, DIM_T2T_WIDTH, DIM_T2T_WIDTH, T2T),
    NORM_RULES(STAGE "norm2", SLOT_TOKEN_NORM2, DIM_T2T_WIDTH, T2T),
    LINEAR_RULES(STAGE "neuralnet.fc1", SLOT_TOKEN_FC1, DIM_T2T_MLP, DIM_T2T_WIDTH, T2T),
    LINEAR_RULES(STAGE "neuralnet.fc2", SLOT_TOKEN_FC2, DIM_T2T_WIDTH, DIM_T2T_MLP, T2T),
    LINEAR_RULES("tokens_to_token.project", SLOT_PATCH, DIM_WIDTH, DIM_T2T_OUTPUT, T2T),
    RULE("@cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH)),
    RULE("@pos_embed", SLOT_POSITIONS, SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH),
         .optional_if_fixed = true),
    BLOCK_RULES("@blocks.%u", "neuralnet"),
    NORM_RULES("@norm", SLOT_NORM, DIM_WIDTH),
    LINEAR_RULES("@head", SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT),
};

static const char *const prefixes[] = { "backbone.", "vit_backbone.", NULL };

const struct tensor_names names_series = { .rules = rules,
                                           .count = sizeof rules / sizeof *rules,
                                           .prefixes = prefixes };
