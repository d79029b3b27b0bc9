/* tensor_names_timm.c - names in timm's VisionTransformer, with or without distillation */
#include "checkpoint/families.h"

#define BLOCK "blocks.%u"
#define SCALE .needs = HAS_LAYER_SCALE

static const struct tensor_rule rules[] = {
    RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH), .needs = HAS_CLASS_TOKEN),
    RULE("dist_token", SLOT_DIST_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH),
         .needs = HAS_DISTILLATION),
    RULE("reg_token", SLOT_REGISTERS, SHAPE(DIM_ONE, DIM_REGISTERS, DIM_WIDTH),
         .needs = HAS_REGISTERS),
    RULE("pos_embed", SLOT_POSITIONS, SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH),
         .needs = HAS_POSITIONS),
    RULE("patch_embed.proj.weight", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),
    RULE("patch_embed.proj.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH), .needs = HAS_PATCH_BIAS),
    NORM_RULES("norm_pre", SLOT_PRE_NORM, DIM_WIDTH, .needs = HAS_PRE_NORM),
    BLOCK_RULES(BLOCK, "mlp"),
    NORM_RULES(BLOCK ".attn.q_norm", SLOT_Q_NORM, DIM_HEAD_WIDTH, .needs = HAS_QK_NORM),
    NORM_RULES(BLOCK ".attn.k_norm", SLOT_K_NORM, DIM_HEAD_WIDTH, .needs = HAS_QK_NORM),
    RULE(BLOCK ".ls1.gamma", SLOT_GAMMA1, SHAPE(DIM_WIDTH), SCALE),
    RULE(BLOCK ".gamma_1", SLOT_GAMMA1, SHAPE(DIM_WIDTH), SCALE), /* DeiT III's own name */
    RULE(BLOCK ".ls2.gamma", SLOT_GAMMA2, SHAPE(DIM_WIDTH), SCALE),
    RULE(BLOCK ".gamma_2", SLOT_GAMMA2, SHAPE(DIM_WIDTH), SCALE),
    NORM_RULES("norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_TOKEN_NORM),
    TIMM_POOL_RULES,
    NORM_RULES("fc_norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_POOLED_NORM),
    LINEAR_RULES("head", SLOT_HEAD, DIM_CLASSES, DIM_WIDTH, .needs = HAS_HEAD),
    LINEAR_RULES("head_dist", SLOT_DIST_HEAD, DIM_CLASSES, DIM_WIDTH,
                 .needs = HAS_DISTILLATION | HAS_HEAD),
};

const struct tensor_names names_timm = { .rules = rules, .count = sizeof rules / sizeof *rules };
