/* tensor_names_timm.c - names in timm's VisionTransformer, with or without distillation */
#include "checkpoint/families.h"

#define BLOCK "blocks.%u"
#define SCALE .needs = HAS_LAYER_SCALE

static const struct tensor_rule rules[] = {
    TIMM_TOKEN_RULES,
    RULE("dist_token", SLOT_DIST_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH),
         .needs = HAS_DISTILLATION),
    BLOCK_RULES(BLOCK, "mlp"),
    NORM_RULES(BLOCK ".attn.q_norm", SLOT_Q_NORM, DIM_HEAD_WIDTH, .needs = HAS_QK_NORM),
    NORM_RULES(BLOCK ".attn.k_norm", SLOT_K_NORM, DIM_HEAD_WIDTH, .needs = HAS_QK_NORM),
    RULE(BLOCK ".ls1.gamma", SLOT_GAMMA1, SHAPE(DIM_WIDTH), SCALE),
    RULE(BLOCK ".gamma_1", SLOT_GAMMA1, SHAPE(DIM_WIDTH), SCALE), /* DeiT III's own name */
    RULE(BLOCK ".ls2.gamma", SLOT_GAMMA2, SHAPE(DIM_WIDTH), SCALE),
    RULE(BLOCK ".gamma_2", SLOT_GAMMA2, SHAPE(DIM_WIDTH), SCALE),
    TIMM_HEAD_RULES,
    LINEAR_RULES("head_dist", SLOT_DIST_HEAD, DIM_CLASSES, DIM_WIDTH,
                 .needs = HAS_DISTILLATION | HAS_HEAD),
};

const struct tensor_names names_timm = { .rules = rules, .count = sizeof rules / sizeof *rules };
