/* names.c - accounting for every tensor of a checkpoint by its family's names */
#include "checkpoint/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"
#include "base/status.h"
#include "checkpoint/quote.h"

enum { NAME_BYTES = 96 }; /* the longest pattern has 41, a block 4 digits */

static bool is_per_block(enum tensor_role role)
{
    return role >= T_FIRST_OF_BLOCK;
}

size_t names_count(const struct vit_config *config)
{
    return names_index(T_FIRST_OF_BLOCK, config->depth);
}

size_t names_index(enum tensor_role role, size_t block)
{
    return is_per_block(role) ? (size_t)role + block * (T_ROLES - T_FIRST_OF_BLOCK) : (size_t)role;
}

/* The one place where a pattern's %u is filled in. */
static void make_name(const struct name_rule *rule, size_t block, char name[NAME_BYTES])
{
    const char *at = strstr(rule->pattern, "%u");

    if (at)
        snprintf(name, NAME_BYTES, "%.*s%zu%s", (int)(at - rule->pattern), rule->pattern, block,
                 at + 2);
    else
        snprintf(name, NAME_BYTES, "%s", rule->pattern);
}

bool names_layer_scale(const struct name_family *family, const struct safetensors *file)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < family->count; i++) {
        make_name(&family->rules[i], 0, name);
        if ((family->rules[i].flags & IF_LAYER_SCALE) && safetensors_find(file, name))
            return true;
    }
    return false;
}

/* A shape as text: "[2304, 768]", "[]" for a scalar. */
struct shape_text {
    char text[SAFETENSORS_MAX_RANK * 22 + 3];
};

static struct shape_text write_shape(size_t rank, const size_t *shape)
{
    struct shape_text s = { "[" };
    size_t length = 1;

    for (size_t i = 0; i < rank; i++)
        length += (size_t)snprintf(s.text + length, sizeof s.text - length, "%s%zu",
                                   i > 0 ? ", " : "", shape[i]);
    snprintf(s.text + length, sizeof s.text - length, "]");
    return s;
}

static size_t expected_shape(const struct name_rule *rule, const struct vit_config *config,
                             size_t shape[4])
{
    const size_t sides[SIDES] = {
        [ONE] = 1,
        [D] = config->dim,
        [D3] = 3 * config->dim,
        [M] = config->mlp_dim,
        [C] = config->channels,
        [P] = config->patch,
        [CPP] = config->channels * config->patch * config->patch,
        [K] = config->classes,
        [T] = config_tokens(config),
    };
    size_t rank = 0;

    for (; rank < 4 && rule->shape[rank] != NO_SIDE; rank++)
        shape[rank] = sides[rule->shape[rank]];
    return rank;
}

static bool applies(const struct name_rule *rule, const struct vit_config *config)
{
    return !((rule->flags & IF_QKV_BIAS) && !config->qkv_bias) &&
           !((rule->flags & IF_LAYER_SCALE) && !config->layer_scale);
}

/* A tensor by its name, checked; *entry is NULL where it may be and is left out. */
static enum vit_status find(const struct name_rule *rule, const struct vit_config *config,
                            size_t block, const struct safetensors *file,
                            const struct safetensors_entry **entry, struct vit_error *err)
{
    char name[NAME_BYTES];
    size_t shape[4];
    const size_t rank = expected_shape(rule, config, shape);

    make_name(rule, block, name);
    *entry = safetensors_find(file, name);
    if (!*entry && (rule->flags & OR_SINUSOID) && config->positions == VIT_POSITIONS_SINUSOID)
        return VIT_OK;
    if (!*entry)
        return fail(err, VIT_EFORMAT, "%s: tensor %s is missing, expected %s",
                    quote_path(file->path).text, name, write_shape(rank, shape).text);
    if ((*entry)->rank != rank || memcmp((*entry)->shape, shape, rank * sizeof *shape) != 0)
        return fail(
            err, VIT_EFORMAT, "%s: tensor %s is %s, expected %s", quote_path(file->path).text, name,
            write_shape((*entry)->rank, (*entry)->shape).text, write_shape(rank, shape).text);
    if ((*entry)->dtype != DTYPE_F32 && (*entry)->dtype != DTYPE_F16 &&
        (*entry)->dtype != DTYPE_BF16)
        return fail(err, VIT_EUNSUPPORTED, "%s: tensor %s is %s, expected F32, F16 or BF16",
                    quote_path(file->path).text, name, safetensors_dtype_name((*entry)->dtype));
    return VIT_OK;
}

/* Every tensor must have been asked for: one that was not says that the model is another. */
static enum vit_status check_all_used(const struct safetensors *file, const bool *used,
                                      struct vit_error *err)
{
    const char *first = NULL;
    size_t more = 0;

    for (size_t i = 0; i < file->count; i++) {
        if (used[i])
            continue;
        if (first)
            more++;
        else
            first = file->entries[i].name;
    }
    if (!first)
        return VIT_OK;
    return fail(err, VIT_EFORMAT,
                "%s: tensor %s is unexpected, and %zu more: the configuration asks for none",
                quote_path(file->path).text, quote_name(first).text, more);
}

enum vit_status names_resolve(const struct name_family *family, const struct vit_config *config,
                              const struct safetensors *file,
                              const struct safetensors_entry **entries, struct vit_error *err)
{
    bool *used = calloc(file->count + 1, sizeof *used);
    enum vit_status status = VIT_OK;

    if (!used)
        return fail(err, VIT_ENOMEM, "%s: out of memory", quote_path(file->path).text);
    for (size_t i = 0; i < names_count(config); i++)
        entries[i] = NULL;
    for (size_t r = 0; !status && r < family->count; r++) {
        const struct name_rule *rule = &family->rules[r];
        const size_t blocks = is_per_block(rule->role) ? config->depth : 1;
        for (size_t b = 0; !status && applies(rule, config) && b < blocks; b++) {
            const struct safetensors_entry **entry = &entries[names_index(rule->role, b)];
            status = find(rule, config, b, file, entry, err);
            if (!status && *entry)
                used[*entry - file->entries] = true;
        }
    }
    if (!status)
        status = check_all_used(file, used, err);
    free(used);
    return status;
}
