/* tensor_names_hf_dinov2.c - names in Hugging Face's DINOv2, with and without registers */
#include "checkpoint/families.h"

#define LAYER     "@encoder.layer.%u."
#define ATTENTION LAYER "attention."
#define GATED     .needs = HAS_GATED_MLP

/* The attention has two spellings. The two halves of a gated MLP are one tensor, or, since
 * transformers 5.17, two. */
static const struct tensor_rule rules[] = {
    RULE("@embeddings.cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH)),
    RULE("@embeddings.register_tokens", SLOT_REGISTERS, SHAPE(DIM_ONE, DIM_REGISTERS, DIM_WIDTH),
         .needs = HAS_REGISTERS),
    RULE("@embeddings.position_embeddings", SLOT_POSITIONS,
         SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH)),
    RULE("@embeddings.patch_embeddings.projection.weight", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),
    RULE("@embeddings.patch_embeddings.projection.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),

    NORM_RULES(LAYER "norm1", SLOT_NORM1, DIM_WIDTH),
    ATTENTION_RULES(ATTENTION "attention.query", ATTENTION "attention.key",
                    ATTENTION "attention.value", ATTENTION "output.dense"),
    ATTENTION_RULES(ATTENTION "q_proj", ATTENTION "k_proj", ATTENTION "v_proj", ATTENTION "o_proj"),
    RULE(LAYER "layer_scale1.lambda1", SLOT_GAMMA1, SHAPE(DIM_WIDTH)),

    NORM_RULES(LAYER "norm2", SLOT_NORM2, DIM_WIDTH),
    LINEAR_RULES(LAYER "mlp.fc1", SLOT_FC1, DIM_MLP, DIM_WIDTH, .needs = HAS_PLAIN_MLP),
    LINEAR_RULES(LAYER "mlp.fc2", SLOT_FC2, DIM_WIDTH, DIM_MLP, .needs = HAS_PLAIN_MLP),
    LINEAR_RULES(LAYER "mlp.weights_in", SLOT_FC1, DIM_FC1, DIM_WIDTH, GATED),
    LINEAR_RULES(LAYER "mlp.weights_out", SLOT_FC2, DIM_WIDTH, DIM_MLP, GATED),
    RULE(LAYER "mlp.gate_proj.weight", SLOT_FC1_WEIGHT, SHAPE(DIM_MLP, DIM_WIDTH), GATED),
    RULE(LAYER "mlp.up_proj.weight", SLOT_FC1_WEIGHT, SHAPE(DIM_MLP, DIM_WIDTH), .part = 1, GATED),
    RULE(LAYER "mlp.gate_proj.bias", SLOT_FC1_BIAS, SHAPE(DIM_MLP), GATED),
    RULE(LAYER "mlp.up_proj.bias", SLOT_FC1_BIAS, SHAPE(DIM_MLP), .part = 1, GATED),
    LINEAR_RULES(LAYER "mlp.down_proj", SLOT_FC2, DIM_WIDTH, DIM_MLP, GATED),
    RULE(LAYER "layer_scale2.lambda1", SLOT_GAMMA2, SHAPE(DIM_WIDTH)),

    NORM_RULES("@layernorm", SLOT_NORM, DIM_WIDTH),
    LINEAR_RULES("classifier", SLOT_HEAD, DIM_CLASSES, DIM_POOLED, .needs = HAS_HEAD),
};

static const char *const prefixes[] = { "dinov2.", "dinov2_with_registers.", NULL };
static const char *const ignored[] = { "@embeddings.mask_token", NULL };

const struct tensor_names names_hf_dinov2 = {
    .rules = rules, .count = sizeof rules / sizeof *rules, .prefixes = prefixes, .ignored = ignored
};
