/* weights.c - one block of memory for all weights, filled tensor by tensor and packed on the way */
#include <stdlib.h>

#include "base/config.h"
#include "base/status.h"
#include "model/model.h"
#include "ops/ops.h"

static void carve_linear(struct arena *arena, const struct vit_kernels *kernels,
                         struct linear *linear, size_t in, size_t out, bool bias)
{
    linear->in = in;
    linear->out = out;
    linear->weight = arena_floats(arena, vit_matmul_packed_size(kernels, out, in));
    linear->bias = bias ? arena_floats(arena, out) : NULL;
}

static void carve_norm(struct arena *arena, struct norm *norm, size_t dim)
{
    norm->gamma = arena_floats(arena, dim);
    norm->beta = arena_floats(arena, dim);
}

static void carve(struct vit_model *m)
{
    const struct vit_config *c = &m->config;
    const struct vit_kernels *kernels = m->kernels;
    struct arena *arena = &m->weights;

    carve_linear(arena, kernels, &m->patch, c->channels * c->patch * c->patch, c->dim, true);
    m->cls_token = arena_floats(arena, c->dim);
    m->positions = arena_floats(arena, config_tokens(c) * c->dim);
    for (size_t i = 0; i < c->depth; i++) {
        struct block *b = &m->blocks[i];
        carve_norm(arena, &b->norm1, c->dim);
        carve_linear(arena, kernels, &b->qkv, c->dim, 3 * c->dim, c->qkv_bias);
        carve_linear(arena, kernels, &b->proj, c->dim, c->dim, true);
        carve_norm(arena, &b->norm2, c->dim);
        carve_linear(arena, kernels, &b->fc1, c->dim, c->mlp_dim, true);
        carve_linear(arena, kernels, &b->fc2, c->mlp_dim, c->dim, true);
        b->gamma1 = c->layer_scale ? arena_floats(arena, c->dim) : NULL;
        b->gamma2 = c->layer_scale ? arena_floats(arena, c->dim) : NULL;
    }
    carve_norm(arena, &m->norm, c->dim);
    carve_linear(arena, kernels, &m->head, c->dim, c->classes, true);
}

/* A loading in progress. Once a read has failed the rest are passed over. */
struct loader {
    struct vit_model *model;
    const struct weight_source *source;
    float *rows; /* as many rows of the widest linear layer as a panel has columns */
    enum vit_status status;
    struct vit_error *err;
};

static void load(struct loader *l, enum tensor_role role, size_t block, size_t first, size_t count,
                 float *out)
{
    if (l->status != VIT_OK || !out)
        return;
    l->status = l->source->read(l->source->from, role, block, first, count, out, l->err);
    l->model->parameters += count;
}

static void load_linear(struct loader *l, enum tensor_role weight, enum tensor_role bias,
                        size_t block, const struct linear *linear)
{
    const struct vit_kernels *kernels = l->model->kernels;
    const size_t in = linear->in, panels = matmul_panels(kernels, linear->out);

    for (size_t p = 0; p < panels; p++) {
        const struct panel at = matmul_panel(kernels, linear->out, p);
        load(l, weight, block, at.first * in, at.columns * in, l->rows);
        kernels->matmul.pack(at.columns, in, l->rows, in, 1,
                             linear->weight + p * kernels->matmul.nr * in);
    }
    load(l, bias, block, 0, linear->out, linear->bias);
}

static void load_norm(struct loader *l, enum tensor_role gamma, enum tensor_role beta, size_t block,
                      const struct norm *norm)
{
    load(l, gamma, block, 0, l->model->config.dim, norm->gamma);
    load(l, beta, block, 0, l->model->config.dim, norm->beta);
}

static void load_all(struct loader *l)
{
    struct vit_model *m = l->model;
    const struct vit_config *c = &m->config;

    load_linear(l, T_PATCH_WEIGHT, T_PATCH_BIAS, 0, &m->patch);
    load(l, T_CLS_TOKEN, 0, 0, c->dim, m->cls_token);
    for (size_t i = 0; i < c->depth; i++) {
        const struct block *b = &m->blocks[i];
        load_norm(l, T_NORM1_WEIGHT, T_NORM1_BIAS, i, &b->norm1);
        load_linear(l, T_QKV_WEIGHT, T_QKV_BIAS, i, &b->qkv);
        load_linear(l, T_PROJ_WEIGHT, T_PROJ_BIAS, i, &b->proj);
        load_norm(l, T_NORM2_WEIGHT, T_NORM2_BIAS, i, &b->norm2);
        load_linear(l, T_FC1_WEIGHT, T_FC1_BIAS, i, &b->fc1);
        load_linear(l, T_FC2_WEIGHT, T_FC2_BIAS, i, &b->fc2);
        load(l, T_GAMMA1, i, 0, c->dim, b->gamma1);
        load(l, T_GAMMA2, i, 0, c->dim, b->gamma2);
    }
    load_norm(l, T_NORM_WEIGHT, T_NORM_BIAS, 0, &m->norm);
    load_linear(l, T_HEAD_WEIGHT, T_HEAD_BIAS, 0, &m->head);

    const size_t counted = m->parameters;
    if (l->source->has_positions)
        load(l, T_POSITIONS, 0, 0, config_tokens(c) * c->dim, m->positions);
    else
        sinusoid_positions(config_tokens(c), c->dim, m->positions);
    if (c->positions == VIT_POSITIONS_SINUSOID) /* fixed, not trained */
        m->parameters = counted;
}

static size_t widest(const struct vit_model *m)
{
    size_t in = m->patch.in > m->config.mlp_dim ? m->patch.in : m->config.mlp_dim;
    return in > m->config.dim ? in : m->config.dim;
}

enum vit_status weights_load(struct vit_model *m, const struct weight_source *source,
                             struct vit_error *err)
{
    struct loader l = { .model = m, .source = source, .err = err };

    m->blocks = calloc(m->config.depth, sizeof *m->blocks);
    if (m->blocks)
        carve(m);
    if (!m->blocks || !arena_allocate(&m->weights))
        return fail(err, VIT_ENOMEM, "no memory for the weights, %zu bytes", m->weights.used);
    carve(m);

    l.rows = malloc(m->kernels->matmul.nr * widest(m) * sizeof *l.rows);
    if (!l.rows)
        return fail(err, VIT_ENOMEM, "no memory to read weights into");
    load_all(&l);
    free(l.rows);
    return l.status;
}

void weights_free(struct vit_model *m)
{
    arena_free(&m->weights);
    free(m->blocks);
    m->blocks = NULL;
}
