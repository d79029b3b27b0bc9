/* fields.c - the fields of a configuration as a table: source of checks, names, text and docs */
#include "config/fields.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/c_locale.h"
#include "config/pos_embed.h"

_Static_assert(SIZE_MAX >= UINT64_MAX, "the bounds of fields.h are for 64-bit sizes");

#define ACTIVATION_WORD(identifier, name, value, args, weights) [value] = #name,
static const char *const activations[] = { VIT_ACTIVATION_LIST(ACTIVATION_WORD) };
static const char *const tokenizers[] = {
    [VIT_TOKENIZER_PATCH] = "patch",
    [VIT_TOKENIZER_T2T_QK_SCALE] = "t2t_qk_scale",
    [VIT_TOKENIZER_T2T_TRANSFORMER] = "t2t_transformer",
    [VIT_TOKENIZER_T2T_PERFORMER] = "t2t_performer",
};
#define POS_EMBED_WORD(identifier, name, stored, compute, check)                                   \
    [VIT_POS_EMBED_##identifier] = #name,
static const char *const pos_embeds[] = { POS_EMBED_LIST(POS_EMBED_WORD) };
static const char *const rotaries[] = {
    [VIT_ROTARY_NONE] = "none",
    [VIT_ROTARY_CENTERS] = "centers",
    [VIT_ROTARY_INDICES] = "indices",
    [VIT_ROTARY_LEARNED] = "learned",
};
static const char *const relative_biases[] = {
    [VIT_RELATIVE_BIAS_NONE] = "none",
    [VIT_RELATIVE_BIAS_BLOCK] = "block",
    [VIT_RELATIVE_BIAS_SHARED] = "shared",
};
static const char *const pos_embed_scopes[] = {
    [VIT_POS_EMBED_SCOPE_ALL] = "all",
    [VIT_POS_EMBED_SCOPE_PATCHES] = "patches",
    [VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES] = "class_and_patches",
};
static const char *const class_tokens[] = {
    [VIT_CLASS_TOKENS_CLASS] = "class",
    [VIT_CLASS_TOKENS_NONE] = "none",
    [VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION] = "class_and_distillation",
};
static const char *const pools[] = {
    [VIT_POOL_CLASS] = "class",
    [VIT_POOL_MEAN] = "mean",
    [VIT_POOL_MEAN_ALL] = "mean_all",
    [VIT_POOL_MAX] = "max",
    [VIT_POOL_MAP] = "map",
    [VIT_POOL_CLASS_AND_MEAN] = "class_and_mean",
    [VIT_POOL_MEAN_AND_MAX] = "mean_and_max",
    [VIT_POOL_NONE] = "none",
    [VIT_POOL_MAP_ALL] = "map_all",
};
static const char *const norms[] = {
    [VIT_NORM_LAYER] = "layer",
    [VIT_NORM_LOCAL_RESPONSE] = "local_response",
};
static const char *const final_norms[] = {
    [VIT_FINAL_NORM_TOKENS] = "tokens",
    [VIT_FINAL_NORM_POOLED] = "pooled",
    [VIT_FINAL_NORM_NONE] = "none",
};
static const char *const interpolations[] = {
    [VIT_INTERPOLATION_BICUBIC] = "bicubic",
    [VIT_INTERPOLATION_BILINEAR] = "bilinear",
};
static const char *const crop_modes[] = {
    [VIT_CROP_MODE_CENTER] = "center",
    [VIT_CROP_MODE_SQUASH] = "squash",
};

/* A name and an offset, then the type with its range; zero and description follow by name. */
#define IN_CONFIG(field)     .name = #field, .offset = offsetof(struct vit_config, field)
#define IN_PREPROCESS(field) .name = #field, .offset = offsetof(struct vit_preprocess_config, field)
#define SIZE(low, high)      .type = VIT_FIELD_SIZE, .count = 1, .min = low, .max = high
#define SIZES(n, low, high)  .type = VIT_FIELD_SIZE, .count = n, .min = low, .max = high
#define FLOAT(low)           .type = VIT_FIELD_FLOAT, .count = 1, .min = low, .max = FLT_MAX
#define FLOATS(n, low)       .type = VIT_FIELD_FLOAT, .count = n, .min = low, .max = FLT_MAX
#define DOUBLE(low, high)    .type = VIT_FIELD_DOUBLE, .count = 1, .min = low, .max = high
#define BOOL                 .type = VIT_FIELD_BOOL, .count = 1, .min = 0, .max = 1
#define ENUM(table)                                                                                \
    .type = VIT_FIELD_ENUM, .count = 1, .min = 0, .max = sizeof(table) / sizeof *(table)-1,        \
    .words = table

static const struct config_field config_rows[] = {
    { IN_CONFIG(channels), SIZE(1, CONFIG_MAX_CHANNELS), .description = "channels of the image" },
    { IN_CONFIG(height), SIZE(1, CONFIG_MAX_SIDE), .description = "height of the image" },
    { IN_CONFIG(width), SIZE(1, CONFIG_MAX_SIDE), .description = "width of the image" },
    { IN_CONFIG(tokenizer), ENUM(tokenizers), .description = "how an image becomes tokens" },
    { IN_CONFIG(patch), SIZE(1, CONFIG_MAX_SIDE),
      .description = "side of a patch; T2T: product of the soft splits' strides" },
    { IN_CONFIG(crop_to_patches), BOOL,
      .description = "ignore pixels right of and below the last whole patch" },
    { IN_CONFIG(t2t_kernels), SIZES(3, 0, CONFIG_MAX_KERNEL), .zero = "not T2T",
      .description = "T2T: kernels of the soft splits; stride (k+1)/2, padding (k+1)/4" },
    { IN_CONFIG(t2t_dim), SIZE(0, CONFIG_MAX_DIM), .zero = "not T2T",
      .description = "T2T: width of the token transformers" },
    { IN_CONFIG(t2t_heads), SIZE(0, CONFIG_MAX_DIM), .zero = "not T2T",
      .description = "T2T: heads of the token transformers" },
    { IN_CONFIG(t2t_mlp_dim), SIZE(0, CONFIG_MAX_MLP_DIM), .zero = "not T2T",
      .description = "T2T: hidden width of their MLPs" },
    { IN_CONFIG(no_patch_bias), BOOL, .description = "the patch projection has no bias" },
    { IN_CONFIG(patch_norms), BOOL,
      .description = "norm of each patch before and after its projection" },
    { IN_CONFIG(class_tokens), ENUM(class_tokens),
      .description = "learned tokens before registers and patches" },
    { IN_CONFIG(registers), SIZE(0, CONFIG_MAX_REGISTERS), .zero = "none",
      .description = "learned tokens between class token and patches" },
    { IN_CONFIG(pos_embed), ENUM(pos_embeds), .description = "position embeddings" },
    { IN_CONFIG(pos_embed_scope), ENUM(pos_embed_scopes),
      .description = "which tokens have a position embedding" },
    { IN_CONFIG(pre_norm), BOOL, .description = "norm before the first block" },
    { IN_CONFIG(dim), SIZE(1, CONFIG_MAX_DIM), .description = "width of a token" },
    { IN_CONFIG(depth), SIZE(0, CONFIG_MAX_DEPTH), .description = "encoder blocks" },
    { IN_CONFIG(heads), SIZE(1, CONFIG_MAX_DIM), .description = "attention heads of a block" },
    { IN_CONFIG(head_dim), SIZE(0, CONFIG_MAX_DIM), .zero = "dim/heads",
      .description = "width of a head" },
    { IN_CONFIG(no_qkv_bias), BOOL, .description = "queries, keys and values have no bias" },
    { IN_CONFIG(no_key_bias), BOOL, .description = "keys have no bias; queries and values have" },
    { IN_CONFIG(qk_norm), BOOL, .description = "norm of each head's queries and keys" },
    { IN_CONFIG(rotary), ENUM(rotaries),
      .description = "positions that turn a patch's queries and keys" },
    { IN_CONFIG(rotary_base), FLOAT(0), .zero = "no series",
      .description = "base of the series of frequencies" },
    { IN_CONFIG(rotary_offset), FLOAT(-FLT_MAX),
      .description = "the first index of a row and of a column" },
    { IN_CONFIG(rotary_grid), SIZES(2, 0, CONFIG_MAX_SIDE), .zero = "not scaled",
      .description = "rows and columns that indices are scaled to" },
    { IN_CONFIG(rotary_columns_first), BOOL,
      .description = "the first half of the pairs turns with the column" },
    { IN_CONFIG(relative_bias), ENUM(relative_biases),
      .description = "learned bias of scores by distance" },
    { IN_CONFIG(qk_scale), FLOAT(-FLT_MAX), .zero = "head_dim^-1/2",
      .description = "factor of Q·Kᵀ" },
    { IN_CONFIG(value_residual), BOOL, .description = "attention returns v + proj(attention)" },
    { IN_CONFIG(attention_norm), BOOL, .description = "norm of the output of all heads" },
    { IN_CONFIG(no_proj), BOOL, .description = "attention has no output projection" },
    { IN_CONFIG(no_proj_bias), BOOL, .description = "the output projection has no bias" },
    { IN_CONFIG(mlp_dim), SIZE(1, CONFIG_MAX_MLP_DIM),
      .description = "hidden width of a block's MLP" },
    { IN_CONFIG(gated_mlp), BOOL, .description = "MLP fc2(f(a)·b), where fc1 makes a and b" },
    { IN_CONFIG(mlp_norm), BOOL, .description = "norm of the input of fc2" },
    { IN_CONFIG(no_mlp_bias), BOOL, .description = "the layers of the MLP have no bias" },
    { IN_CONFIG(activation), ENUM(activations), .description = "activation of the MLPs" },
    { IN_CONFIG(activation_args), FLOATS(2, -FLT_MAX), .zero = "not used",
      .description = "arguments of the activation" },
    { IN_CONFIG(layer_scale), BOOL, .description = "a factor per channel on each branch" },
    { IN_CONFIG(norm), ENUM(norms), .description = "what every norm is" },
    { IN_CONFIG(eps), FLOAT(0),
      .description = "added to the variance, or mean square, in every norm but local response" },
    { IN_CONFIG(no_norm_mean), BOOL,
      .description = "no mean is subtracted: each norm is an RMSNorm" },
    { IN_CONFIG(no_norm_weight), BOOL, .description = "the norms do not scale" },
    { IN_CONFIG(no_norm_bias), BOOL, .description = "the norms do not shift" },
    { IN_CONFIG(norm_size), SIZE(0, CONFIG_MAX_NORM_SIZE), .zero = "width of its tokens, if used",
      .description = "local response: tokens of the window" },
    { IN_CONFIG(norm_args), FLOATS(3, 0), .zero = "not used",
      .description = "local response: alpha, beta and k" },
    { IN_CONFIG(final_norm), ENUM(final_norms), .description = "where the final norm is" },
    { IN_CONFIG(pool), ENUM(pools), .description = "how tokens become the embedding" },
    { IN_CONFIG(pool_heads), SIZE(0, CONFIG_MAX_DIM), .zero = "heads",
      .description = "heads of attention pooling" },
    { IN_CONFIG(pool_mlp_dim), SIZE(0, CONFIG_MAX_MLP_DIM), .zero = "mlp_dim",
      .description = "hidden width of its MLP" },
    { IN_CONFIG(pre_logits), SIZE(0, CONFIG_MAX_MLP_DIM), .zero = "none",
      .description = "width of a tanh layer before the head" },
    { IN_CONFIG(classes), SIZE(0, CONFIG_MAX_CLASSES), .zero = "no head",
      .description = "outputs of the head" },
    { IN_CONFIG(no_head_bias), BOOL, .description = "the head has no bias" },
};

static const struct config_field preprocess_rows[] = {
    { IN_PREPROCESS(interpolation), ENUM(interpolations), .description = "filter of the resize" },
    { IN_PREPROCESS(crop_mode), ENUM(crop_modes), .description = "how the ratio is kept" },
    { IN_PREPROCESS(crop_pct), DOUBLE(DBL_MIN, 1),
      .description = "the image is resized to size/crop_pct before the crop" },
    { IN_PREPROCESS(crop_rounds_down), BOOL, .description = "half of an odd margin rounds down" },
    { IN_PREPROCESS(exif_orientation), BOOL,
      .description = "images are turned as their EXIF orientation says" },
    { IN_PREPROCESS(mean), FLOATS(3, -FLT_MAX), .description = "subtracted from each channel" },
    { IN_PREPROCESS(std), FLOATS(3, -FLT_MAX), .description = "each channel's divisor, not 0" },
};

const struct field_table config_fields = { config_rows, sizeof config_rows / sizeof *config_rows };
const struct field_table preprocess_fields = { preprocess_rows,
                                               sizeof preprocess_rows / sizeof *preprocess_rows };
_Static_assert(sizeof config_rows / sizeof *config_rows <= CONFIG_MAX_FIELDS &&
                   sizeof preprocess_rows / sizeof *preprocess_rows <= PREPROCESS_MAX_FIELDS,
               "the tables have more fields than fields.h allows");

static const struct config_field *find(const struct field_table *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->at[i].name, name) == 0)
            return &fields->at[i];
    return NULL;
}

const struct config_field *config_field_find(const char *name)
{
    return find(&config_fields, name);
}

const struct config_field *preprocess_field_find(const char *name)
{
    return find(&preprocess_fields, name);
}

_Static_assert(sizeof(bool) == 1 && sizeof(enum vit_pool) == sizeof(int),
               "config_field_get reads flags as bytes and enums as ints");

static size_t element_bytes(const struct config_field *field)
{
    static const size_t bytes[] = {
        [VIT_FIELD_SIZE] = sizeof(size_t),   [VIT_FIELD_FLOAT] = sizeof(float),
        [VIT_FIELD_BOOL] = sizeof(bool),     [VIT_FIELD_ENUM] = sizeof(int),
        [VIT_FIELD_DOUBLE] = sizeof(double),
    };
    return bytes[field->type];
}

size_t config_field_bytes(const struct config_field *field)
{
    return field->count * element_bytes(field);
}

/* One element. A flag is read as a byte, because the caller's may not be a valid bool. */
union element {
    size_t size;
    float f;
    double d;
    int word;
    unsigned char flag;
};

double config_field_get(const struct config_field *field, const void *config, size_t i)
{
    const size_t bytes = element_bytes(field);
    union element e;

    memcpy(&e, (const char *)config + field->offset + i * bytes, bytes);
    switch (field->type) {
    case VIT_FIELD_SIZE:
        return (double)e.size;
    case VIT_FIELD_FLOAT:
        return (double)e.f;
    case VIT_FIELD_BOOL:
        return (double)e.flag;
    case VIT_FIELD_ENUM:
        return (double)e.word;
    default:
        return e.d;
    }
}

void config_field_set(const struct config_field *field, void *config, size_t i, double value)
{
    const size_t bytes = element_bytes(field);
    union element e;

    switch (field->type) {
    case VIT_FIELD_SIZE:
        e.size = (size_t)value;
        break;
    case VIT_FIELD_FLOAT:
        e.f = (float)value;
        break;
    case VIT_FIELD_BOOL:
        e.flag = value != 0;
        break;
    case VIT_FIELD_ENUM:
        e.word = (int)value;
        break;
    default:
        e.d = value;
    }
    memcpy((char *)config + field->offset + i * bytes, &e, bytes);
}

bool config_field_allows(const struct config_field *field, double value)
{
    const bool whole = field->type != VIT_FIELD_FLOAT && field->type != VIT_FIELD_DOUBLE;

    return value >= field->min && value <= field->max && (!whole || value == floor(value));
}

/* Prints the fewest digits that identify the number. */
static int shortest(float number, char *text, size_t bytes)
{
    int length = 0;

    for (int digits = 1; digits <= 9; digits++) {
        length = snprintf(text, bytes, "%.*g", digits, (double)number);
        if (strtof(text, NULL) == number)
            break;
    }
    return length;
}

static int element_text(const struct config_field *field, double value, char *text, size_t bytes)
{
    switch (field->type) {
    case VIT_FIELD_BOOL:
        return snprintf(text, bytes, "%s", value != 0 ? "true" : "false");
    case VIT_FIELD_ENUM:
        return snprintf(text, bytes, "%s",
                        config_field_allows(field, value) ? field->words[(size_t)value]
                                                          : "unknown");
    case VIT_FIELD_FLOAT:
        return shortest((float)value, text, bytes);
    default:
        return snprintf(text, bytes, "%.17g", value);
    }
}

void config_field_text(const struct config_field *field, const void *config, char text[64])
{
    const struct c_locale locale = c_locale_enter();
    size_t length = 0;

    for (size_t i = 0; i < field->count && length < 64; i++) {
        length += (size_t)snprintf(text + length, 64 - length, "%s", i > 0 ? ", " : "");
        length += (size_t)element_text(field, config_field_get(field, config, i), text + length,
                                       64 - length);
    }
    c_locale_leave(locale);
}
