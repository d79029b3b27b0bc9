/* tensor_names.c - finds every tensor of a checkpoint by its family's names */
#include "checkpoint/tensor_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "checkpoint/suggest.h"
#include "config/fields.h"
#include "config/pos_embed.h"
#include "config/tokenizer.h"
#include "files/fail_file.h"
#include "files/sanitize.h"

enum {
    NAME_BYTES = NEW_TENSOR_NAME
}; /* the longest prefix and pattern have 90, a block 4 digits */

/* Replaces a pattern's prefix and number. */
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

/* The prefix that the files use, "" if none. */
static const char *find_prefix(const struct tensor_names *names, const struct tensors *tensors)
{
    char name[NAME_BYTES];

    for (const char *const *prefix = names->prefixes; prefix && *prefix; prefix++)
        for (size_t i = 0; i < names->count; i++) {
            make_name(names->rules[i].pattern, *prefix, 0, name);
            if (*names->rules[i].pattern == '@' && tensors_find(tensors, name))
                return *prefix;
        }
    return "";
}

const struct tensor *names_find(const struct tensor_names *names, const struct tensors *tensors,
                                enum tensor_slot slot)
{
    const char *const prefix = find_prefix(names, tensors);
    const struct tensor *tensor;
    char name[NAME_BYTES];

    for (size_t i = 0; i < names->count; i++) {
        make_name(names->rules[i].pattern, prefix, 0, name);
        if (names->rules[i].slot == slot && (tensor = tensors_find(tensors, name)))
            return tensor;
    }
    return NULL;
}

size_t names_count_known(const struct tensor_names *names, const struct tensors *tensors)
{
    const char *const prefix = find_prefix(names, tensors);
    char name[NAME_BYTES];
    size_t known = 0;

    for (size_t i = 0; i < names->count; i++) {
        make_name(names->rules[i].pattern, prefix, 0, name);
        known += tensors_find(tensors, name) != NULL;
    }
    return known;
}

static bool has_block(const struct tensor_names *names, const struct tensors *tensors,
                      const char *prefix, size_t block)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < names->count; i++) {
        make_name(names->rules[i].pattern, prefix, block, name);
        if (names->rules[i].slot >= SLOT_FIRST_OF_BLOCK && tensors_find(tensors, name))
            return true;
    }
    return false;
}

size_t names_count_blocks(const struct tensor_names *names, const struct tensors *tensors)
{
    const char *const prefix = find_prefix(names, tensors);
    size_t blocks = 0;

    while (blocks <= CONFIG_MAX_DEPTH && has_block(names, tensors, prefix, blocks))
        blocks++;
    return blocks;
}

/* A shape as text: "[2304, 768]", "[]" for a scalar. */
struct shape_text {
    char text[TENSOR_MAX_RANK * 22 + 3];
};

static struct shape_text format_shape(size_t rank, const size_t *shape)
{
    struct shape_text s = { "[" };
    size_t length = 1;

    for (size_t i = 0; i < rank; i++)
        length += (size_t)snprintf(s.text + length, sizeof s.text - length, "%s%zu",
                                   i > 0 ? ", " : "", shape[i]);
    snprintf(s.text + length, sizeof s.text - length, "]");
    return s;
}

static size_t expected_shape(const struct tensor_rule *rule, const struct vit_config *config,
                             size_t stage, size_t shape[4])
{
    const size_t inner = config_inner(config);
    const size_t dims[DIM_COUNT] = {
        [DIM_ONE] = 1,
        [DIM_TWO] = 2,
        [DIM_DEPTH] = config->depth,
        [DIM_PAIRS] = config_head_dim(config) / 2,
        [DIM_RELATIVE] = config_relative_rows(config),
        [DIM_POOL_MLP] = config_pool_mlp_dim(config),
        [DIM_WIDTH] = config->dim,
        [DIM_2_WIDTH] = 2 * config->dim,
        [DIM_3_WIDTH] = 3 * config->dim,
        [DIM_HEADS] = config->heads,
        [DIM_HEAD_WIDTH] = config_head_dim(config),
        [DIM_INNER] = inner,
        [DIM_3_INNER] = 3 * inner,
        [DIM_MLP] = config->mlp_dim,
        [DIM_FC1] = config_fc1_rows(config),
        [DIM_CHANNELS] = config->channels,
        [DIM_PATCH] = config->patch,
        [DIM_PATCH_VALUES] = config->channels * config->patch * config->patch,
        [DIM_CLASSES] = config->classes,
        [DIM_POOLED] = config_pooled(config),
        [DIM_PRE_LOGITS] = config->pre_logits,
        [DIM_HEAD_INPUT] = config_embedding(config),
        [DIM_POSITIONS] = config_positions(config),
        [DIM_REGISTERS] = config->registers,
        [DIM_T2T_INPUT] = stage < SPLITS ? config_split_length(config, stage) : 0,
        [DIM_T2T_OUTPUT] = config_split_length(config, SPLITS - 1),
        [DIM_T2T_WIDTH] = config->t2t_dim,
        [DIM_3_T2T_WIDTH] = 3 * config->t2t_dim,
        [DIM_T2T_MLP] = config->t2t_mlp_dim,
        [DIM_T2T_FEATURES] = config_features(config),
    };
    size_t rank = 0;

    for (; rank < 4 && rule->shape[rank] != DIM_END; rank++)
        shape[rank] = dims[rule->shape[rank]];
    return rank;
}

void names_make(const struct tensor_rule *rule, const char *prefix, const struct vit_config *config,
                size_t index, struct new_tensor *tensor)
{
    make_name(rule->pattern, prefix, index, tensor->name);
    tensor->rank = expected_shape(rule, config, index, tensor->shape);
}

/* What names_resolve works on. */
struct resolution {
    const struct tensor_names *names;
    const char *prefix;
    const struct vit_config *config;
    uint64_t traits;
    const struct tensors *tensors;
    struct tensor_source *sources;
    struct tensor_use *uses;
    struct vit_error *err;
};

static struct tensor_source *source_of(const struct resolution *r, enum tensor_slot slot,
                                       size_t index, unsigned part)
{
    return &r->sources[slots_index(slot, index) * TENSOR_PARTS + part];
}

/* Whether two shapes are equal but for the ones that they begin with. */
static bool same_behind_ones(size_t rank_a, const size_t *a, size_t rank_b, const size_t *b)
{
    for (; rank_a > 0 && *a == 1; a++)
        rank_a--;
    for (; rank_b > 0 && *b == 1; b++)
        rank_b--;
    return rank_a == rank_b && memcmp(a, b, rank_a * sizeof *a) == 0;
}

static bool has_shape(const struct tensor_rule *rule, const struct tensor *tensor, size_t rank,
                      const size_t *shape)
{
    if (rule->leading_ones)
        return same_behind_ones(tensor->rank, tensor->shape, rank, shape);
    return tensor->rank == rank && memcmp(tensor->shape, shape, rank * sizeof *shape) == 0;
}

static enum vit_status check_tensor(const struct resolution *r, const struct tensor_rule *rule,
                                    size_t index, const struct tensor *tensor)
{
    size_t shape[4];
    const size_t rank = expected_shape(rule, r->config, index, shape);

    if (tensor->unread)
        return fail(r->err, VIT_EUNSUPPORTED, "%s", tensor->unread);
    if (!has_shape(rule, tensor, rank, shape))
        return fail_tensor(r->err, VIT_EFORMAT, tensor->path, tensor->name,
                           "expected shape %s, found %s", format_shape(rank, shape).text,
                           format_shape(tensor->rank, tensor->shape).text);
    if (!tensor->readable)
        return fail_tensor(r->err, VIT_EUNSUPPORTED, tensor->path, tensor->name,
                           "expected dtype F64, F32, F16 or BF16, found %s",
                           sanitize_name(tensor->dtype).text);
    return VIT_OK;
}

static bool applies(const struct resolution *r, const struct tensor_rule *rule)
{
    return rule_applies(rule, r->traits);
}

/* Whether the tensor of part 0 contains this part too: it then has more rows than one part. */
static bool is_in_first_part(const struct resolution *r, const struct tensor_rule *rule,
                             size_t index)
{
    const struct tensor_rule *const first = source_of(r, rule->slot, index, 0)->rule;
    size_t whole[4] = { 0 }, part[4] = { 0 };

    if (rule->part == 0 || !first)
        return false;
    expected_shape(first, r->config, index, whole);
    expected_shape(rule, r->config, index, part);
    return whole[0] > part[0];
}

/* Uses a rule's tensor, if it exists and no earlier rule has filled the same part. */
static enum vit_status find_source(const struct resolution *r, const struct tensor_rule *rule,
                                   size_t index)
{
    struct tensor_source *const source = source_of(r, rule->slot, index, rule->part);
    char name[NAME_BYTES];
    enum vit_status status;

    if (source->tensor || is_in_first_part(r, rule, index))
        return VIT_OK;
    make_name(rule->pattern, r->prefix, index, name);
    const size_t at = tensors_index(r->tensors, name);
    if (at == r->tensors->count)
        return VIT_OK;
    const struct tensor *const tensor = &r->tensors->entries[at];
    if ((status = check_tensor(r, rule, index, tensor)))
        return status;
    *source = (struct tensor_source){ tensor, rule };
    r->uses[at] = (struct tensor_use){ rule, index };
    return VIT_OK;
}

/* Among the rules for the same part, the one whose spelling the file uses in another block. */
static const struct tensor_rule *find_spelling(const struct resolution *r,
                                               const struct tensor_rule *rule)
{
    char name[NAME_BYTES];

    for (size_t i = 0; i < r->names->count; i++) {
        const struct tensor_rule *const other = &r->names->rules[i];
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

static enum vit_status check_found(const struct resolution *r, const struct tensor_rule *rule,
                                   size_t index)
{
    char name[NAME_BYTES];
    size_t shape[4];

    if (source_of(r, rule->slot, index, rule->part)->tensor || is_in_first_part(r, rule, index) ||
        (rule->optional_if_fixed && !config_learns_positions(r->config)))
        return VIT_OK;
    const struct tensor_rule *const spelling = find_spelling(r, rule);
    const size_t rank = expected_shape(spelling, r->config, index, shape);
    make_name(spelling->pattern, r->prefix, index, name);
    return fail_tensor(r->err, VIT_EFORMAT, r->tensors->path, name,
                       "expected shape %s, found no such tensor", format_shape(rank, shape).text);
}

/* Calls f for each rule that applies and each token transformer or block. */
static enum vit_status for_each_rule(const struct resolution *r,
                                     enum vit_status (*f)(const struct resolution *r,
                                                          const struct tensor_rule *rule,
                                                          size_t index))
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < r->names->count; i++) {
        const struct tensor_rule *const rule = &r->names->rules[i];
        const size_t copies = applies(r, rule) ? slots_copies(rule->slot, r->config) : 0;
        for (size_t index = 0; !status && index < copies; index++)
            status = f(r, rule, index);
    }
    return status;
}

/* The first number in a name: it is the block's, if the name has one. */
static size_t number_in(const char *name)
{
    const char *const digits = name + strcspn(name, "0123456789");

    return *digits ? (size_t)strtoul(digits, NULL, 10) : 0;
}

/* The block's number of a name that may begin with the prefix, which may have digits of its own. */
static size_t block_in(const struct resolution *r, const char *name)
{
    const size_t length = strlen(r->prefix);

    return number_in(strncmp(name, r->prefix, length) == 0 ? name + length : name);
}

static bool is_listed(const struct resolution *r, const char *const *list, const char *name)
{
    char pattern[NAME_BYTES];

    for (const char *const *p = list; p && *p; p++) {
        make_name(*p, r->prefix, block_in(r, name), pattern);
        const size_t length = strlen(pattern);
        if (length > 0 && pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0
                                                     : strcmp(name, pattern) == 0)
            return true;
    }
    return false;
}

const char *names_use_for_texts(const struct tensor_names *names, const char *name)
{
    if (names->logit_scale && strcmp(name, names->logit_scale) == 0)
        return "texts.scale";
    return names->logit_bias && strcmp(name, names->logit_bias) == 0 ? "texts.bias" : NULL;
}

static bool is_ignored(const struct resolution *r, const struct tensor *tensor)
{
    return is_listed(r, r->names->ignored, tensor->name) ||
           names_use_for_texts(r->names, tensor->name) ||
           (tensor->elements == 0 && is_listed(r, r->names->empty, tensor->name));
}

/*
 * The family's name that is closest to `name`; returns whether it is the same. Of the names of a
 * tensor in every block, only those with the number of `name`, as counted from 0 and from 1, and
 * that of the first block.
 */
static bool find_closest(const struct resolution *r, const char *name, char closest[NAME_BYTES])
{
    const size_t number = number_in(name), blocks[] = { number, number - 1, 0 };
    struct suggestion suggestion = suggest_for(name);
    char known[NAME_BYTES];

    for (size_t i = 0; i < r->names->count; i++)
        for (size_t j = 0; j < sizeof blocks / sizeof *blocks; j++) {
            if (blocks[j] >= slots_copies(r->names->rules[i].slot, r->config))
                continue;
            make_name(r->names->rules[i].pattern, r->prefix, blocks[j], known);
            if (suggest_try(&suggestion, known))
                snprintf(closest, NAME_BYTES, "%s", known);
        }
    return suggestion.distance == 0;
}

/* Every tensor must be used or ignored: any other tensor belongs to a different model. */
static enum vit_status check_all_used(const struct resolution *r)
{
    const struct tensor *first = NULL;
    char closest[NAME_BYTES] = "", others[40] = "";
    size_t unexpected = 0;

    for (size_t i = 0; i < r->tensors->count; i++) {
        const struct tensor *const tensor = &r->tensors->entries[i];
        if (r->uses[i].rule || is_ignored(r, tensor))
            continue;
        first = first ? first : tensor;
        unexpected++;
    }
    if (!first)
        return VIT_OK;
    if (unexpected > 1)
        snprintf(others, sizeof others, " (one of %zu)", unexpected);
    if (find_closest(r, first->name, closest))
        return fail_tensor(r->err, VIT_EFORMAT, first->path, first->name,
                           "unexpected tensor%s: the configuration does not use it", others);
    return fail_tensor(r->err, VIT_EFORMAT, first->path, first->name,
                       "unexpected tensor%s: expected a name like %s", others, closest);
}

enum vit_status names_resolve(const struct tensor_names *names, const struct vit_config *config,
                              const struct tensors *tensors, struct tensor_source *sources,
                              struct tensor_use *uses, struct vit_error *err)
{
    const struct resolution r = { .names = names,
                                  .prefix = find_prefix(names, tensors),
                                  .config = config,
                                  .traits = config_traits(config),
                                  .tensors = tensors,
                                  .sources = sources,
                                  .uses = uses,
                                  .err = err };
    enum vit_status status;

    if ((status = for_each_rule(&r, find_source)) || (status = for_each_rule(&r, check_found)))
        return status;
    return check_all_used(&r);
}
