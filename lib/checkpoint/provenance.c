/* provenance.c - where each field of a configuration comes from */
#include "checkpoint/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { SIZE, FLOAT, BOOL, SPLITS_3, ENUM };

/* The words of each enum, by value. */
static const char *const activations[] = { "identity", "gelu", "gelu_tanh", "gelu_quick",
                                           "relu",     "silu", "exp",       "tanh" };
static const char *const positions[] = { "learned", "sinusoid", "sincos_2d", "none" };
static const char *const tokenizers[] = { "patches", "t2t_series", "t2t_transformer",
                                          "t2t_performer" };
static const char *const class_tokens[] = { "class", "none", "class_and_distillation" };
static const char *const pos_embed_scope[] = { "all", "patches", "class_and_patches" };
static const char *const pools[] = { "class", "mean", "mean_all", "max", "map", "class_and_mean" };
static const char *const final_norms[] = { "tokens", "pooled", "none" };

#define WORDS(table) table, sizeof(table) / sizeof *(table)
#define AT(field)    #field, offsetof(struct vit_config, field)

static const struct field {
    const char *name;
    size_t offset;
    enum kind kind;
    const char *const *words;
    size_t count;
} fields[] = {
    { AT(channels), SIZE, NULL, 0 },
    { AT(height), SIZE, NULL, 0 },
    { AT(width), SIZE, NULL, 0 },
    { AT(tokenizer), ENUM, WORDS(tokenizers) },
    { AT(patch), SIZE, NULL, 0 },
    { AT(crop_to_patches), BOOL, NULL, 0 },
    { AT(t2t_kernels), SPLITS_3, NULL, 0 },
    { AT(t2t_dim), SIZE, NULL, 0 },
    { AT(t2t_heads), SIZE, NULL, 0 },
    { AT(t2t_mlp_dim), SIZE, NULL, 0 },
    { AT(no_patch_bias), BOOL, NULL, 0 },
    { AT(patch_norms), BOOL, NULL, 0 },
    { AT(class_tokens), ENUM, WORDS(class_tokens) },
    { AT(registers), SIZE, NULL, 0 },
    { AT(pos_embed), ENUM, WORDS(positions) },
    { AT(pos_embed_scope), ENUM, WORDS(pos_embed_scope) },
    { AT(pre_norm), BOOL, NULL, 0 },
    { AT(dim), SIZE, NULL, 0 },
    { AT(depth), SIZE, NULL, 0 },
    { AT(heads), SIZE, NULL, 0 },
    { AT(head_dim), SIZE, NULL, 0 },
    { AT(no_qkv_bias), BOOL, NULL, 0 },
    { AT(qk_norm), BOOL, NULL, 0 },
    { AT(qk_scale), FLOAT, NULL, 0 },
    { AT(value_residual), BOOL, NULL, 0 },
    { AT(no_proj), BOOL, NULL, 0 },
    { AT(no_proj_bias), BOOL, NULL, 0 },
    { AT(mlp_dim), SIZE, NULL, 0 },
    { AT(gated_mlp), BOOL, NULL, 0 },
    { AT(activation), ENUM, WORDS(activations) },
    { AT(layer_scale), BOOL, NULL, 0 },
    { AT(eps), FLOAT, NULL, 0 },
    { AT(final_norm), ENUM, WORDS(final_norms) },
    { AT(pool), ENUM, WORDS(pools) },
    { AT(pre_logits), SIZE, NULL, 0 },
    { AT(classes), SIZE, NULL, 0 },
    { AT(no_head_bias), BOOL, NULL, 0 },
};

#define COUNT (sizeof fields / sizeof *fields)
_Static_assert(COUNT <= ORIGINS_FIELDS, "an origin for each field");

static size_t bytes_of(const struct field *field)
{
    static const size_t bytes[] = { [SIZE] = sizeof(size_t),
                                    [FLOAT] = sizeof(float),
                                    [BOOL] = sizeof(bool),
                                    [SPLITS_3] = 3 * sizeof(size_t),
                                    [ENUM] = sizeof(enum vit_activation) };
    return bytes[field->kind];
}

static void set(struct provenance *provenance, size_t i, const char *from)
{
    snprintf(provenance->of[i].text, sizeof provenance->of[i].text, "%s", from);
}

const char *provenance_field(size_t i)
{
    return i < COUNT ? fields[i].name : NULL;
}

void provenance_set(struct provenance *provenance, size_t offset, const char *from)
{
    for (size_t i = 0; i < COUNT; i++)
        if (fields[i].offset == offset)
            set(provenance, i, from);
}

void provenance_changed(struct provenance *provenance, const struct vit_config *before,
                        const struct vit_config *after, const char *from)
{
    for (size_t i = 0; i < COUNT; i++)
        if (memcmp((const char *)before + fields[i].offset, (const char *)after + fields[i].offset,
                   bytes_of(&fields[i])) != 0)
            set(provenance, i, from);
}

void provenance_all(struct provenance *provenance, const char *from)
{
    for (size_t i = 0; i < COUNT; i++)
        set(provenance, i, from);
}

/* In as few digits as give the number back. */
static void write_float(float number, char value[64])
{
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(value, 64, "%.*g", digits, (double)number);
        if (strtof(value, NULL) == number)
            return;
    }
}

static const char *const recipe_fields[ORIGINS_RECIPE] = { "interpolation", "crop_mode", "crop_pct",
                                                           "mean", "std" };

void provenance_set_preprocess(struct provenance *provenance, const char *field, const char *from)
{
    for (size_t i = 0; i < ORIGINS_RECIPE; i++)
        if (strcmp(recipe_fields[i], field) == 0)
            snprintf(provenance->of_recipe[i].text, sizeof provenance->of_recipe[i].text, "%s",
                     from);
}

const char *provenance_preprocess(const struct provenance *provenance, const char *field)
{
    for (size_t i = 0; i < ORIGINS_RECIPE; i++)
        if (strcmp(recipe_fields[i], field) == 0)
            return *provenance->of_recipe[i].text ? provenance->of_recipe[i].text : "the default";
    return NULL;
}

static void write_value(const struct field *field, const struct vit_config *config, char value[64])
{
    const void *at = (const char *)config + field->offset;
    const size_t *sizes = at;

    switch (field->kind) {
    case SIZE:
        snprintf(value, 64, "%zu", *sizes);
        break;
    case SPLITS_3:
        snprintf(value, 64, "%zu, %zu, %zu", sizes[0], sizes[1], sizes[2]);
        break;
    case FLOAT:
        write_float(*(const float *)at, value);
        break;
    case BOOL:
        snprintf(value, 64, "%s", *(const bool *)at ? "true" : "false");
        break;
    case ENUM: {
        const unsigned word = *(const unsigned *)at;
        snprintf(value, 64, "%s", word < field->count ? field->words[word] : "unknown");
    }
    }
}

bool provenance_entry(const struct provenance *provenance, const struct vit_config *config,
                      size_t i, struct vit_config_entry *fact)
{
    if (i >= COUNT)
        return false;
    fact->name = fields[i].name;
    fact->source = provenance->of[i].text;
    write_value(&fields[i], config, fact->value);
    return true;
}
