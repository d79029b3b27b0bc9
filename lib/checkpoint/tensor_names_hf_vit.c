/* tensor_names_hf_vit.c - names in Hugging Face's ViT and DeiT */
#include "checkpoint/families.h"

#define LAYER_4 "@encoder.layer.%u."
#define LAYER_5 "@layers.%u."

/*
 * The blocks have two spellings: encoder.layer.0.attention.attention.query up to transformers 4,
 * layers.0.attention.q_proj since transformers 5. DeiT always has a distillation token. Without the
 * distillation head that token is a register.
 */
static const struct tensor_rule rules[] = {
    RULE("@embeddings.cls_token", SLOT_CLS_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH)),
    RULE("@embeddings.distillation_token", SLOT_DIST_TOKEN, SHAPE(DIM_ONE, DIM_ONE, DIM_WIDTH),
         .needs = HAS_DISTILLATION),
    RULE("@embeddings.distillation_token", SLOT_REGISTERS, SHAPE(DIM_ONE, DIM_REGISTERS, DIM_WIDTH),
         .needs = HAS_REGISTERS),
    RULE("@embeddings.position_embeddings", SLOT_POSITIONS,
         SHAPE(DIM_ONE, DIM_POSITIONS, DIM_WIDTH)),
    RULE("@embeddings.patch_embeddings.projection.weight", SLOT_PATCH_WEIGHT,
         SHAPE(DIM_WIDTH, DIM_CHANNELS, DIM_PATCH, DIM_PATCH)),
    RULE("@embeddings.patch_embeddings.projection.bias", SLOT_PATCH_BIAS, SHAPE(DIM_WIDTH)),

    NORM_RULES(LAYER_4 "layernorm_before", SLOT_NORM1, DIM_WIDTH),
    ATTENTION_RULES(LAYER_4 "attention.attention.query", LAYER_4 "attention.attention.key",
                    LAYER_4 "attention.attention.value", LAYER_4 "attention.output.dense"),
    NORM_RULES(LAYER_4 "layernorm_after", SLOT_NORM2, DIM_WIDTH),
    LINEAR_RULES(LAYER_4 "intermediate.dense", SLOT_FC1, DIM_MLP, DIM_WIDTH),
    LINEAR_RULES(LAYER_4 "output.dense", SLOT_FC2, DIM_WIDTH, DIM_MLP),

    NORM_RULES(LAYER_5 "layernorm_before", SLOT_NORM1, DIM_WIDTH),
    ATTENTION_RULES(LAYER_5 "attention.q_proj", LAYER_5 "attention.k_proj",
                    LAYER_5 "attention.v_proj", LAYER_5 "attention.o_proj"),
    NORM_RULES(LAYER_5 "layernorm_after", SLOT_NORM2, DIM_WIDTH),
    LINEAR_RULES(LAYER_5 "mlp.fc1", SLOT_FC1, DIM_MLP, DIM_WIDTH),
    LINEAR_RULES(LAYER_5 "mlp.fc2", SLOT_FC2, DIM_WIDTH, DIM_MLP),

    NORM_RULES("@layernorm", SLOT_NORM, DIM_WIDTH),
    LINEAR_RULES("@pooler.dense", SLOT_PRE_LOGITS, DIM_PRE_LOGITS, DIM_POOLED,
                 .needs = HAS_PRE_LOGITS),
    LINEAR_RULES("cls_classifier", SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT,
                 .needs = HAS_HEAD | HAS_DISTILLATION),
    LINEAR_RULES("distillation_classifier", SLOT_DIST_HEAD, DIM_CLASSES, DIM_HEAD_INPUT,
                 .needs = HAS_HEAD | HAS_DISTILLATION),
    LINEAR_RULES("classifier", SLOT_HEAD, DIM_CLASSES, DIM_HEAD_INPUT, .needs = HAS_HEAD),
};

static const char *const prefixes[] = { "vit.", "deit.", NULL };

/* Tensors for training: the token that replaces masked patches, and the decoder that predicts them.
 * A classifier does not read the pooler. */
static const char *const ignored[] = { "@embeddings.mask_token", "decoder.*",
                                       "@pooler.dense.weight", "@pooler.dense.bias", NULL };

const struct tensor_names names_hf_vit = {
    .rules = rules, .count = sizeof rules / sizeof *rules, .prefixes = prefixes, .ignored = ignored
};
