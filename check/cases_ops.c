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
        c->scalar->layernorm(r.n, r.x + i * r.ldx, r.gamma, r.beta, 1e-5f, expected + i * r.n);
    r.expected = expected;
    check_each_way(c, large, normalise, &r);
}

struct heads {
    struct check_run *c;
    size_t tokens, heads, head_dim, ld, ld_out;
    float scale;
    const float *qkv;      /* [tokens][3][heads][head_dim] */
    const float *expected; /* [tokens][heads][head_dim] */
};

static float *attend_on(const struct heads *h, const struct vit_kernels *level,
                        const struct vit_parallel *parallel, const char *name)
{
    const size_t dim = h->heads * h->head_dim;
    const size_t floats = vit_attention_scratch_size(level, h->tokens, h->heads, h->head_dim,
                                                     parallel ? parallel->threads : 1);
    float *out = check_output(h->c, name, h->tokens, dim, h->ld_out);
    float *scratch = check_output(h->c, "scratch", 1, floats, floats);

    vit_attention(level, parallel, h->tokens, h->heads, h->head_dim, h->scale, h->qkv, h->qkv + dim,
                  h->qkv + 2 * dim, h->ld, out, h->ld_out, scratch);
    return out;
}

static void attend(void *arg, const struct vit_parallel *parallel)
{
    const struct heads *const h = arg;
    float *found = attend_on(h, h->c->level, parallel, "out");

    check_equal(h->c, "out", h->tokens, h->heads * h->head_dim, h->expected, h->ld_out, found,
                h->ld_out);
}

void check_attention(struct check_run *c, size_t index)
{
    static const size_t large[][3] = {
        { 131, 2, 27 }, { 197, 1, 64 }, { 50, 7, 40 }, { 400, 1, 3 }
    };
    const bool is_large = index % 24 == 23;
    const enum pattern pattern = is_large ? PATTERN_NORMAL : (enum pattern)(index % PATTERNS);
    const size_t *const shape = large[index / 24 % 4];
    struct heads h = { .c = c, .scale = index % 2 ? 0.25f : 0.5f };

    h.tokens = is_large ? shape[0] : 1 + check_draw(c, 50);
    h.heads = is_large ? shape[1] : 1 + check_draw(c, 3);
    h.head_dim = is_large ? shape[2] : 1 + check_draw(c, 20);
    const size_t dim = h.heads * h.head_dim;
    h.ld = 3 * dim + check_draw(c, 3);
    h.ld_out = dim + check_draw(c, 4);
    check_shape(c, "%zu tokens, %zu heads of %zu, %s", h.tokens, h.heads, h.head_dim,
                pattern_name(pattern));
    h.qkv = check_input(c, "q, k and v", h.tokens, 3 * dim, h.ld, pattern);
    h.expected = attend_on(&h, c->scalar, NULL, "scalar's out");
    check_each_way(c, is_large, attend, &h);
}
