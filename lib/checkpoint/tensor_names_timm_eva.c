/* tensor_names_timm_eva.c - names in timm's Eva: DINOv3, EVA, EVA-02, PE and RoPE-ViT */
#include "checkpoint/families.h"

#define BLOCK "blocks.%u"
#define ATTN  BLOCK ".attn."
#define SCALE .needs = HAS_LAYER_SCALE
#define GATED .needs = HAS_GATED_MLP

/* Queries, keys and values are one layer or three, and so are the halves of a gated MLP. */
static const struct tensor_rule rules[] = {
    TIMM_TOKEN_RULES,
    RULE("rope.freqs", SLOT_FREQUENCIES, SHAPE(DIM_TWO, DIM_DEPTH, DIM_HEADS, DIM_PAIRS),
         .needs = HAS_FREQUENCIES),
    BLOCK_RULES(BLOCK, "mlp"),
    QKV_RULES(ATTN "q_proj", ATTN "k_proj", ATTN "v_proj"),
    QV_BIAS_RULES(ATTN "q_bias", ATTN "v_bias"),
    QV_BIAS_RULES(ATTN "q_proj.bias", ATTN "v_proj.bias"),
    NORM_RULES(ATTN "norm", SLOT_ATTENTION_NORM, DIM_INNER, .needs = HAS_ATTENTION_NORM),
    RULE(BLOCK ".mlp.fc1_g.weight", SLOT_FC1_WEIGHT, SHAPE(DIM_MLP, DIM_WIDTH), GATED),
    RULE(BLOCK ".mlp.fc1_x.weight", SLOT_FC1_WEIGHT, SHAPE(DIM_MLP, DIM_WIDTH), .part = 1, GATED),
    RULE(BLOCK ".mlp.fc1_g.bias", SLOT_FC1_BIAS, SHAPE(DIM_MLP), GATED),
    RULE(BLOCK ".mlp.fc1_x.bias", SLOT_FC1_BIAS, SHAPE(DIM_MLP), .part = 1, GATED),
    NORM_RULES(BLOCK ".mlp.norm", SLOT_MLP_NORM, DIM_MLP, .needs = HAS_MLP_NORM),
    RULE(BLOCK ".gamma_1", SLOT_GAMMA1, SHAPE(DIM_WIDTH), SCALE),
    RULE(BLOCK ".gamma_2", SLOT_GAMMA2, SHAPE(DIM_WIDTH), SCALE),
    TIMM_HEAD_RULES,
};

const struct tensor_names names_timm_eva = { .rules = rules,
                                             .count = sizeof rules / sizeof *rules };
