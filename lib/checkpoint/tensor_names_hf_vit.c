/* tensor_names_hf_vit.c - Hugging Face's ViT and DeiT; %u is the block */
#include "checkpoint/tensor_names.h"

/*
 * Each block in two spellings: encoder.layer.0.attention.attention.query, or, since transformers 5,
 * layers.0.attention.q_proj. DeiT's distillation token is one whether or not it has a head: without
 * one it is a token like others, a register.
 */
static const struct name_rule rules[] = {
    RULE("@embeddings.cls_token", SLOT_CLS_TOKEN, SHAPE(ONE, ONE, D)),
    RULE("@embeddings.distillation_token", SLOT_DIST_TOKEN, SHAPE(ONE, ONE, D),
         .needs = HAS_DISTILLATION),
    RULE("@embeddings.distillation_token", SLOT_REGISTERS, SHAPE(ONE, R, D),
         .needs = HAS_REGISTERS),
    RULE("@embeddings.position_embeddings", SLOT_POSITIONS, SHAPE(ONE, T, D)),
    RULE("@embeddings.patch_embeddings.projection.weight", SLOT_PATCH_WEIGHT, SHAPE(D, C, P, P)),
    RULE("@embeddings.patch_embeddings.projection.bias", SLOT_PATCH_BIAS, SHAPE(D)),

    RULE("@encoder.layer.%u.layernorm_before.weight", SLOT_NORM1_WEIGHT, SHAPE(D)),
    RULE("@encoder.layer.%u.layernorm_before.bias", SLOT_NORM1_BIAS, SHAPE(D)),
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
    RULE("@encoder.layer.%u.layernorm_after.weight", SLOT_NORM2_WEIGHT, SHAPE(D)),
    RULE("@encoder.layer.%u.layernorm_after.bias", SLOT_NORM2_BIAS, SHAPE(D)),
    RULE("@encoder.layer.%u.intermediate.dense.weight", SLOT_FC1_WEIGHT, SHAPE(M, D)),
    RULE("@encoder.layer.%u.intermediate.dense.bias", SLOT_FC1_BIAS, SHAPE(M)),
    RULE("@encoder.layer.%u.output.dense.weight", SLOT_FC2_WEIGHT, SHAPE(D, M)),
    RULE("@encoder.layer.%u.output.dense.bias", SLOT_FC2_BIAS, SHAPE(D)),

    RULE("@layers.%u.layernorm_before.weight", SLOT_NORM1_WEIGHT, SHAPE(D)),
    RULE("@layers.%u.layernorm_before.bias", SLOT_NORM1_BIAS, SHAPE(D)),
    RULE("@layers.%u.attention.q_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D)),
    RULE("@layers.%u.attention.k_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D), .part = 1),
    RULE("@layers.%u.attention.v_proj.weight", SLOT_QKV_WEIGHT, SHAPE(I, D), .part = 2),
    RULE("@layers.%u.attention.q_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .needs = HAS_QKV_BIAS),
    RULE("@layers.%u.attention.k_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 1,
         .needs = HAS_QKV_BIAS),
    RULE("@layers.%u.attention.v_proj.bias", SLOT_QKV_BIAS, SHAPE(I), .part = 2,
         .needs = HAS_QKV_BIAS),
    RULE("@layers.%u.attention.o_proj.weight", SLOT_PROJ_WEIGHT, SHAPE(D, I)),
    RULE("@layers.%u.attention.o_proj.bias", SLOT_PROJ_BIAS, SHAPE(D)),
    RULE("@layers.%u.layernorm_after.weight", SLOT_NORM2_WEIGHT, SHAPE(D)),
    RULE("@layers.%u.layernorm_after.bias", SLOT_NORM2_BIAS, SHAPE(D)),
    RULE("@layers.%u.mlp.fc1.weight", SLOT_FC1_WEIGHT, SHAPE(M, D)),
    RULE("@layers.%u.mlp.fc1.bias", SLOT_FC1_BIAS, SHAPE(M)),
    RULE("@layers.%u.mlp.fc2.weight", SLOT_FC2_WEIGHT, SHAPE(D, M)),
    RULE("@layers.%u.mlp.fc2.bias", SLOT_FC2_BIAS, SHAPE(D)),

    RULE("@layernorm.weight", SLOT_NORM_WEIGHT, SHAPE(D)),
    RULE("@layernorm.bias", SLOT_NORM_BIAS, SHAPE(D)),
    RULE("@pooler.dense.weight", SLOT_PRE_LOGITS_WEIGHT, SHAPE(L, W), .needs = HAS_PRE_LOGITS),
    RULE("@pooler.dense.bias", SLOT_PRE_LOGITS_BIAS, SHAPE(L), .needs = HAS_PRE_LOGITS),
    RULE("cls_classifier.weight", SLOT_HEAD_WEIGHT, SHAPE(K, E),
         .needs = HAS_HEAD | HAS_DISTILLATION),
    RULE("cls_classifier.bias", SLOT_HEAD_BIAS, SHAPE(K), .needs = HAS_HEAD | HAS_DISTILLATION),
    RULE("distillation_classifier.weight", SLOT_DIST_HEAD_WEIGHT, SHAPE(K, E),
         .needs = HAS_HEAD | HAS_DISTILLATION),
    RULE("distillation_classifier.bias", SLOT_DIST_HEAD_BIAS, SHAPE(K),
         .needs = HAS_HEAD | HAS_DISTILLATION),
    RULE("classifier.weight", SLOT_HEAD_WEIGHT, SHAPE(K, E), .needs = HAS_HEAD),
    RULE("classifier.bias", SLOT_HEAD_BIAS, SHAPE(K), .needs = HAS_HEAD),
};

static const char *const prefixes[] = { "vit.", "deit.", NULL };

/* Of training: what masked patches are replaced by, and what predicts them. A classifier has no use
 * for the pooler. */
static const char *const passed_over[] = { "@embeddings.mask_token", "decoder.*",
                                           "@pooler.dense.weight", "@pooler.dense.bias", NULL };

const struct name_family names_hf_vit = {
    .name = "Hugging Face ViT",
    .rules = rules,
    .count = sizeof rules / sizeof *rules,
    .prefixes = prefixes,
    .passed_over = passed_over,
    .resize = RESIZE_BICUBIC,
};
