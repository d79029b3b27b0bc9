/* tensor_names_t2t.c - T2T-ViT's own code, yitu-opensource; %u is the block, %1 the stage */
#include "checkpoint/tensor_names.h"

#define ATTENTION .needs = HAS_TOKEN_ATTENTION
#define PERFORMER .needs = HAS_PERFORMER

static const struct name_rule rules[] = {
    RULE("@tokens_to_token.attention%1.norm1.weight", SLOT_TOKEN_NORM1_WEIGHT, SHAPE(S)),
    RULE("@tokens_to_token.attention%1.norm1.bias", SLOT_TOKEN_NORM1_BIAS, SHAPE(S)),
    RULE("@tokens_to_token.attention%1.attn.qkv.weight", SLOT_TOKEN_QKV_WEIGHT, SHAPE(Z3, S),
         ATTENTION),
    RULE("@tokens_to_token.attention%1.attn.proj.weight", SLOT_TOKEN_PROJ_WEIGHT, SHAPE(Z, Z),
         ATTENTION),
    RULE("@tokens_to_token.attention%1.attn.proj.bias", SLOT_TOKEN_PROJ_BIAS, SHAPE(Z), ATTENTION),
    RULE("@tokens_to_token.attention%1.mlp.fc1.weight", SLOT_TOKEN_FC1_WEIGHT, SHAPE(Z_M, Z),
         ATTENTION),
    RULE("@tokens_to_token.attention%1.mlp.fc1.bias", SLOT_TOKEN_FC1_BIAS, SHAPE(Z_M), ATTENTION),
    RULE("@tokens_to_token.attention%1.mlp.fc2.weight", SLOT_TOKEN_FC2_WEIGHT, SHAPE(Z, Z_M),
         ATTENTION),
    RULE("@tokens_to_token.attention%1.mlp.fc2.bias", SLOT_TOKEN_FC2_BIAS, SHAPE(Z), ATTENTION),
    RULE("@tokens_to_token.attention%1.kqv.weight", SLOT_TOKEN_QKV_WEIGHT, SHAPE(Z3, S), PERFORMER),
    RULE("@tokens_to_token.attention%1.kqv.bias", SLOT_TOKEN_QKV_BIAS, SHAPE(Z3), PERFORMER),
    RULE("@tokens_to_token.attention%1.proj.weight", SLOT_TOKEN_PROJ_WEIGHT, SHAPE(Z, Z),
         PERFORMER),
    RULE("@tokens_to_token.attention%1.proj.bias", SLOT_TOKEN_PROJ_BIAS, SHAPE(Z), PERFORMER),
    RULE("@tokens_to_token.attention%1.mlp.0.weight", SLOT_TOKEN_FC1_WEIGHT, SHAPE(Z_M, Z),
         PERFORMER),
    RULE("@tokens_to_token.attention%1.mlp.0.bias", SLOT_TOKEN_FC1_BIAS, SHAPE(Z_M), PERFORMER),
    RULE("@tokens_to_token.attention%1.mlp.2.weight", SLOT_TOKEN_FC2_WEIGHT, SHAPE(Z, Z_M),
         PERFORMER),
    RULE("@tokens_to_token.attention%1.mlp.2.bias", SLOT_TOKEN_FC2_BIAS, SHAPE(Z), PERFORMER),
    RULE("@tokens_to_token.attention%1.w", SLOT_TOKEN_FEATURES, SHAPE(Z_F, Z), PERFORMER),
    RULE("@tokens_to_token.attention%1.norm2.weight", SLOT_TOKEN_NORM2_WEIGHT, SHAPE(Z)),
    RULE("@tokens_to_token.attention%1.norm2.bias", SLOT_TOKEN_NORM2_BIAS, SHAPE(Z)),
    RULE("@tokens_to_token.project.weight", SLOT_PATCH_WEIGHT, SHAPE(D, S3)),
    RULE("@tokens_to_token.project.bias", SLOT_PATCH_BIAS, SHAPE(D)),
    RULE("@cls_token", SLOT_CLS_TOKEN, SHAPE(ONE, ONE, D)),
    RULE("@pos_embed", SLOT_POSITIONS, SHAPE(ONE, T, D), .unless_fixed = true),
    RULE("@blocks.%u.norm1.weight", SLOT_NORM1_WEIGHT, SHAPE(D)),
    RULE("@blocks.%u.norm1.bias", SLOT_NORM1_BIAS, SHAPE(D)),
    RULE("@blocks.%u.attn.qkv.weight", SLOT_QKV_WEIGHT, SHAPE(I3, D)),
    RULE("@blocks.%u.attn.qkv.bias", SLOT_QKV_BIAS, SHAPE(I3), .needs = HAS_QKV_BIAS),
    RULE("@blocks.%u.attn.proj.weight", SLOT_PROJ_WEIGHT, SHAPE(D, I)),
    RULE("@blocks.%u.attn.proj.bias", SLOT_PROJ_BIAS, SHAPE(D)),
    RULE("@blocks.%u.norm2.weight", SLOT_NORM2_WEIGHT, SHAPE(D)),
    RULE("@blocks.%u.norm2.bias", SLOT_NORM2_BIAS, SHAPE(D)),
    RULE("@blocks.%u.mlp.fc1.weight", SLOT_FC1_WEIGHT, SHAPE(M, D)),
    RULE("@blocks.%u.mlp.fc1.bias", SLOT_FC1_BIAS, SHAPE(M)),
    RULE("@blocks.%u.mlp.fc2.weight", SLOT_FC2_WEIGHT, SHAPE(D, M)),
    RULE("@blocks.%u.mlp.fc2.bias", SLOT_FC2_BIAS, SHAPE(D)),
    RULE("@norm.weight", SLOT_NORM_WEIGHT, SHAPE(D)),
    RULE("@norm.bias", SLOT_NORM_BIAS, SHAPE(D)),
    RULE("@head.weight", SLOT_HEAD_WEIGHT, SHAPE(K, E), .needs = HAS_HEAD),
    RULE("@head.bias", SLOT_HEAD_BIAS, SHAPE(K), .needs = HAS_HEAD),
};

/* As torch.save wraps them: the averaged weights are those that were evaluated. */
static const char *const prefixes[] = {
    "state_dict_ema.module.",
    "state_dict_ema.",
    "state_dict.module.",
    "state_dict.",
    "module.",
    "",
    NULL,
};

const struct name_family names_t2t = {
    .name = "t2t",
    .rules = rules,
    .count = sizeof rules / sizeof *rules,
    .prefixes = prefixes,
    .resize = RESIZE_BILINEAR,
};
