/* tensor_names_timm_eva.c - names in timm's Eva: DINOv3, EVA, EVA-02, PE and RoPE-ViT */
#include "checkpoint/families.h"

#define BLOCK "blocks.%u"
#define ATTN  BLOCK ".attn."
#define SCALE .needs = HAS_LAYER_SCALE
#define GATED .needs = HAS_GATED_MLP

/* Queries, keys and values are one layer or three, and so are the halves of a gated MLP. */
static const struct tensor_rule rules[] = {
    RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH), .needs = HAS_CLASS_TOKEN),
    RULE("reg_token", SLOT_REGISTERS, SHAPE(DIM_ONE, DIM_REGISTERS, DIM_WIDTH),
         .needs = HAS_REGISTERS),
    RULE("pos_embed", SLOT_POSITIONS, SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH),
         .needs = HAS_POSITIONS),
    RULE("patch_embed.proj.weight", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),
    RULE("patch_embed.proj.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH), .needs = HAS_PATCH_BIAS),
    NORM_RULES("norm_pre", SLOT_PRE_NORM, DIM_WIDTH, .needs = HAS_PRE_NORM),
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
    NORM_RULES("norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_TOKEN_NORM),
    TIMM_POOL_RULES,
    NORM_RULES("fc_norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_POOLED_NORM),
    LINEAR_RULES("head", SLOT_HEAD, DIM_CLASSES, DIM_WIDTH, .needs = HAS_HEAD),
};

const struct tensor_names names_timm_eva = { .rules = rules,
                                             .count = sizeof rules / sizeof *rules };
