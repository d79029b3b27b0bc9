/* tensor_names.c - accounting for every tensor of a checkpoint by its family's names */
#include "checkpoint/tensor_names.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "checkpoint/suggest.h"
#include "config/derived.h"
#include "config/fields.h"
#include "config/tokenizer.h"
#include "files/sanitize.h"

enum { NAME_BYTES = 160 }; /* the longest prefix and pattern have 90, a block 4 digits */

/* The one place where a pattern's prefix and number are filled in. */
static void make_name(const char *pattern, const char *prefix, size_t index, char name[NAME_BYTES])
{
    const bool prefixed = *pattern == '@';
    const char *const begin = pattern + prefixed, *const at = strchr(begin, '%');

    if (!prefixed)
        prefix = "";
    if (at)
        snprintf(name, NAME_BYTES, "%s%.*s%zu%s", prefix, (int)(at - begin), begin,
                 index + (at[1] == '1'), at + 2);
    else
        snprintf(name, NAME_BYTES, "%s%s", prefix, begin);
}

const char *names_prefix(const struct name_family *family, const struct tensors *tensors)
{
    char name[NAME_BYTES];

    for (const char *const *prefix = family->prefixes; prefix && *prefix; prefix++)
        for (size_t i = 0; i < family->count; i++) {
            make_name(family->rules[i].pattern, *prefix, 0, name);
            if (*family->rules[i].pattern == '@' && tensors_find(tensors, name))
                return *prefix;
        }
    return "";
}

const struct tensor *names_find(const struct name_family *family, const struct tensors *tensors,
                                enum tensor_slot slot)
{
    const char *const prefix = names_prefix(family, tensors);
    const struct tensor *tensor;
    char name[NAME_BYTES];

    for (size_t i = 0; i < family->count; i++) {
        make_name(family->rules[i].pattern, prefix, 0, name);
        if (family->rules[i].slot == slot && (tensor = tensors_find(tensors, name)))
            return tensor;
    }
    return NULL;
}

size_t names_known(const struct name_family *family, const struct tensors *tensors)
{
    const char *const prefix = names_prefix(family, tensors);
    char name[NAME_BYTES];
    size_t known = 0;

    for (size_t i = 0; i < family->count; i++) {
        make_name(family->rules[i].pattern, prefix, 0, name);
        known += tensors_find(tensors, name) != NULL;
    }
    return known;
}

static bool has_block(const struct name_family *family, const struct tensors *tensors,
                      const char *prefix, size_t block)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < family->count; i++) {
        make_name(family->rules[i].pattern, prefix, block, name);
        if (family->rules[i].slot >= SLOT_FIRST_OF_BLOCK && tensors_find(tensors, name))
            return true;
    }
    return false;
}

size_t names_blocks(const struct name_family *family, const struct tensors *tensors)
{
    const char *const prefix = names_prefix(family, tensors);
    size_t blocks = 0;

    while (blocks <= CONFIG_MAX_DEPTH && has_block(family, tensors, prefix, blocks))
        blocks++;
    return blocks;
}

/* A shape as text: "[2304, 768]", "[]" for a scalar. */
struct shape_text {
    char text[TENSOR_MAX_RANK * 22 + 3];
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
                             size_t stage, size_t shape[4])
{
    const size_t inner = config_inner(config);
    const size_t sides[SIDES] = {
        [ONE] = 1,
        [D] = config->dim,
        [D2] = 2 * config->dim,
        [D3] = 3 * config->dim,
        [H] = config->heads,
        [HD] = config_head_dim(config),
        [I] = inner,
        [I3] = 3 * inner,
        [M] = config->mlp_dim,
        [M1] = config->gated_mlp ? 2 * config->mlp_dim : config->mlp_dim,
        [C] = config->channels,
        [P] = config->patch,
        [CPP] = config->channels * config->patch * config->patch,
        [K] = config->classes,
        [W] = config_pooled(config),
        [L] = config->pre_logits,
        [E] = config_embedding(config),
        [T] = config_positions(config),
        [R] = config->registers,
        [S] = stage < SPLITS ? config_split_length(config, stage) : 0,
        [S3] = config_split_length(config, SPLITS - 1),
        [Z] = config->t2t_dim,
        [Z3] = 3 * config->t2t_dim,
        [Z_M] = config->t2t_mlp_dim,
        [Z_F] = config_features(config),
    };
    size_t rank = 0;

    for (; rank < 4 && rule->shape[rank] != NO_SIDE; rank++)
        shape[rank] = sides[rule->shape[rank]];
    return rank;
}

/* A resolving in progress. */
struct resolution {
    const struct name_family *family;
    const char *prefix;
    const struct vit_config *config;
    unsigned traits;
    const struct tensors *tensors;
    struct tensor_source *sources;
    struct tensor_use *uses;
    struct vit_error *err;
};

static struct tensor_source *source_of(const struct resolution *r, const struct name_rule *rule,
                                       size_t index)
{
    return &r->sources[slots_index(rule->slot, index) * PARTS + rule->part];
}

static enum vit_status check_tensor(const struct resolution *r, const struct name_rule *rule,
                                    size_t index, const struct tensor *tensor)
{
    size_t shape[4];
    const size_t rank = expected_shape(rule, r->config, index, shape);

    if (tensor->rank != rank || memcmp(tensor->shape, shape, rank * sizeof *shape) != 0)
        return fail(r->err, VIT_EFORMAT, "%s: tensor %s is %s, expected %s",
                    sanitize_path(tensor->path).text, sanitize_name(tensor->name).text,
                    write_shape(tensor->rank, tensor->shape).text, write_shape(rank, shape).text);
    if (!tensor->readable)
        return fail(r->err, VIT_EUNSUPPORTED, "%s: tensor %s is %s, expected F32, F16 or BF16",
                    sanitize_path(tensor->path).text, sanitize_name(tensor->name).text,
                    sanitize_name(tensor->dtype).text);
    return VIT_OK;
}

static bool applies(const struct resolution *r, const struct name_rule *rule)
{
    return (rule->needs & ~r->traits) == 0;
}

/* Whether the part is in one tensor with those before it: the first has more rows than a part. */
static bool is_in_the_first(const struct resolution *r, const struct name_rule *rule, size_t index)
{
    const struct name_rule *const first = source_of(r, rule, index)[-(int)rule->part].rule;
    size_t whole[4], part[4];

    if (rule->part == 0 || !first)
        return false;
    expected_shape(first, r->config, index, whole);
    expected_shape(rule, r->config, index, part);
    return whole[0] > part[0];
}

/* A rule's tensor, if it is there and no earlier rule for the same has been met. */
static enum vit_status take(const struct resolution *r, const struct name_rule *rule, size_t index)
{
    struct tensor_source *const source = source_of(r, rule, index);
    char name[NAME_BYTES];
    enum vit_status status;

    if (source->tensor || is_in_the_first(r, rule, index))
        return VIT_OK;
    make_name(rule->pattern, r->prefix, index, name);
    const struct tensor *const tensor = tensors_find(r->tensors, name);
    if (!tensor)
        return VIT_OK;
    if ((status = check_tensor(r, rule, index, tensor)))
        return status;
    *source = (struct tensor_source){ tensor, rule };
    r->uses[tensor - r->tensors->entries] = (struct tensor_use){ .rule = rule, .index = index };
    return VIT_OK;
}

/* Of the rules for a tensor that is missing the one whose spelling the file keeps to elsewhere. */
static const struct name_rule *find_spelling(const struct resolution *r,
                                             const struct name_rule *rule)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < r->family->count; i++) {
        const struct name_rule *const other = &r->family->rules[i];
        if (other->slot != rule->slot || other->part != rule->part || !applies(r, other))
            continue;
        for (size_t index = 0; index < slots_copies(rule->slot, r->config); index++) {
            make_name(other->pattern, r->prefix, index, name);
            if (tensors_find(r->tensors, name))
                return other;
        }
    }
    return rule;
}

static enum vit_status check_found(const struct resolution *r, const struct name_rule *rule,
                                   size_t index)
{
    char name[NAME_BYTES];
    size_t shape[4];

    if (source_of(r, rule, index)->tensor || is_in_the_first(r, rule, index) ||
        (rule->unless_fixed && r->config->pos_embed != VIT_POS_EMBED_LEARNED))
        return VIT_OK;
    const struct name_rule *const spelt = find_spelling(r, rule);
    const size_t rank = expected_shape(spelt, r->config, index, shape);
    make_name(spelt->pattern, r->prefix, index, name);
    return fail(r->err, VIT_EFORMAT, "%s: tensor %s is missing, expected %s",
                sanitize_path(r->tensors->path).text, name, write_shape(rank, shape).text);
}

/* Calls f for every rule that applies and every stage or block. */
static enum vit_status each(const struct resolution *r,
                            enum vit_status (*f)(const struct resolution *r,
                                                 const struct name_rule *rule, size_t index))
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < r->family->count; i++) {
        const struct name_rule *const rule = &r->family->rules[i];
        const size_t copies = applies(r, rule) ? slots_copies(rule->slot, r->config) : 0;
        for (size_t index = 0; !status && index < copies; index++)
            status = f(r, rule, index);
    }
    return status;
}

static bool is_passed_over(const struct resolution *r, const char *name)
{
    char pattern[NAME_BYTES];

    for (const char *const *p = r->family->passed_over; p && *p; p++) {
        make_name(*p, r->prefix, 0, pattern);
        const size_t length = strlen(pattern);
        if (length > 0 && pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0
                                                     : strcmp(name, pattern) == 0)
            return true;
    }
    return false;
}

/* The nearest name of the family, and whether it is the name itself. */
static bool find_nearest(const struct resolution *r, const char *name, char found[NAME_BYTES])
{
    struct nearest nearest = nearest_to(name);
    char known[NAME_BYTES];

    for (size_t i = 0; i < r->family->count; i++)
        for (size_t j = 0; j < slots_copies(r->family->rules[i].slot, r->config); j++) {
            make_name(r->family->rules[i].pattern, r->prefix, j, known);
            if (nearest_try(&nearest, known))
                snprintf(found, NAME_BYTES, "%s", known);
        }
    return nearest.distance == 0;
}

/* Every tensor must have been asked for: one that was not says that the model is another. */
static enum vit_status check_all_used(const struct resolution *r)
{
    const struct tensor *first = NULL;
    char known[NAME_BYTES] = "";
    size_t more = 0;

    for (size_t i = 0; i < r->tensors->count; i++) {
        const struct tensor *const tensor = &r->tensors->entries[i];
        r->uses[i].passed_over = !r->uses[i].rule && is_passed_over(r, tensor->name);
        if (r->uses[i].rule || r->uses[i].passed_over)
            continue;
        if (first)
            more++;
        else
            first = tensor;
    }
    if (!first)
        return VIT_OK;
    if (find_nearest(r, first->name, known))
        return fail(r->err, VIT_EFORMAT,
                    "%s: tensor %s is unexpected, and %zu more: the configuration asks for none",
                    sanitize_path(first->path).text, sanitize_name(first->name).text, more);
    return fail(r->err, VIT_EFORMAT,
                "%s: tensor %s is unexpected, and %zu more: %s has no such name, the nearest is %s",
                sanitize_path(first->path).text, sanitize_name(first->name).text, more,
                r->family->name, known);
}

enum vit_status names_resolve(const struct name_family *family, const struct vit_config *config,
                              const struct tensors *tensors, struct tensor_source *sources,
                              struct tensor_use *uses, struct vit_error *err)
{
    const struct resolution r = { .family = family,
                                  .prefix = names_prefix(family, tensors),
                                  .config = config,
                                  .traits = config_traits(config),
                                  .tensors = tensors,
                                  .sources = sources,
                                  .uses = uses,
                                  .err = err };
    enum vit_status status;

    if ((status = each(&r, take)) || (status = each(&r, check_found)))
        return status;
    return check_all_used(&r);
}
