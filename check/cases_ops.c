/* cases_ops.c - LayerNorm and attention over whole tensors, at any number of threads */
#include "check/run.h"

struct rows {
    struct check_run *c;
    size_t count, n, ldx, ldy;
    const float *x, *gamma, *beta, *expected; /* [count][n] */
};

static void normalise(void *arg, const struct vit_parallel *parallel)
{
    const struct rows *const r = arg;
    float *y = check_output(r->c, "y", r->count, r->n, r->ldy);

    vit_layernorm(r->c->level, parallel, r->count, r->n, r->x, r->ldx, r->gamma, r->beta, 1e-5f, y,
                  r->ldy);
    check_equal(r->c, "y", r->count, r->n, r->expected, r->n, y, r->ldy);
}

void check_layernorm(struct check_run *c, size_t index)
{
    const bool large = index % 8 == 7; /* 57344 elements are work for seven threads */
    const enum pattern pattern = (enum pattern)(index % PATTERNS);
    struct rows r = { .c = c };

    r.count = large ? 401 : 1 + check_draw(c, 20);
    r.n = large ? 143 + check_draw(c, 60) : 1 + check_draw(c, 200);
    r.ldx = r.n + check_draw(c, 4);
    r.ldy = r.n + check_draw(c, 4);
    check_shape(c, "%zu rows of %zu, %s", r.count, r.n, pattern_name(pattern));
    r.x = check_input(c, "x", r.count, r.n, r.ldx, pattern);
    r.gamma = check_input(c, "gamma", 1, r.n, r.n, PATTERN_NORMAL);
    r.beta = check_input(c, "beta", 1, r.n, r.n, PATTERN_NORMAL);
    float *expected = check_output(c, "scalar's y", r.count, r.n, r.n);

    for (size_t i = 0; i < r.count; i++)
        c->scalar->layernorm(1, r.n, r.x + i * r.ldx, r.ldx, r.gamma, r.beta, 1e-5f,
                             expected + i * r.n, r.n);
    r.expected = expected;
    check_each_way(c, large, normalise, &r);
}

struct heads {
    struct check_run *c;
    size_t queries, tokens, heads, head_dim, ldq, ld, ld_out;
    float scale;
    const float *q;        /* [queries][heads][head_dim], row stride ldq */
    const float *kv;       /* [tokens][2][heads][head_dim], row stride ld */
    const float *expected; /* [queries][heads][head_dim], or [heads][queries][tokens] */
};

static float *scratch_for(const struct heads *h, const struct vit_kernels *level,
                          const struct vit_parallel *parallel)
{
    const size_t floats = vit_attention_scratch_size(level, h->tokens, h->heads, h->head_dim,
                                                     parallel ? parallel->threads : 1);
    return check_output(h->c, "scratch", 1, floats, floats);
}

static float *attend_on(const struct heads *h, const struct vit_kernels *level,
                        const struct vit_parallel *parallel, const char *name)
{
    const size_t dim = h->heads * h->head_dim;
    float *out = check_output(h->c, name, h->queries, dim, h->ld_out);

    vit_attention(level, parallel, h->queries, h->tokens, h->heads, h->head_dim, h->scale, h->q,
                  h->ldq, h->kv, h->kv + dim, h->ld, out, h->ld_out,
                  scratch_for(h, level, parallel));
    return out;
}

static void attend(void *arg, const struct vit_parallel *parallel)
{
    const struct heads *const h = arg;
    float *found = attend_on(h, h->c->level, parallel, "out");

    check_equal(h->c, "out", h->queries, h->heads * h->head_dim, h->expected, h->ld_out, found,
                h->ld_out);
}

static float *weigh_on(const struct heads *h, const struct vit_kernels *level,
                       const struct vit_parallel *parallel, const char *name)
{
    float *weights = check_output(h->c, name, h->heads * h->queries, h->tokens, h->tokens);

    vit_attention_weights(level, parallel, h->queries, h->tokens, h->heads, h->head_dim, h->scale,
                          h->q, h->ldq, h->kv, h->ld, weights, scratch_for(h, level, parallel));
    return weights;
}

static void weigh(void *arg, const struct vit_parallel *parallel)
{
    const struct heads *const h = arg;
    float *found = weigh_on(h, h->c->level, parallel, "weights");

    check_equal(h->c, "weights", h->heads * h->queries, h->tokens, h->expected, h->tokens, found,
                h->tokens);
}

/* Shapes and operands; whether there is work for several threads. */
static bool draw_heads(struct check_run *c, size_t index, struct heads *h)
{
    static const size_t large[][4] = {
        { 131, 131, 2, 27 }, { 197, 197, 1, 64 }, { 9, 400, 7, 40 }, { 400, 300, 1, 3 }
    };
    const bool is_large = index % 24 == 23;
    const enum pattern pattern = is_large ? PATTERN_NORMAL : (enum pattern)(index % PATTERNS);
    const size_t *const shape = large[index / 24 % 4];

    h->c = c;
    h->scale = index % 2 ? 0.25f : 0.5f;
    h->tokens = is_large ? shape[1] : 1 + check_draw(c, 50);
    h->queries = is_large         ? shape[0]
                 : index % 5 == 0 ? 1
                 : index % 5 < 3  ? h->tokens
                                  : 1 + check_draw(c, 60);
    h->heads = is_large ? shape[2] : 1 + check_draw(c, 3);
    h->head_dim = is_large ? shape[3] : 1 + check_draw(c, 20);
    const size_t dim = h->heads * h->head_dim;
    h->ldq = dim + check_draw(c, 3);
    h->ld = 2 * dim + check_draw(c, 3);
    h->ld_out = dim + check_draw(c, 4);
    check_shape(c, "%zu queries, %zu tokens, %zu heads of %zu, %s", h->queries, h->tokens, h->heads,
                h->head_dim, pattern_name(pattern));
    h->q = check_input(c, "q", h->queries, dim, h->ldq, pattern);
    h->kv = check_input(c, "k and v", h->tokens, 2 * dim, h->ld, pattern);
    return is_large;
}

void check_attention(struct check_run *c, size_t index)
{
    struct heads h;
    const bool is_large = draw_heads(c, index, &h);

    h.expected = attend_on(&h, c->scalar, NULL, "scalar's out");
    check_each_way(c, is_large, attend, &h);
}

void check_attention_weights(struct check_run *c, size_t index)
{
    struct heads h;
    const bool is_large = draw_heads(c, index, &h);

    h.expected = weigh_on(&h, c->scalar, NULL, "scalar's weights");
    check_each_way(c, is_large, weigh, &h);
}
