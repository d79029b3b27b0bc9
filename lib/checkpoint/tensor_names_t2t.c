/* tensor_names_t2t.c - names in T2T-ViT's own code (yitu-opensource) */
#include "checkpoint/families.h"

#define STAGE       "@tokens_to_token.attention%1."
#define TRANSFORMER .needs = HAS_TOKEN_ATTENTION
#define PERFORMER   .needs = HAS_PERFORMER

static const struct tensor_rule rules[] = {
    NORM_RULES(STAGE "norm1", SLOT_TOKEN_NORM1, DIM_T2T_INPUT),
    RULE(STAGE "attn.qkv.weight", SLOT_TOKEN_QKV_WEIGHT, SHAPE(DIM_3_T2T_WIDTH, DIM_T2T_INPUT),
         TRANSFORMER),
    LINEAR_RULES(STAGE "attn.proj", SLOT_TOKEN_PROJ, DIM_T2T_WIDTH, DIM_T2T_WIDTH, TRANSFORMER),
    LINEAR_RULES(STAGE "mlp.fc1", SLOT_TOKEN_FC1, DIM_T2T_MLP, DIM_T2T_WIDTH, TRANSFORMER),
    LINEAR_RULES(STAGE "mlp.fc2", SLOT_TOKEN_FC2, DIM_T2T_WIDTH, DIM_T2T_MLP, TRANSFORMER),
    LINEAR_RULES(STAGE "kqv", SLOT_TOKEN_QKV, DIM_3_T2T_WIDTH, DIM_T2T_INPUT, PERFORMER),
    LINEAR_RULES(STAGE "proj", SLOT_TOKEN_PROJ, DIM_T2T_WIDTH, DIM_T2T_WIDTH, PERFORMER),
    LINEAR_RULES(STAGE "mlp.0", SLOT_TOKEN_FC1, DIM_T2T_MLP, DIM_T2T_WIDTH, PERFORMER),
    LINEAR_RULES(STAGE "mlp.2", SLOT_TOKEN_FC2, DIM_T2T_WIDTH, DIM_T2T_MLP, PERFORMER),
    RULE(STAGE "w", SLOT_TOKEN_FEATURES, SHAPE(DIM_T2T_FEATURES, DIM_T2T_WIDTH), PERFORMER),
    NORM_RULES(STAGE "norm2", SLOT_TOKEN_NORM2, DIM_T2T_WIDTH),
    LINEAR_RULES("@tokens_to_token.project", SLOT_PATCH, DIM_WIDTH, DIM_T2T_OUTPUT),
    RULE("@cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH)),
    RULE("@pos_embed", SLOT_POSITIONS, SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH),
         .optional_if_fixed = true),
    BLOCK_RULES("@blocks.%u", "mlp"),
    NORM_RULES("@norm", SLOT_NORM, DIM_WIDTH),
    LINEAR_RULES("@head", SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT, .needs = HAS_HEAD),
};

/* As torch.save wraps them. The averaged weights come first: they are the ones that the authors
 * evaluated. */
static const char *const prefixes[] = {
    "state_dict_ema.module.",
    "state_dict_ema.",
    "state_dict.module.",
    "state_dict.",
    "module.",
    "",
    NULL,
};

const struct tensor_names names_t2t = { .rules = rules,
                                        .count = sizeof rules / sizeof *rules,
                                        .prefixes = prefixes };
