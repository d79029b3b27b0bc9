/* weights.c - one block of memory for all weights, filled tensor by tensor and packed on the way */
#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "config/derived.h"
#include "config/tokenizer.h"
#include "model/model.h"
#include "model/positions.h"

/*
 * A loading: first a pass that measures, then one that carves and fills. Once something has failed
 * the rest is passed over.
 */
struct loader {
    struct vit_model *model;
    const struct weight_source *source; /* NULL: only carve */
    unsigned traits;
    float *rows; /* of a linear layer, on their way to be packed */
    size_t rows_floats;
    enum vit_status status;
    struct vit_error *err;
};

static void load(struct loader *l, enum tensor_slot slot, size_t index, size_t first, size_t count,
                 float *out)
{
    if (!l->source || l->status != VIT_OK)
        return;
    l->status = l->source->read(l->source->from, slot, index, first, count, out, l->err);
    l->model->parameters += count;
}

/* [count] numbers, where the model has them. */
static float *vector(struct loader *l, bool has, enum tensor_slot slot, size_t index, size_t count)
{
    if (!has)
        return NULL;
    float *const out = arena_floats(&l->model->weights, count);
    load(l, slot, index, 0, count, out);
    return out;
}

static bool has(const struct loader *l, unsigned traits)
{
    return (traits & ~l->traits) == 0;
}

/* A weight [out][in] in the number type that the layer's kernel reads. */
static struct vit_packed carve_packed(struct loader *l, size_t out, size_t in)
{
    struct vit_packed weight = { &l->model->kernels->matmul[VIT_MATMUL_F32_F32], out, in, NULL };
    const size_t chunk = vit_packed_chunk(&weight, 0) * in;
    const size_t converted = vit_matmul_scratch_bytes(&weight, 1);

    weight.panels = arena_bytes(&l->model->weights, vit_packed_bytes(weight.kernel, out, in));
    l->rows_floats = chunk > l->rows_floats ? chunk : l->rows_floats;
    if (converted > l->model->converted_bytes)
        l->model->converted_bytes = converted;
    return weight;
}

/*
 * Rows first_row .. first_row + out − 1 of a slot's weight [..][in], and of its bias, which is
 * the next slot.
 */
static void linear_rows(struct loader *l, enum tensor_slot weight, size_t index, size_t first_row,
                        size_t in, size_t out, bool bias, struct linear *linear)
{
    linear->weight = carve_packed(l, out, in);
    linear->bias = bias ? arena_floats(&l->model->weights, out) : NULL;
    if (!l->source)
        return;
    for (size_t row = 0, count; row < out && l->status == VIT_OK; row += count) {
        count = vit_packed_chunk(&linear->weight, row);
        load(l, weight, index, (first_row + row) * in, count * in, l->rows);
        vit_pack(&linear->weight, row, count, l->rows, in, 1);
    }
    if (bias)
        load(l, weight + 1, index, first_row, out, linear->bias);
}

static void linear(struct loader *l, enum tensor_slot weight, size_t index, size_t in, size_t out,
                   bool bias, struct linear *linear)
{
    linear_rows(l, weight, index, 0, in, out, bias, linear);
}

static void norm(struct loader *l, enum tensor_slot gamma, size_t index, size_t length,
                 struct norm *norm)
{
    norm->length = length;
    norm->gamma = vector(l, true, gamma, index, length);
    norm->beta = vector(l, true, gamma + 1, index, length);
}

static void token_stage(struct loader *l, size_t i)
{
    const struct vit_config *c = &l->model->config;
    const size_t in = config_split_length(c, i), dim = c->t2t_dim, features = config_features(c);
    const bool performer = has(l, HAS_PERFORMER);
    struct stage *s = &l->model->stages[i];

    norm(l, SLOT_TOKEN_NORM1_WEIGHT, i, in, &s->norm1);
    /* T2T-ViT's own transformers never take the blocks' bias, the series' do */
    const bool bias = performer || (c->tokenizer == VIT_TOKENIZER_T2T_QK_SCALE && !c->no_qkv_bias);
    linear(l, SLOT_TOKEN_QKV_WEIGHT, i, in, 3 * dim, bias, &s->qkv);
    if (performer) {
        s->directions = vector(l, true, SLOT_TOKEN_FEATURES, i, features * dim);
        s->features = (struct linear){ carve_packed(l, features, dim), NULL };
        if (l->source && l->status == VIT_OK)
            vit_pack(&s->features.weight, 0, features, s->directions, dim, 1);
    }
    linear(l, SLOT_TOKEN_PROJ_WEIGHT, i, dim, dim, true, &s->proj);
    norm(l, SLOT_TOKEN_NORM2_WEIGHT, i, dim, &s->norm2);
    linear(l, SLOT_TOKEN_FC1_WEIGHT, i, dim, c->t2t_mlp_dim, true, &s->fc1);
    linear(l, SLOT_TOKEN_FC2_WEIGHT, i, c->t2t_mlp_dim, dim, true, &s->fc2);
}

static void tokenizer(struct loader *l)
{
    struct vit_model *m = l->model;
    const struct vit_config *c = &m->config;
    const size_t in =
        has(l, HAS_T2T) ? config_split_length(c, SPLITS - 1) : c->channels * c->patch * c->patch;

    for (size_t i = 0; has(l, HAS_T2T) && i < T2T_BLOCKS; i++)
        token_stage(l, i);
    if (has(l, HAS_PATCH_NORMS))
        norm(l, SLOT_PATCH_NORM1_WEIGHT, 0, in, &m->patch_norm1);
    linear(l, SLOT_PATCH_WEIGHT, 0, in, c->dim, has(l, HAS_PATCH_BIAS), &m->patch);
    if (has(l, HAS_PATCH_NORMS))
        norm(l, SLOT_PATCH_NORM2_WEIGHT, 0, c->dim, &m->patch_norm2);
}

/* The tokens before the patches', without positions. */
static void prefix(struct loader *l)
{
    struct vit_model *m = l->model;
    const size_t dim = m->config.dim, registers = m->config.registers;
    float *row = m->prefix = arena_floats(&m->weights, config_prefix(&m->config) * dim);

    if (!l->source)
        return;
    if (has(l, HAS_CLASS_TOKEN)) {
        load(l, SLOT_CLS_TOKEN, 0, 0, dim, row);
        row += dim;
    }
    if (has(l, HAS_DISTILLATION)) {
        load(l, SLOT_DIST_TOKEN, 0, 0, dim, row);
        row += dim;
    }
    if (has(l, HAS_REGISTERS))
        load(l, SLOT_REGISTERS, 0, 0, registers * dim, row);
}

/* A table [positions][dim] of the model's grid: the checkpoint's, resized if need be, or fixed. */
static enum vit_status position_table(struct loader *l, float *table)
{
    struct vit_model *m = l->model;
    const struct vit_config *c = &m->config, *stored = l->source->stored;
    const size_t dim = c->dim, others = config_positions(c) - config_patches(c);
    const struct config_grid from = config_grid(stored), to = config_grid(c);
    const bool same = from.rows == to.rows && from.columns == to.columns;

    if (c->pos_embed == VIT_POS_EMBED_SINCOS_2D) {
        sincos_2d_positions(to, dim, table);
        return VIT_OK;
    }
    if (!l->source->has_positions || (!same && l->source->resize == RESIZE_NEVER)) {
        sinusoid_positions(config_positions(c), dim, table);
        return VIT_OK;
    }
    const size_t counted = m->parameters;
    load(l, SLOT_POSITIONS, 0, 0, others * dim, table);
    if (same) {
        load(l, SLOT_POSITIONS, 0, others * dim, from.rows * from.columns * dim,
             table + others * dim);
    } else {
        const size_t old = from.rows * from.columns * dim;
        float *const before = malloc(old * sizeof *before);
        if (!before)
            return fail(l->err, VIT_ENOMEM, "no memory to resize positions");
        load(l, SLOT_POSITIONS, 0, others * dim, old, before);
        if (l->status == VIT_OK)
            l->status = positions_resize(l->source->resize, dim, from, before, to,
                                         table + others * dim, l->err);
        free(before);
    }
    if (c->pos_embed != VIT_POS_EMBED_LEARNED) /* fixed, not trained */
        m->parameters = counted;
    return l->status;
}

/* Positions of patches stay a table; those of other tokens are added to them once and for all. */
static void positions(struct loader *l)
{
    struct vit_model *m = l->model;
    const struct vit_config *c = &m->config;
    const size_t patches = config_patches(c) * c->dim;

    if (c->pos_embed == VIT_POS_EMBED_NONE)
        return;
    m->positions = arena_floats(&m->weights, patches);
    if (!l->source || l->status != VIT_OK)
        return;
    const size_t others = config_positions(c) * c->dim - patches;
    float *const table = malloc((others + patches) * sizeof *table);
    if (!table) {
        l->status = fail(l->err, VIT_ENOMEM, "no memory for a table of positions");
        return;
    }
    if ((l->status = position_table(l, table)) == VIT_OK) {
        for (size_t i = 0; i < others; i++)
            m->prefix[i] += table[i];
        memcpy(m->positions, table + others, patches * sizeof *table);
    }
    free(table);
}

static void block(struct loader *l, size_t i)
{
    const struct vit_config *c = &l->model->config;
    const size_t inner = config_inner(c), head_dim = config_head_dim(c);
    struct block *b = &l->model->blocks[i];

    norm(l, SLOT_NORM1_WEIGHT, i, c->dim, &b->norm1);
    linear(l, SLOT_QKV_WEIGHT, i, c->dim, 3 * inner, !c->no_qkv_bias, &b->qkv);
    if (has(l, HAS_QK_NORM)) {
        norm(l, SLOT_Q_NORM_WEIGHT, i, head_dim, &b->q_norm);
        norm(l, SLOT_K_NORM_WEIGHT, i, head_dim, &b->k_norm);
    }
    if (has(l, HAS_PROJ))
        linear(l, SLOT_PROJ_WEIGHT, i, inner, c->dim, has(l, HAS_PROJ_BIAS), &b->proj);
    b->gamma1 = vector(l, c->layer_scale, SLOT_GAMMA1, i, c->dim);
    norm(l, SLOT_NORM2_WEIGHT, i, c->dim, &b->norm2);
    linear(l, SLOT_FC1_WEIGHT, i, c->dim, c->gated_mlp ? 2 * c->mlp_dim : c->mlp_dim, true,
           &b->fc1);
    linear(l, SLOT_FC2_WEIGHT, i, c->mlp_dim, c->dim, true, &b->fc2);
    b->gamma2 = vector(l, c->layer_scale, SLOT_GAMMA2, i, c->dim);
}

static void map_pool(struct loader *l)
{
    const struct vit_config *c = &l->model->config;
    struct map_pool *p = &l->model->pool;

    p->query = vector(l, true, SLOT_POOL_QUERY, 0, c->dim);
    linear_rows(l, SLOT_POOL_QKV_WEIGHT, 0, 0, c->dim, c->dim, true, &p->q);
    linear_rows(l, SLOT_POOL_QKV_WEIGHT, 0, c->dim, c->dim, 2 * c->dim, true, &p->kv);
    linear(l, SLOT_POOL_PROJ_WEIGHT, 0, c->dim, c->dim, true, &p->proj);
    norm(l, SLOT_POOL_NORM_WEIGHT, 0, c->dim, &p->norm);
    linear(l, SLOT_POOL_FC1_WEIGHT, 0, c->dim, c->mlp_dim, true, &p->fc1);
    linear(l, SLOT_POOL_FC2_WEIGHT, 0, c->mlp_dim, c->dim, true, &p->fc2);
}

static void head(struct loader *l)
{
    struct vit_model *m = l->model;
    const struct vit_config *c = &m->config;
    const size_t pooled = config_pooled(c), embedding = config_embedding(c);
    const bool bias = has(l, HAS_HEAD_BIAS);

    if (c->final_norm != VIT_FINAL_NORM_NONE)
        norm(l, SLOT_NORM_WEIGHT, 0, c->final_norm == VIT_FINAL_NORM_POOLED ? pooled : c->dim,
             &m->norm);
    if (has(l, HAS_MAP_POOL))
        map_pool(l);
    if (has(l, HAS_PRE_LOGITS))
        linear(l, SLOT_PRE_LOGITS_WEIGHT, 0, pooled, c->pre_logits, true, &m->pre_logits);
    if (has(l, HAS_HEAD))
        linear(l, SLOT_HEAD_WEIGHT, 0, embedding, c->classes, bias, &m->head);
    if (has(l, HAS_HEAD | HAS_DISTILLATION))
        linear(l, SLOT_DIST_HEAD_WEIGHT, 0, embedding, c->classes, bias, &m->dist_head);
}

static void everything(struct loader *l)
{
    struct vit_model *m = l->model;

    tokenizer(l);
    prefix(l);
    if (has(l, HAS_PRE_NORM))
        norm(l, SLOT_PRE_NORM_WEIGHT, 0, m->config.dim, &m->pre_norm);
    for (size_t i = 0; i < m->config.depth; i++)
        block(l, i);
    head(l);
    positions(l);
}

enum vit_status weights_load(struct vit_model *m, const struct weight_source *source,
                             struct vit_error *err)
{
    struct loader l = { .model = m, .traits = config_traits(&m->config), .err = err };

    m->blocks = calloc(m->config.depth, sizeof *m->blocks);
    if (m->blocks)
        everything(&l);
    if (!m->blocks || !arena_allocate(&m->weights))
        return fail(err, VIT_ENOMEM, "no memory for the weights, %zu bytes", m->weights.used);
    l.rows = malloc(l.rows_floats * sizeof *l.rows);
    if (!l.rows)
        return fail(err, VIT_ENOMEM, "no memory to read weights into");
    l.source = source;
    everything(&l);
    free(l.rows);
    return l.status;
}

void weights_free(struct vit_model *m)
{
    arena_free(&m->weights);
    free(m->blocks);
    m->blocks = NULL;
}
