/* pool.c - from all tokens to the embedding, and to logits */
#include "model/pool.h"

#include <string.h>

#include "config/derived.h"

enum { STRIP = 16 }; /* channels summed at a time */

/* out[dim] = the mean of rows [first, end) of x, summed in double */
static void mean_rows(struct matrix x, size_t first, size_t end, size_t dim, float *out)
{
    for (size_t j = 0; j < dim; j += STRIP) {
        const size_t width = dim - j < STRIP ? dim - j : STRIP;
        double sum[STRIP] = { 0 };
        for (size_t i = first; i < end; i++)
            for (size_t k = 0; k < width; k++)
                sum[k] += (double)x.at[i * x.ld + j + k];
        for (size_t k = 0; k < width; k++)
            out[j + k] = (float)(sum[k] / (double)(end - first));
    }
}

/* out[dim] = the maximum of each channel of rows [first, end); a NaN stays */
static void max_rows(struct matrix x, size_t first, size_t end, size_t dim, float *out)
{
    memcpy(out, x.at + first * x.ld, dim * sizeof *out);
    for (size_t i = first + 1; i < end; i++)
        for (size_t j = 0; j < dim; j++) {
            const float a = x.at[i * x.ld + j];
            out[j] = a > out[j] || a != a ? a : out[j];
        }
}

/*
 * out = h + f(LN(h) W1 + b1) W2 + b2, h = softmax(q Kᵀ · scale) V Wproj + b, of tokens
 * x[tokens][dim]; Zhai et al. 2022
 */
static void map_pool(const struct pass *p, size_t tokens, struct matrix x, float *out)
{
    const struct vit_config *c = &p->model->config;
    const struct map_pool *m = &p->model->weights.pool;
    const struct exec e = exec_of(p);
    const size_t dim = c->dim, heads = config_pool_heads(c), head_dim = dim / heads;
    const struct matrix query = { m->query, dim }, q = { p->ws->pool, dim };
    const struct matrix mix = { q.at + dim, dim }, h = { mix.at + dim, dim };
    const struct matrix hidden = { h.at + dim, config_pool_mlp_dim(c) }, kv = p->ws->qkv;

    linear(&e, &m->q, 1, query, no_epilogue, q);
    linear(&e, &m->kv, tokens, x, no_epilogue, kv);
    attention(&e, (struct vit_attention_args){ .queries = 1,
                                               .tokens = tokens,
                                               .heads = heads,
                                               .head_dim = head_dim,
                                               .q = q.at,
                                               .ldq = q.ld,
                                               .k = kv.at,
                                               .v = kv.at + dim,
                                               .ldkv = kv.ld,
                                               .out = mix.at,
                                               .ld_out = mix.ld,
                                               .scale = config_rsqrt(head_dim) });
    linear(&e, &m->proj, 1, mix, no_epilogue, h);
    normalize(&e, &m->norm, 1, h, mix);
    linear(&e, &m->fc1, 1, mix, activate(c), hidden);
    linear(&e, &m->fc2, 1, hidden, add(h), (struct matrix){ out, dim });
}

/* x[tokens][dim] to one vector for each head */
static void pool(const struct pass *p, struct matrix x, float *out)
{
    const struct vit_config *c = &p->model->config;
    const size_t tokens = config_tokens(c), prefix = config_prefix(c), dim = c->dim;

    switch (c->pool) {
    case VIT_POOL_MEAN:
        mean_rows(x, prefix, tokens, dim, out);
        break;
    case VIT_POOL_MEAN_ALL:
        mean_rows(x, 0, tokens, dim, out);
        break;
    case VIT_POOL_MAX:
        max_rows(x, prefix, tokens, dim, out);
        break;
    case VIT_POOL_MEAN_AND_MAX:
        mean_rows(x, prefix, tokens, dim, out);
        max_rows(x, prefix, tokens, dim, p->ws->mlp.at);
        for (size_t j = 0; j < dim; j++)
            out[j] = 0.5f * (out[j] + p->ws->mlp.at[j]);
        break;
    case VIT_POOL_MAP:
        map_pool(p, tokens - prefix, from_row(x, prefix), out);
        break;
    case VIT_POOL_MAP_ALL:
        map_pool(p, tokens, x, out);
        break;
    case VIT_POOL_CLASS_AND_MEAN:
        memcpy(out, x.at, dim * sizeof *out);
        mean_rows(x, prefix, tokens, dim, out + dim);
        break;
    default:
        copy_rows(config_head_count(c), dim, x, (struct matrix){ out, dim });
    }
}

void pool_tokens(const struct pass *p, float *embedding)
{
    const struct vit_config *c = &p->model->config;
    const struct weights *w = &p->model->weights;
    const struct exec e = exec_of(p);
    const size_t heads = config_head_count(c), pooled = config_pooled(c);
    /* where only class tokens are pooled, only they are normed, unless the norm needs the others */
    const bool alone = c->pool == VIT_POOL_CLASS && c->norm != VIT_NORM_LOCAL_RESPONSE;
    const size_t rows = alone ? heads : config_tokens(c);
    const struct matrix out = { embedding, pooled };
    struct matrix x = p->ws->x;

    if (c->final_norm == VIT_FINAL_NORM_TOKENS) {
        normalize(&e, &w->norm, rows, x, p->ws->h);
        x = p->ws->h;
    }
    pool(p, x, embedding);
    if (c->final_norm == VIT_FINAL_NORM_POOLED)
        normalize(&e, &w->norm, heads, out, out);
    if (c->pre_logits > 0) {
        const struct vit_epilogue tanh_epilogue = { .activation = VIT_ACTIVATION_TANH };
        const struct matrix before = { p->ws->mlp.at, pooled };
        copy_rows(1, pooled, out, before);
        linear(&e, &w->pre_logits, 1, before, tanh_epilogue,
               (struct matrix){ embedding, c->pre_logits });
    }
}

void pool_mean_embedding(const struct vit_config *c, const float *embedding, float *out)
{
    const size_t width = config_embedding(c);

    memcpy(out, embedding, width * sizeof *out);
    for (size_t i = 0; config_head_count(c) == 2 && i < width; i++)
        out[i] = (embedding[i] + embedding[width + i]) * 0.5f;
}

void pool_classify(const struct pass *p, struct matrix embedding, float *logits)
{
    const struct vit_config *c = &p->model->config;
    const struct weights *w = &p->model->weights;
    const struct exec e = exec_of(p);
    const struct matrix out = { logits, c->classes };

    linear(&e, &w->head, 1, embedding, no_epilogue, out);
    if (config_head_count(c) == 1)
        return;
    linear(&e, &w->dist_head, 1, from_row(embedding, 1), add(out), out);
    for (size_t i = 0; i < c->classes; i++)
        logits[i] *= 0.5f;
}
