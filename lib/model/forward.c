/* forward.c - the Vision Transformer's forward pass; Dosovitskiy et al. 2021, eq. 1-4 */
#include "model/forward.h"
#include "config/derived.h"
#include "config/tokenizer.h"

#include <string.h>

static const struct vit_epilogue plain = { 0 };

/* Rows of contiguous numbers, as callers have them. */
static void copy_rows(size_t rows, size_t columns, struct matrix from, struct matrix to)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(to.at + i * to.ld, from.at + i * from.ld, columns * sizeof *to.at);
}

/* x = LN?([class token and so on; patches E] + positions) */
static void embed(struct run *r, const float *image)
{
    const struct vit_model *m = r->model;
    const size_t prefix = config_prefix(&m->config), dim = m->config.dim;

    copy_rows(prefix, dim, (struct matrix){ m->prefix, dim }, r->x);
    tokenize(r, image, SPLITS, m->positions, from_row(r->x, prefix));
    if (m->config.pre_norm)
        layernorm(r, &m->pre_norm, config_tokens(&m->config), r->x, r->x);
}

/* qkv = h Wqkv + b, the queries and keys of each head normed if the model does */
static void project_qkv(struct run *r, const struct block *b)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c), inner = config_inner(c), width = config_head_dim(c);

    linear(r, &b->qkv, tokens, r->h, plain, r->qkv);
    for (size_t head = 0; c->qk_norm && head < c->heads; head++) {
        const struct matrix q = { r->qkv.at + head * width, r->qkv.ld };
        const struct matrix k = { q.at + inner, r->qkv.ld };
        layernorm(r, &b->q_norm, tokens, q, q);
        layernorm(r, &b->k_norm, tokens, k, k);
    }
}

/* h = softmax(Q Kᵀ · scale) V */
static void attend(struct run *r)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c);
    const float *q = r->qkv.at, *k = q + config_inner(c), *v = k + config_inner(c);

    vit_attention(r->model->kernels, r->parallel,
                  &(struct vit_attention_args){ .queries = tokens,
                                                .tokens = tokens,
                                                .heads = c->heads,
                                                .head_dim = config_head_dim(c),
                                                .q = q,
                                                .ldq = r->qkv.ld,
                                                .k = k,
                                                .v = v,
                                                .ldkv = r->qkv.ld,
                                                .out = r->h.at,
                                                .ld_out = r->h.ld,
                                                .scale = config_scale(c),
                                                .scratch = r->attention });
}

/* out[heads][tokens][tokens] = softmax(Q Kᵀ · scale) */
static void attention_weights(struct run *r, const struct block *b, float *out)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c);
    const float *q = r->qkv.at, *k = q + config_inner(c);

    layernorm(r, &b->norm1, tokens, r->x, r->h);
    project_qkv(r, b);
    vit_attention_weights(r->model->kernels, r->parallel,
                          &(struct vit_attention_args){ .queries = tokens,
                                                        .tokens = tokens,
                                                        .heads = c->heads,
                                                        .head_dim = config_head_dim(c),
                                                        .q = q,
                                                        .ldq = r->qkv.ld,
                                                        .k = k,
                                                        .ldkv = r->qkv.ld,
                                                        .out = out,
                                                        .scale = config_scale(c),
                                                        .scratch = r->attention });
}

/* x += y, as far as an epilogue cannot add it */
static void add_rows(const struct run *r, struct matrix y)
{
    const struct vit_config *c = &r->model->config;

    for (size_t i = 0; i < config_tokens(c); i++)
        for (size_t j = 0; j < c->dim; j++)
            r->x.at[i * r->x.ld + j] += y.at[i * y.ld + j];
}

/* x += (h Wproj + b) · γ1 */
static void project(struct run *r, const struct block *b)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c);
    const struct vit_epilogue add = { .gamma = b->gamma1,
                                      .residual = r->x.at,
                                      .ld_residual = r->x.ld };
    const struct vit_epilogue add_values = { .residual = r->qkv.at + 2 * c->dim,
                                             .ld_residual = r->qkv.ld };

    if (c->no_proj) {
        add_rows(r, r->h);
    } else if (c->value_residual) { /* the series' attention returns v + h Wproj + b */
        linear(r, &b->proj, tokens, r->h, add_values, r->mlp);
        add_rows(r, r->mlp);
    } else {
        linear(r, &b->proj, tokens, r->h, add, r->x);
    }
}

/* a = f(a) · b, of mlp = [a; b] */
static void gate(struct run *r)
{
    const struct vit_config *c = &r->model->config;
    const struct vit_activation_args args = config_activation_args(c);

    for (size_t i = 0; i < config_tokens(c); i++) {
        float *const a = r->mlp.at + i * r->mlp.ld, *const b = a + c->mlp_dim;
        r->model->kernels->activation[c->activation](c->mlp_dim, a, &args, a);
        for (size_t j = 0; j < c->mlp_dim; j++)
            a[j] *= b[j];
    }
}

/* x += (f(h W1 + b1) W2 + b2) · γ2 */
static void mlp(struct run *r, const struct block *b)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c);
    const struct vit_epilogue f = {
        .activation = c->gated_mlp ? VIT_ACTIVATION_IDENTITY : c->activation,
        .activation_args = config_activation_args(c),
    };
    const struct vit_epilogue add = { .gamma = b->gamma2,
                                      .residual = r->x.at,
                                      .ld_residual = r->x.ld };

    linear(r, &b->fc1, tokens, r->h, f, r->mlp);
    if (c->gated_mlp)
        gate(r);
    linear(r, &b->fc2, tokens, r->mlp, add, r->x);
}

static void encoder_block(struct run *r, const struct block *b)
{
    const size_t tokens = config_tokens(&r->model->config);

    layernorm(r, &b->norm1, tokens, r->x, r->h); /* h  = LN(x) */
    project_qkv(r, b);                           /* qkv = h Wqkv + b */
    attend(r);                                   /* h  = softmax(Q Kᵀ · scale) V */
    project(r, b);                               /* x += h Wproj + b */
    layernorm(r, &b->norm2, tokens, r->x, r->h); /* h  = LN(x) */
    mlp(r, b);                                   /* x += f(h W1 + b1) W2 + b2 */
}

static bool cancelled(struct run *r)
{
    if (r->cancel && !atomic_load(r->cancelled) && r->cancel(r->user))
        atomic_store(r->cancelled, true);
    return atomic_load(r->cancelled);
}

/* logits = embedding Whead + b; of a model with distillation the mean of two heads' */
static void classify(struct run *r, const float *embedding, float *logits)
{
    const struct vit_model *m = r->model;
    const size_t width = config_embedding(&m->config), classes = m->config.classes;
    const struct matrix first = { (float *)embedding, width }, out = { logits, classes };
    const struct vit_epilogue add = { .residual = logits, .ld_residual = classes };

    linear(r, &m->head, 1, first, plain, out);
    if (pool_count(&m->config) == 1)
        return;
    linear(r, &m->dist_head, 1, from_row(first, 1), add, out);
    for (size_t i = 0; i < classes; i++)
        logits[i] *= 0.5f;
}

/* What the heads see, or its mean where there are two. */
static void mean_embedding(struct run *r, const float *embedding, float *out)
{
    const size_t width = config_embedding(&r->model->config);

    memcpy(out, embedding, width * sizeof *out);
    for (size_t i = 0; pool_count(&r->model->config) == 2 && i < width; i++)
        out[i] = (embedding[i] + embedding[width + i]) * 0.5f;
}

/* What is wanted of x after the last block that it takes. */
static void finish(struct run *r, const struct wanted *wanted, float *out)
{
    const struct vit_model *m = r->model;
    const size_t tokens = config_tokens(&m->config), dim = m->config.dim;
    const bool normed = wanted->output == VIT_OUTPUT_LAST_HIDDEN_STATE &&
                        m->config.final_norm == VIT_FINAL_NORM_TOKENS;

    switch (wanted->output) {
    case VIT_OUTPUT_ATTENTION:
        attention_weights(r, &m->blocks[wanted->block], out);
        break;
    case VIT_OUTPUT_BLOCK:
    case VIT_OUTPUT_LAST_HIDDEN_STATE:
        if (normed)
            layernorm(r, &m->norm, tokens, r->x, r->h);
        copy_rows(tokens, dim, normed ? r->h : r->x, (struct matrix){ out, dim });
        break;
    case VIT_OUTPUT_EMBEDDING:
        pool_tokens(r, r->embedding);
        mean_embedding(r, r->embedding, out);
        break;
    default:
        pool_tokens(r, r->embedding);
        classify(r, r->embedding, out);
    }
}

void forward_image(struct run *r, const struct wanted *wanted, const float *image, float *out)
{
    const struct vit_model *m = r->model;
    const struct vit_config *c = &m->config;
    const size_t blocks = wanted->output == VIT_OUTPUT_BLOCK       ? wanted->block + 1
                          : wanted->output == VIT_OUTPUT_ATTENTION ? wanted->block
                                                                   : c->depth;

    if (wanted->output == VIT_OUTPUT_PATCH_EMBEDDING) {
        tokenize(r, image, SPLITS, NULL, (struct matrix){ out, c->dim });
        return;
    }
    if (wanted->output == VIT_OUTPUT_T2T_BLOCK) {
        const struct config_grid grid = config_split_grid(c, wanted->block);
        tokenize(r, image, wanted->block, NULL, (struct matrix){ 0 });
        copy_rows(grid.rows * grid.columns, c->t2t_dim, r->token,
                  (struct matrix){ out, c->t2t_dim });
        return;
    }
    embed(r, image);
    for (size_t i = 0; i < blocks; i++) {
        if (cancelled(r))
            return;
        encoder_block(r, &m->blocks[i]);
    }
    finish(r, wanted, out);
}
