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

    vit_layernorm(r->c->level, parallel,
                  &(struct vit_layernorm_args){ r->count, r->n, r->x, r->ldx, r->gamma, r->beta,
                                                1e-5f, y, r->ldy });
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
        c->scalar->layernorm(&(struct vit_layernorm_args){
            1, r.n, r.x + i * r.ldx, r.ldx, r.gamma, r.beta, 1e-5f, expected + i * r.n, r.n });
    r.expected = expected;
    check_each_way(c, large, normalise, &r);
}

struct heads {
    struct check_run *c;
    struct vit_attention_args args; /* but for out and scratch */
    bool weights;                   /* of vit_attention_weights */
    const float *expected;
};

static float *attend_on(const struct heads *h, const struct vit_kernels *level,
                        const struct vit_parallel *parallel, const char *name)
{
    struct vit_attention_args args = h->args;
    const size_t threads = parallel ? parallel->threads : 1;
    const size_t floats =
        vit_attention_scratch_bytes(level, args.tokens, args.head_dim, threads) / sizeof(float);

    args.scratch = check_output(h->c, "scratch", 1, floats, floats);
    if (h->weights) {
        args.out = check_output(h->c, name, args.heads * args.queries, args.tokens, args.tokens);
        vit_attention_weights(level, parallel, &args);
    } else {
        args.out = check_output(h->c, name, args.queries, args.heads * args.head_dim, args.ld_out);
        vit_attention(level, parallel, &args);
    }
    return args.out;
}

static void attend(void *arg, const struct vit_parallel *parallel)
{
    const struct heads *const h = arg;
    const struct vit_attention_args *const args = &h->args;
    const float *const found = attend_on(h, h->c->level, parallel, "out");

    if (h->weights)
        check_equal(h->c, "out", args->heads * args->queries, args->tokens, h->expected,
                    args->tokens, found, args->tokens);
    else
        check_equal(h->c, "out", args->queries, args->heads * args->head_dim, h->expected,
                    args->ld_out, found, args->ld_out);
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

    struct vit_attention_args *const args = &h->args;
    h->c = c;
    args->scale = index % 2 ? 0.25f : 0.5f;
    args->tokens = is_large ? shape[1] : 1 + check_draw(c, 50);
    args->queries = is_large         ? shape[0]
                    : index % 5 == 0 ? 1
                    : index % 5 < 3  ? args->tokens
                                     : 1 + check_draw(c, 60);
    args->heads = is_large ? shape[2] : 1 + check_draw(c, 3);
    args->head_dim = is_large ? shape[3] : 1 + check_draw(c, 20);
    const size_t dim = args->heads * args->head_dim;
    args->ldq = dim + check_draw(c, 3);
    args->ldkv = 2 * dim + check_draw(c, 3);
    args->ld_out = dim + check_draw(c, 4);
    check_shape(c, "%zu queries, %zu tokens, %zu heads of %zu, %s", args->queries, args->tokens,
                args->heads, args->head_dim, pattern_name(pattern));
    args->q = check_input(c, "q", args->queries, dim, args->ldq, pattern);
    args->k = check_input(c, "k and v", args->tokens, 2 * dim, args->ldkv, pattern);
    args->v = args->k + dim;
    return is_large;
}

static void check_heads(struct check_run *c, size_t index, bool weights)
{
    struct heads h = { .weights = weights };
    const bool is_large = draw_heads(c, index, &h);

    h.expected = attend_on(&h, c->scalar, NULL, "scalar's out");
    check_each_way(c, is_large, attend, &h);
}

void check_attention(struct check_run *c, size_t index)
{
    check_heads(c, index, false);
}

void check_attention_weights(struct check_run *c, size_t index)
{
    check_heads(c, index, true);
}
