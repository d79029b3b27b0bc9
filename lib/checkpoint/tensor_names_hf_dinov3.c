/* tensor_names_hf_dinov3.c - names in Hugging Face's DINOv3 */
#include "checkpoint/families.h"

#define LAYER     "@layer.%u."
#define ATTENTION LAYER "attention."
#define GATED     .needs = HAS_GATED_MLP
#define PLAIN     .needs = HAS_PLAIN_MLP

static const struct tensor_rule rules[] = {
    RULE("@embeddings.cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH)),
    RULE("@embeddings.register_tokens", SLOT_REGISTERS, SHAPE(DIM_ONE, DIM_REGISTERS, DIM_WIDTH),
         .needs = HAS_REGISTERS),
    RULE("@embeddings.patch_embeddings.weight", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),
    RULE("@embeddings.patch_embeddings.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),

    NORM_RULES(LAYER "norm1", SLOT_NORM1, DIM_WIDTH),
    QKV_RULES(ATTENTION "q_proj", ATTENTION "k_proj", ATTENTION "v_proj"),
    QV_BIAS_RULES(ATTENTION "q_proj.bias", ATTENTION "v_proj.bias"),
    LINEAR_RULES_BIAS(ATTENTION "o_proj", SLOT_PROJ, DIM_WIDTH, DIM_INNER, HAS_PROJ_BIAS),
    RULE(LAYER "layer_scale1.lambda1", SLOT_GAMMA1, SHAPE(DIM_WIDTH)),

    NORM_RULES(LAYER "norm2", SLOT_NORM2, DIM_WIDTH),
    RULE(LAYER "mlp.gate_proj.weight", SLOT_FC1_WEIGHT, SHAPE(DIM_MLP, DIM_WIDTH), GATED),
    RULE(LAYER "mlp.up_proj.weight", SLOT_FC1_WEIGHT, SHAPE(DIM_MLP, DIM_WIDTH), .part = 1, GATED),
    RULE(LAYER "mlp.gate_proj.bias", SLOT_FC1_BIAS, SHAPE(DIM_MLP), GATED | HAS_MLP_BIAS),
    RULE(LAYER "mlp.up_proj.bias", SLOT_FC1_BIAS, SHAPE(DIM_MLP), .part = 1, GATED | HAS_MLP_BIAS),
    RULE(LAYER "mlp.up_proj.weight", SLOT_FC1_WEIGHT, SHAPE(DIM_MLP, DIM_WIDTH), PLAIN),
    RULE(LAYER "mlp.up_proj.bias", SLOT_FC1_BIAS, SHAPE(DIM_MLP), PLAIN | HAS_MLP_BIAS),
    LINEAR_RULES_BIAS(LAYER "mlp.down_proj", SLOT_FC2, DIM_WIDTH, DIM_MLP, HAS_MLP_BIAS),
    RULE(LAYER "layer_scale2.lambda1", SLOT_GAMMA2, SHAPE(DIM_WIDTH)),

    NORM_RULES("@norm", SLOT_NORM, DIM_WIDTH),
};

static const char *const ignored[] = { "@embeddings.mask_token", NULL };

const struct tensor_names names_hf_dinov3 = { .rules = rules,
                                              .count = sizeof rules / sizeof *rules,
                                              .ignored = ignored };
