/* tensor_names_timm_beit.c - names in timm's Beit */
#include "checkpoint/families.h"

#define BLOCK "blocks.%u"
#define ATTN  BLOCK ".attn."
#define SCALE .needs = HAS_LAYER_SCALE

static const struct tensor_rule rules[] = {
    RULE("cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH)),
    RULE("patch_embed.proj.weight", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),
    RULE("patch_embed.proj.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),
    BLOCK_RULES(BLOCK, "mlp"),
    QV_BIAS_RULES(ATTN "q_bias", ATTN "v_bias"),
    RULE(ATTN "relative_position_bias_table", SLOT_RELATIVE_BIAS, SHAPE(DIM_RELATIVE, DIM_HEADS)),
    RULE(BLOCK ".gamma_1", SLOT_GAMMA1, SHAPE(DIM_WIDTH), SCALE),
    RULE(BLOCK ".gamma_2", SLOT_GAMMA2, SHAPE(DIM_WIDTH), SCALE),
    NORM_RULES("norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_TOKEN_NORM),
    NORM_RULES("fc_norm", SLOT_NORM, DIM_WIDTH, .needs = HAS_POOLED_NORM),
    LINEAR_RULES("head", SLOT_HEAD, DIM_CLASSES, DIM_WIDTH, .needs = HAS_HEAD),
};

/* older releases saved the indices */
static const char *const ignored[] = { ATTN "relative_position_index", NULL };

const struct tensor_names names_timm_beit = { .rules = rules,
                                              .count = sizeof rules / sizeof *rules,
                                              .ignored = ignored };
