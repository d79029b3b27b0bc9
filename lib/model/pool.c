/* pool.c - from all tokens to the embedding that is classified */
#include <string.h>

#include "config/derived.h"
#include "model/forward.h"

static const struct vit_epilogue plain = { 0 };

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

/* out[dim] = the largest of each channel; a NaN stays */
static void max_rows(struct matrix x, size_t first, size_t end, size_t dim, float *out)
{
    memcpy(out, x.at + first * x.ld, dim * sizeof *out);
    for (size_t i = first + 1; i < end; i++)
        for (size_t j = 0; j < dim; j++) {
            const float a = x.at[i * x.ld + j];
            out[j] = a > out[j] || a != a ? a : out[j];
        }
}

/* out = h + f(LN(h) W1 + b1) W2 + b2, h = softmax(q Kᵀ · scale) V Wproj + b; Zhai et al. 2022 */
static void map_pool(struct run *r, struct matrix x, float *out)
{
    const struct vit_model *m = r->model;
    const struct vit_config *c = &m->config;
    const struct map_pool *p = &m->pool;
    const size_t patches = config_patches(c), dim = c->dim, width = dim / c->heads;
    const struct matrix query = { p->query, dim }, q = { r->pool, dim };
    const struct matrix mix = { q.at + dim, dim }, h = { mix.at + dim, dim };
    const struct matrix hidden = { h.at + dim, c->mlp_dim }, result = { out, dim };
    const float *k = r->qkv.at, *v = k + dim;

    linear(r, &p->q, 1, query, plain, q);
    linear(r, &p->kv, patches, from_row(x, config_prefix(c)), plain, r->qkv);
    vit_attention(m->kernels, r->parallel,
                  &(struct vit_attention_args){ .queries = 1,
                                                .tokens = patches,
                                                .heads = c->heads,
                                                .head_dim = width,
                                                .q = q.at,
                                                .ldq = q.ld,
                                                .k = k,
                                                .v = v,
                                                .ldkv = r->qkv.ld,
                                                .out = mix.at,
                                                .ld_out = mix.ld,
                                                .scale = config_rsqrt(width),
                                                .scratch = r->attention });
    linear(r, &p->proj, 1, mix, plain, h);
    layernorm(r, &p->norm, 1, h, mix);
    linear(r, &p->fc1, 1, mix,
           (struct vit_epilogue){ .activation = c->activation,
                                  .activation_args = config_activation_args(c) },
           hidden);
    linear(r, &p->fc2, 1, hidden, (struct vit_epilogue){ .residual = h.at, .ld_residual = dim },
           result);
}

size_t pool_count(const struct vit_config *c)
{
    return c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION ? 2 : 1;
}

/* x[tokens][dim] to one embedding for each head */
static void pool(struct run *r, struct matrix x, float *out)
{
    const struct vit_config *c = &r->model->config;
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
    case VIT_POOL_MAP:
        map_pool(r, x, out);
        break;
    case VIT_POOL_CLASS_AND_MEAN:
        memcpy(out, x.at, dim * sizeof *out);
        mean_rows(x, prefix, tokens, dim, out + dim);
        break;
    default:
        for (size_t i = 0; i < pool_count(c); i++)
            memcpy(out + i * dim, x.at + i * x.ld, dim * sizeof *out);
    }
}

void pool_tokens(struct run *r, float *embedding)
{
    const struct vit_model *m = r->model;
    const struct vit_config *c = &m->config;
    /* the class tokens alone are normed where nothing else is pooled */
    const size_t rows = c->pool == VIT_POOL_CLASS ? pool_count(c) : config_tokens(c);
    const struct matrix pooled = { embedding, config_pooled(c) };

    if (c->final_norm == VIT_FINAL_NORM_TOKENS)
        layernorm(r, &m->norm, rows, r->x, r->h);
    pool(r, c->final_norm == VIT_FINAL_NORM_TOKENS ? r->h : r->x, embedding);
    if (c->final_norm == VIT_FINAL_NORM_POOLED)
        layernorm(r, &m->norm, pool_count(c), pooled, pooled);
    if (c->pre_logits > 0) {
        const struct matrix before = { r->mlp.at, config_pooled(c) };
        memcpy(before.at, embedding, config_pooled(c) * sizeof *embedding);
        linear(r, &m->pre_logits, 1, before,
               (struct vit_epilogue){ .activation = VIT_ACTIVATION_TANH },
               (struct matrix){ embedding, c->pre_logits });
    }
}
