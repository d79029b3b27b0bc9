/* weights.c - plans the weights of a configuration, then reads them into one block of memory */
#include "model/weights.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/status.h"
#include "config/derived.h"
#include "config/pos_embed.h"
#include "model/packed_weights.h"
#include "model/precision.h"
#include "model/progress.h"
#include "model/tokenizer.h"
#include "vit/inspect.h"

/* --- the plan */

static void plan_block(struct weight_plan *plan, const struct vit_config *c, size_t i,
                       struct block *b)
{
    const size_t inner = config_inner(c), head_dim = config_head_dim(c);

    plan_norm(plan, SLOT_PAIR(NORM1), i, c->dim, &b->norm1);
    plan_linear(plan, SLOT_PAIR(QKV), i, c->dim, 3 * inner, !c->no_qkv_bias && !c->no_key_bias,
                &b->qkv);
    if (c->no_key_bias) {
        plan_floats(plan, SLOT_QKV_BIAS, i, 2 * inner, &b->qv_bias);
        plan_reserve(plan, 3 * inner, &b->qkv.bias);
    }
    if (c->qk_norm) {
        plan_norm(plan, SLOT_PAIR(Q_NORM), i, head_dim, &b->q_norm);
        plan_norm(plan, SLOT_PAIR(K_NORM), i, head_dim, &b->k_norm);
    }
    if (c->attention_norm)
        plan_norm(plan, SLOT_PAIR(ATTENTION_NORM), i, inner, &b->attention_norm);
    if (!c->no_proj)
        plan_linear(plan, SLOT_PAIR(PROJ), i, inner, c->dim, !c->no_proj_bias, &b->proj);
    if (c->layer_scale)
        plan_floats(plan, SLOT_GAMMA1, i, c->dim, &b->gamma1);
    plan_norm(plan, SLOT_PAIR(NORM2), i, c->dim, &b->norm2);
    plan_linear(plan, SLOT_PAIR(FC1), i, c->dim, config_fc1_rows(c), !c->no_mlp_bias, &b->fc1);
    if (c->activation == VIT_ACTIVATION_PRELU)
        plan_floats(plan, SLOT_SLOPE, i, 1, &b->slope);
    if (c->mlp_norm)
        plan_norm(plan, SLOT_PAIR(MLP_NORM), i, c->mlp_dim, &b->mlp_norm);
    plan_linear(plan, SLOT_PAIR(FC2), i, c->mlp_dim, c->dim, !c->no_mlp_bias, &b->fc2);
    if (c->layer_scale)
        plan_floats(plan, SLOT_GAMMA2, i, c->dim, &b->gamma2);
}

static void plan_map_pool(struct weight_plan *plan, const struct vit_config *c, struct map_pool *p)
{
    const size_t dim = c->dim, mlp_dim = config_pool_mlp_dim(c);

    plan_floats(plan, SLOT_POOL_QUERY, 0, dim, &p->query);
    plan_linear_rows(plan, SLOT_PAIR(POOL_QKV), 0, dim, dim, &p->q);
    plan_linear_rows(plan, SLOT_PAIR(POOL_QKV), dim, dim, 2 * dim, &p->kv);
    plan_linear(plan, SLOT_PAIR(POOL_PROJ), 0, dim, dim, true, &p->proj);
    plan_norm(plan, SLOT_PAIR(POOL_NORM), 0, dim, &p->norm);
    plan_linear(plan, SLOT_PAIR(POOL_FC1), 0, dim, mlp_dim, true, &p->fc1);
    plan_linear(plan, SLOT_PAIR(POOL_FC2), 0, mlp_dim, dim, true, &p->fc2);
}

static void plan_head(struct weight_plan *plan, const struct vit_config *c, struct weights *w)
{
    const size_t pooled = config_pooled(c), embedding = config_embedding(c);

    if (c->final_norm != VIT_FINAL_NORM_NONE)
        plan_norm(plan, SLOT_PAIR(NORM), 0,
                  c->final_norm == VIT_FINAL_NORM_POOLED ? pooled : c->dim, &w->norm);
    if (config_pools_by_attention(c))
        plan_map_pool(plan, c, &w->pool);
    if (c->pre_logits > 0)
        plan_linear(plan, SLOT_PAIR(PRE_LOGITS), 0, pooled, c->pre_logits, true, &w->pre_logits);
    if (c->classes > 0)
        plan_linear(plan, SLOT_PAIR(HEAD), 0, embedding, c->classes, !c->no_head_bias, &w->head);
    if (c->classes > 0 && config_head_count(c) == 2)
        plan_linear(plan, SLOT_PAIR(DIST_HEAD), 0, embedding, c->classes, !c->no_head_bias,
                    &w->dist_head);
}

static void plan_weights(struct weight_plan *plan, const struct vit_config *c, struct weights *w)
{
    tokenizer_of(c)->plan(plan, c, w->tokenizer);
    plan_reserve(plan, config_prefix(c) * c->dim, &w->prefix);
    if (c->pre_norm)
        plan_norm(plan, SLOT_PAIR(PRE_NORM), 0, c->dim, &w->pre_norm);
    for (size_t i = 0; i < c->depth; i++)
        plan_block(plan, c, i, &w->blocks[i]);
    plan_head(plan, c, w);
    positions_plan(plan, c, &w->positions);
    block_positions_plan(plan, c, &w->block_positions);
}

/* The length of the list of layers, which not every item is one of; not 0. */
static size_t layer_capacity(const struct weight_plan *plan)
{
    return plan->count + 1;
}

/* The layers of a plan whose kernels are chosen; false: no memory. */
static bool list_layers(const struct weight_plan *plan, struct weights *w)
{
    w->layers = memory_zeroed(&w->memory, layer_capacity(plan), sizeof *w->layers);
    if (!w->layers)
        return false;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        struct layer *layer = &w->layers[w->layer_count];
        if (!plan_is_linear(item))
            continue;
        if (item->first_row > 0) /* more rows of the last one */
            layer--;
        else
            w->layer_count++;
        layer->slot = item->slot;
        layer->index = item->index;
        layer->inputs = item->columns;
        layer->outputs += item->rows;
        layer->bytes += vit_packed_bytes(item->packed->kernel, item->rows, item->columns);
        layer->precision = precision_of(plan->kernels, item->packed);
    }
    return true;
}

/* --- reading */

/* Refuses finite numbers that the number type of a matrix does not have; they begin at `first`. */
static enum vit_status check_range(const struct weight_plan *plan, const struct weight_source *from,
                                   const struct plan_item *item, size_t first, size_t count,
                                   const float *x, struct vit_error *err)
{
    const enum vit_precision precision = precision_of(plan->kernels, item->packed);
    const float max = precision_row(precision)->max_weight;
    struct vit_error why;

    for (size_t i = 0; i < count && max > 0.0f && from->refuse; i++) {
        if (!(fabsf(x[i]) > max) || isinf(x[i]))
            continue;
        fail(&why, VIT_EUNSUPPORTED, "expected numbers within ±%g for %s, found %.9g", (double)max,
             vit_value_name("precision", (int)precision), (double)x[i]);
        return from->refuse(from->from, item->slot, item->index, first + i, why.message, err);
    }
    return VIT_OK;
}

/* Packs the rows of an item on the way; rows[] holds a chunk of any item. */
static enum vit_status read_packed(const struct weight_plan *plan,
                                   const struct weight_source *source, const struct plan_item *item,
                                   float *rows, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t row = 0, count; row < item->rows && !status; row += count) {
        count = vit_packed_chunk(item->packed, row);
        const size_t first = (item->first_row + row) * item->columns, n = count * item->columns;
        status = source->read(source->from, item->slot, item->index, first, n, rows, err);
        if (!status)
            status = check_range(plan, source, item, first, n, rows, err);
        if (!status)
            vit_pack(item->packed, row, count, rows, item->columns, 1);
    }
    return status;
}

/* widest[VIT_MATMUL_PAIRS] */
static void note_widest(const struct vit_kernels *kernels, const struct vit_packed *packed,
                        struct vit_packed *widest)
{
    struct vit_packed *const of_pair = &widest[packed->kernel - kernels->matmul];

    if (!of_pair->kernel || packed->k > of_pair->k)
        *of_pair = *packed;
}

static void note_all_widest(struct weights *w)
{
    for (size_t i = 0; i < w->plan.count; i++)
        if (w->plan.items[i].packed)
            note_widest(w->plan.kernels, w->plan.items[i].packed, w->widest);
}

static size_t count_parameters(const struct weight_plan *plan, const struct vit_config *c,
                               const struct weight_source *source)
{
    struct block_positions_tensor tensors[BLOCK_POSITIONS_TENSORS];
    struct prefix_part parts[PREFIX_PARTS];
    size_t count = 0;

    block_positions_tensors(source->stored, tensors);
    for (size_t i = 0; i < BLOCK_POSITIONS_TENSORS; i++)
        count += tensors[i].copies * tensors[i].rows * tensors[i].columns;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (item->slot != SLOT_COUNT && !item->again)
            count += item->rows * item->columns;
    }
    prefix_parts(c, parts);
    for (size_t i = 0; i < PREFIX_PARTS; i++)
        count += parts[i].tokens * c->dim;
    return count + (config_learns_positions(c) ? config_positions(source->stored) * c->dim : 0);
}

static enum vit_status read_items(const struct weight_plan *plan,
                                  const struct weight_source *source, struct progress *progress,
                                  struct vit_error *err)
{
    size_t max_floats = 1;
    enum vit_status status = VIT_OK;

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        const size_t floats = item->packed ? vit_packed_chunk(item->packed, 0) * item->columns : 0;
        max_floats = floats > max_floats ? floats : max_floats;
    }
    float *const rows = malloc(max_floats * sizeof *rows);
    if (!rows)
        return fail(err, VIT_ENOMEM, "no memory to read weights into");
    for (size_t i = 0; i < plan->count && !status; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (item->slot == SLOT_COUNT)
            continue;
        progress->again = item->again;
        if (item->packed)
            status = read_packed(plan, source, item, rows, err);
        else
            status =
                source->read(source->from, item->slot, item->index, item->first_row * item->columns,
                             item->rows * item->columns, *item->floats, err);
    }
    free(rows);
    progress->again = false;
    return status;
}

/* The tokens before the patches, without positions. */
static enum vit_status read_prefix(const struct vit_config *c, const struct weight_source *source,
                                   float *row, struct vit_error *err)
{
    struct prefix_part parts[PREFIX_PARTS];
    enum vit_status status = VIT_OK;

    prefix_parts(c, parts);
    for (size_t i = 0; i < PREFIX_PARTS && !status; i++) {
        const size_t count = parts[i].tokens * c->dim;
        if (count > 0)
            status = source->read(source->from, parts[i].slot, 0, 0, count, row, err);
        row += count;
    }
    return status;
}

/* What the blocks have beside the tensors that they read: the whole bias of qkv, and positions. */
static enum vit_status complete_blocks(const struct vit_config *c,
                                       const struct weight_source *source, struct weights *w,
                                       struct vit_error *err)
{
    const size_t inner = config_inner(c);
    const enum vit_status status = block_positions_load(c, source, &w->block_positions, err);

    for (size_t i = 0; !status && i < c->depth; i++) {
        struct block *const b = &w->blocks[i];
        b->position = block_position(c, &w->block_positions, i);
        if (!c->no_key_bias)
            continue;
        memcpy(b->qkv.bias, b->qv_bias, inner * sizeof *b->qv_bias);
        memset(b->qkv.bias + inner, 0, inner * sizeof *b->qv_bias);
        memcpy(b->qkv.bias + 2 * inner, b->qv_bias + inner, inner * sizeof *b->qv_bias);
    }
    return status;
}

static enum vit_status read_weights(const struct vit_config *config, struct progress *progress,
                                    struct weights *w, struct vit_error *err)
{
    const struct weight_source source = progress_source(progress);
    enum vit_status status;

    plan_carve(&w->plan, &w->arena);
    if (!arena_allocate(&w->memory, &w->arena))
        return fail(err, VIT_ENOMEM, "no memory for the weights, %zu bytes", w->arena.used);
    plan_carve(&w->plan, &w->arena);
    if ((status = read_items(&w->plan, &source, progress, err)) ||
        (status = read_prefix(config, &source, w->prefix, err)) ||
        (status = complete_blocks(config, &source, w, err)))
        return status;
    return positions_load(config, &source, &w->positions, w->prefix, err);
}

/* --- a file of packed weights */

/* The source that reads what the file has as it is stored. */
struct mapped_source {
    const struct packed_description *description;
    const struct packed_map *map;
};

static enum vit_status mapped_read(void *from, enum tensor_slot slot, size_t index, size_t first,
                                   size_t count, float *out, struct vit_error *err)
{
    const struct mapped_source *const s = from;
    const float *const tensor = packed_extra(s->description, s->map, slot, index);

    (void)err;
    memcpy(out, tensor + first, count * sizeof *out);
    return VIT_OK;
}

/* Memory for what no tensor fills, except `shared`. */
static void carve_reserved(const struct weight_plan *plan, float *const *shared,
                           struct arena *arena)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (item->slot == SLOT_COUNT && item->floats != shared)
            *item->floats = arena_floats(arena, item->rows * item->columns);
    }
}

/* What depends on the image size is computed from what the file has. */
static enum vit_status place_weights(const struct vit_config *config,
                                     const struct weight_source *from,
                                     struct packed_description *description, struct weights *w,
                                     struct vit_error *err)
{
    struct mapped_source mapped = { description, &w->map };
    struct weight_source source = *from;
    const float *const table = positions_same_grid(config, from)
                                   ? packed_extra(description, &w->map, SLOT_POSITIONS, 0)
                                   : NULL;
    float *const *const shared = table ? &w->positions.patches : NULL;
    enum vit_status status;

    source.from = &mapped;
    source.read = mapped_read;
    packed_place(description, &w->map, &w->plan);
    carve_reserved(&w->plan, shared, &w->arena);
    if (!arena_allocate(&w->memory, &w->arena))
        return fail(err, VIT_ENOMEM, "no memory for positions, %zu bytes", w->arena.used);
    carve_reserved(&w->plan, shared, &w->arena);
    if ((status = read_prefix(config, &source, w->prefix, err)) ||
        (status = complete_blocks(config, &source, w, err)))
        return status;
    if (!table)
        return positions_load(config, &source, &w->positions, w->prefix, err);
    positions_share(config, table, &w->positions, w->prefix);
    return VIT_OK;
}

static enum vit_status map_weights(const struct vit_config *config,
                                   const struct vit_model_options *options,
                                   const struct weight_source *source, struct weights *w,
                                   struct vit_error *err)
{
    struct packed_description *const d = calloc(1, sizeof *d);
    enum vit_status status;

    if (!d)
        return fail(err, VIT_ENOMEM, "no memory to describe the weights");
    if (!(status = packed_describe(&w->plan, options->precision, source, d, err)) &&
        !(status = packed_file_map(options->packed, &d->header, &w->map, err)))
        status = place_weights(config, source, d, w, err);
    if (!status && options->digest)
        status = checkpoint_digest(source->files, &d->header, &w->digest, err);
    packed_description_free(d);
    free(d);
    return status;
}

/* --- the whole */

/* The structs and the plan, without memory for its arrays. */
static enum vit_status prepare(const struct vit_config *config, const struct vit_kernels *kernels,
                               const struct vit_model_options *options, struct weights *w,
                               struct vit_error *err)
{
    struct weight_plan *const plan = &w->plan;
    enum vit_status status;

    *plan = (struct weight_plan){ .kernels = kernels, .config = config };
    w->tokenizer_bytes = tokenizer_of(config)->weights_bytes;
    w->tokenizer = memory_zeroed(&w->memory, 1, w->tokenizer_bytes);
    w->block_capacity = config->depth + 1; /* not 0 bytes */
    w->blocks = memory_zeroed(&w->memory, w->block_capacity, sizeof *w->blocks);
    if (!w->tokenizer || !w->blocks)
        return fail(err, VIT_ENOMEM, "no memory for %zu blocks", config->depth);
    plan_weights(plan, config, w);
    if (!plan->no_memory &&
        (status = precision_choose(plan, options->precision, options->keep, err)))
        return status;
    if (plan->no_memory || !list_layers(plan, w))
        return fail(err, VIT_ENOMEM, "no memory for a plan of the weights");
    return VIT_OK;
}

enum vit_status weights_measure(const struct vit_config *config, const struct vit_kernels *kernels,
                                const struct vit_model_options *options, size_t *bytes,
                                struct vit_error *err)
{
    struct weights w = { 0 };
    enum vit_status status = prepare(config, kernels, options, &w, err);

    if (!status) {
        if (options->packed)
            carve_reserved(&w.plan, NULL, &w.arena);
        else
            plan_carve(&w.plan, &w.arena);
        const size_t arena = arena_measured(&w.arena);
        *bytes = w.tokenizer_bytes + w.block_capacity * sizeof *w.blocks +
                 layer_capacity(&w.plan) * sizeof *w.layers + arena;
        if (arena == 0 || *bytes < arena)
            status =
                fail(err, VIT_ENOMEM, "no memory for the weights: more than %zu bytes", SIZE_MAX);
    }
    weights_free(&w);
    return status;
}

enum vit_status weights_load(const struct vit_config *config, const struct vit_kernels *kernels,
                             const struct vit_model_options *options,
                             const struct weight_source *source, struct weights *weights,
                             struct vit_error *err)
{
    enum vit_status status = prepare(config, kernels, options, weights, err);

    if (status)
        return status;
    weights->parameters = count_parameters(&weights->plan, config, source);
    struct progress progress = { source, options, .total = weights->parameters };
    status = options->packed ? map_weights(config, options, source, weights, err)
                             : read_weights(config, &progress, weights, err);
    if (!status && options->digest && !options->packed)
        status = checkpoint_digest(source->files, NULL, &weights->digest, err);
    note_all_widest(weights);
    return status ? status : progress_end(&progress, err);
}

void weights_free(struct weights *w)
{
    const struct memory memory = w->memory;

    memory_release(&memory, w->layers, layer_capacity(&w->plan) * sizeof *w->layers);
    plan_free(&w->plan);
    arena_free(&memory, &w->arena);
    packed_file_unmap(&w->map);
    memory_release(&memory, w->tokenizer, w->tokenizer_bytes);
    memory_release(&memory, w->blocks, w->block_capacity * sizeof *w->blocks);
    *w = (struct weights){ 0 };
}
