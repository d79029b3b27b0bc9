/* architecture.c - one of timm's architectures: its name, and its configuration */
#include "config/architecture.h"

/* One to five digits without a leading zero; moves *s past them. */
static bool parse_number(const char **s, size_t *out)
{
    size_t value = 0, digits = 0;

    while (**s >= '0' && **s <= '9' && digits < 5) {
        value = 10 * value + (size_t)(*(*s)++ - '0');
        digits++;
        if (value == 0)
            return false;
    }
    *out = value;
    return digits > 0;
}

bool architecture_matches(const struct architecture *a, const char *name, size_t *patch,
                          size_t *side)
{
    size_t numbers[2] = { 0 }, count = 0;

    for (const char *p = a->name; *p; p++)
        if (*p == '#') {
            if (!parse_number(&name, &numbers[count++]))
                return false;
        } else if (*p != *name++) {
            return false;
        }
    *patch = a->patch > 0 ? a->patch : numbers[0];
    *side = a->side > 0 ? a->side : numbers[a->patch > 0 ? 0 : 1];
    return *name == '\0' || (*name == '.' && name[1] != '\0');
}

struct vit_config architecture_configure(const struct architecture *a, size_t patch, size_t side)
{
    const unsigned t = a->traits;
    const size_t fc1 = (size_t)((double)a->dim * a->mlp_ratio);

    return (struct vit_config){
        .size = sizeof(struct vit_config),
        .channels = 3,
        .height = side,
        .width = side,
        .patch = patch,
        .crop_to_patches = t & CUT && side % patch != 0,
        .dim = a->dim,
        .depth = a->depth,
        .heads = a->heads,
        .mlp_dim = t & SWIGLU ? fc1 / 2 : fc1, /* Eva's gated MLPs: of each half */
        .classes = 1000,
        .eps = t & EPS_1E_5 ? 1e-5f : 1e-6f,
        .activation = t & (SWIGLU | GATED) ? VIT_ACTIVATION_SILU
                      : t & QUICK_GELU     ? VIT_ACTIVATION_GELU_QUICK
                      : t & TANH_GELU      ? VIT_ACTIVATION_GELU_TANH
                                           : VIT_ACTIVATION_GELU,
        .pos_embed = t & NO_POSITIONS ? VIT_POS_EMBED_NONE : VIT_POS_EMBED_LEARNED,
        .no_key_bias = t & QV_BIAS,
        .attention_norm = t & ATTENTION_NORM,
        .mlp_norm = t & MLP_NORM,
        .relative_bias = t & RELATIVE ? VIT_RELATIVE_BIAS_BLOCK : VIT_RELATIVE_BIAS_NONE,
        .no_qkv_bias = t & NO_QKV_BIAS,
        .layer_scale = t & LAYER_SCALE,
        .class_tokens = t & NO_CLASS    ? VIT_CLASS_TOKENS_NONE
                        : t & DISTILLED ? VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION
                                        : VIT_CLASS_TOKENS_CLASS,
        .registers = t & REG4   ? 4
                     : t & REG1 ? 1
                                : 0,
        .pos_embed_scope =
            t & PATCH_POSITIONS ? VIT_POS_EMBED_SCOPE_PATCHES : VIT_POS_EMBED_SCOPE_ALL,
        .pool = t & (MEAN | MEAN_THEN_NORM) ? VIT_POOL_MEAN
                : t & MAP                   ? VIT_POOL_MAP
                                            : VIT_POOL_CLASS,
        .final_norm = t & NO_NORM          ? VIT_FINAL_NORM_NONE
                      : t & MEAN_THEN_NORM ? VIT_FINAL_NORM_POOLED
                                           : VIT_FINAL_NORM_TOKENS,
        .pre_norm = t & PRE_NORM,
        .no_patch_bias = t & PRE_NORM,
        .gated_mlp = t & (SWIGLU | GATED),
    };
}
