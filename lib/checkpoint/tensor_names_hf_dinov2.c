/* tensor_names_hf_dinov2.c - Hugging Face's DINOv2, with registers and without; %u is the block */
#include "checkpoint/tensor_names.h"

/* A gated MLP's two halves are one tensor, or since transformers 5.17 two; so are the projections
 * of attention spelt in two ways. */
static const struct name_rule rules[] = {
    RULE("@embeddings.cls_token", SLOT_CLS_TOKEN, SHAPE(ONE, ONE, D)),
    RULE("@embeddings.register_tokens", SLOT_REGISTERS, SHAPE(ONE, R, D), .needs = HAS_REGISTERS),
    RULE("@embeddings.position_embeddings", SLOT_POSITIONS, SHAPE(ONE, T, D)),
    RULE("@embeddings.patch_embeddings.projection.weight", SLOT_PATCH_WEIGHT, SHAPE(D, C, P, P)),
    RULE("@embeddings.patch_embeddings.projection.bias", SLOT_PATCH_BIAS, SHAPE(D)),

    RULE("@encoder.layer.%u.norm1.weight", SLOT_NORM1_WEIGHT, SHAPE(D)),
    RULE("@encoder.layer.%u.norm1.bias", SLOT_NORM1_BIAS, SHAPE(D)),
    RULE("@encoder.layer.%u.attention.attention.query.weight", SLOT_QKV_WEIGHT, SHAPE(I, D)),
    RULE("@encoder.layer.%u.attention.attention.key.weight", SLOT_QKV_WEIGHT, SHAPE(I, D),
         .part = 1),
    RULE("@encoder.layer.%u.attention.attention.value.weight", SLOT_QKV_WEIGHT, SHAPE(I, D),
         .part = 2),
    RULE("@encoder.layer.%u.attention.attention.query.bias", SLOT_QKV_BIAS, SHAPE(I),
         .needs = HAS_QKV_BIAS),
    RULE("@encoder.layer.%u.attention.attention.key.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 1,
         .needs = HAS_QKV_BIAS),
    RULE("@encoder.layer.%u.attention.attention.value.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 2,
         .needs = HAS_QKV_BIAS),
    RULE("@encoder.layer.%u.attention.output.dense.weight", SLOT_PROJ_WEIGHT, SHAPE(D, I)),
    RULE("@encoder.layer.%u.attention.output.dense.bias", SLOT_PROJ_BIAS, SHAPE(D)),
    RULE("@encoder.layer.%u.attention.q_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D)),
    RULE("@encoder.layer.%u.attention.k_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D), .part = 1),
    RULE("@encoder.layer.%u.attention.v_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D), .part = 2),
    RULE("@encoder.layer.%u.attention.q_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .needs = HAS_QKV_BIAS),
    RULE("@encoder.layer.%u.attention.k_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 1,
         .needs = HAS_QKV_BIAS),
    RULE("@encoder.layer.%u.attention.v_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 2,
         .needs = HAS_QKV_BIAS),
    RULE("@encoder.layer.%u.attention.o_proj.weight", SLOT_PROJ_WEIGHT, SHAPE(D, I)),
    RULE("@encoder.layer.%u.attention.o_proj.bias", SLOT_PROJ_BIAS, SHAPE(D)),
    RULE("@encoder.layer.%u.layer_scale1.lambda1", SLOT_GAMMA1, SHAPE(D)),

    RULE("@encoder.layer.%u.norm2.weight", SLOT_NORM2_WEIGHT, SHAPE(D)),
    RULE("@encoder.layer.%u.norm2.bias", SLOT_NORM2_BIAS, SHAPE(D)),
    RULE("@encoder.layer.%u.mlp.fc1.weight", SLOT_FC1_WEIGHT, SHAPE(M, D), .needs = HAS_PLAIN_MLP),
    RULE("@encoder.layer.%u.mlp.fc1.bias", SLOT_FC1_BIAS, SHAPE(M), .needs = HAS_PLAIN_MLP),
    RULE("@encoder.layer.%u.mlp.fc2.weight", SLOT_FC2_WEIGHT, SHAPE(D, M), .needs = HAS_PLAIN_MLP),
    RULE("@encoder.layer.%u.mlp.fc2.bias", SLOT_FC2_BIAS, SHAPE(D), .needs = HAS_PLAIN_MLP),
    RULE("@encoder.layer.%u.mlp.weights_in.weight", SLOT_FC1_WEIGHT, SHAPE(M1, D),
         .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.weights_in.bias", SLOT_FC1_BIAS, SHAPE(M1), .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.weights_out.weight", SLOT_FC2_WEIGHT, SHAPE(D, M),
         .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.weights_out.bias", SLOT_FC2_BIAS, SHAPE(D), .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.gate_proj.weight", SLOT_FC1_WEIGHT, SHAPE(M, D),
         .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.up_proj.weight", SLOT_FC1_WEIGHT, SHAPE(M, D), .part = 1,
         .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.gate_proj.bias", SLOT_FC1_BIAS, SHAPE(M), .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.up_proj.bias", SLOT_FC1_BIAS, SHAPE(M), .part = 1,
         .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.down_proj.weight", SLOT_FC2_WEIGHT, SHAPE(D, M),
         .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.mlp.down_proj.bias", SLOT_FC2_BIAS, SHAPE(D), .needs = HAS_GATED_MLP),
    RULE("@encoder.layer.%u.layer_scale2.lambda1", SLOT_GAMMA2, SHAPE(D)),

    RULE("@layernorm.weight", SLOT_NORM_WEIGHT, SHAPE(D)),
    RULE("@layernorm.bias", SLOT_NORM_BIAS, SHAPE(D)),
    RULE("classifier.weight", SLOT_HEAD_WEIGHT, SHAPE(K, W), .needs = HAS_HEAD),
    RULE("classifier.bias", SLOT_HEAD_BIAS, SHAPE(K), .needs = HAS_HEAD),
};

static const char *const prefixes[] = { "dinov2.", "dinov2_with_registers.", NULL };
static const char *const passed_over[] = { "@embeddings.mask_token", NULL };

const struct name_family names_hf_dinov2 = {
    .name = "Hugging Face DINOv2",
    .rules = rules,
    .count = sizeof rules / sizeof *rules,
    .prefixes = prefixes,
    .passed_over = passed_over,
    .resize = RESIZE_BICUBIC,
};

/* The same, but for how positions are resized. */
const struct name_family names_hf_dinov2_registers = {
    .name = "Hugging Face DINOv2 with registers",
    .rules = rules,
    .count = sizeof rules / sizeof *rules,
    .prefixes = prefixes,
    .passed_over = passed_over,
    .resize = RESIZE_BICUBIC_ANTIALIAS,
};
