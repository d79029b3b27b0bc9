/* cases_ops.c - norms, element-wise operations and attention, at any number of threads */
#include "check/kernel_cases.h"
#include "check/run.h"

struct layernorm {
    struct check_run *c;
    struct vit_layernorm_args args; /* except y */
    const float *expected;          /* [rows][n] */
};

static void normalize(void *arg, const struct vit_parallel *parallel)
{
    const struct layernorm *const r = arg;
    struct vit_layernorm_args args = r->args;

    args.y = check_output(r->c, "y", args.rows, args.n, args.ldy);
    vit_layernorm(r->c->level, parallel, &args);
    check_equal(r->c, "y", args.rows, args.n, r->expected, args.n, args.y, args.ldy);
}

void check_layernorm(struct check_run *c, size_t index)
{
    const bool large = index % 8 == 7; /* 57344 elements are work for seven threads */
    const enum pattern pattern = (enum pattern)(index % PATTERNS);
    struct layernorm r = { .c = c, .args = { .eps = 1e-5f } };
    struct vit_layernorm_args *const args = &r.args;

    args->rows = large ? 401 : 1 + check_draw(c, 20);
    args->n = large ? 143 + check_draw(c, 60) : 1 + check_draw(c, 200);
    args->ldx = args->n + check_draw(c, 4);
    args->ldy = args->n + check_draw(c, 4);
    args->no_mean = check_draw(c, 2);
    const bool weight = check_draw(c, 3), bias = check_draw(c, 3);
    check_shape(c, "%zu rows of %zu, %s%s%s%s", args->rows, args->n, pattern_name(pattern),
                args->no_mean ? ", no mean" : "", weight ? "" : ", no gamma",
                bias ? "" : ", no beta");
    args->x = check_input(c, "x", args->rows, args->n, args->ldx, pattern);
    args->gamma = weight ? check_input(c, "gamma", 1, args->n, args->n, PATTERN_NORMAL) : NULL;
    args->beta = bias ? check_input(c, "beta", 1, args->n, args->n, PATTERN_NORMAL) : NULL;
    float *expected = check_output(c, "scalar's y", args->rows, args->n, args->n);

    for (size_t i = 0; i < args->rows; i++) {
        struct vit_layernorm_args row = *args;
        row.rows = 1;
        row.x += i * args->ldx;
        row.y = expected + i * args->n;
        c->scalar->layernorm(&row);
    }
    r.expected = expected;
    check_each_way(c, large, normalize, &r);
}

struct local_response {
    struct check_run *c;
    struct vit_local_response_args args; /* except y */
    const float *expected;               /* [rows][n] */
};

static void respond(void *arg, const struct vit_parallel *parallel)
{
    const struct local_response *const r = arg;
    struct vit_local_response_args args = r->args;

    args.y = check_output(r->c, "y", args.rows, args.n, args.ldy);
    vit_local_response(r->c->level, parallel, &args);
    check_equal(r->c, "y", args.rows, args.n, r->expected, args.n, args.y, args.ldy);
}

void check_local_response(struct check_run *c, size_t index)
{
    const bool large = index % 8 == 7; /* 57344 elements are work for seven threads */
    const enum pattern pattern = (enum pattern)(index % PATTERNS);
    struct local_response r = { .c = c, .args = { .alpha = 0.7f, .k = 1.3f } };
    struct vit_local_response_args *const args = &r.args;

    args->rows = large ? 401 : 1 + check_draw(c, 40);
    args->n = large ? 143 + check_draw(c, 60) : 1 + check_draw(c, 70);
    /* with 2·rows every window has all rows */
    args->size = 1 + check_draw(c, large ? 40 : 2 * args->rows + 2);
    args->ldx = args->n + check_draw(c, 4);
    args->ldy = args->n + check_draw(c, 4);
    args->quarters = (unsigned)(index % 9);
    check_shape(c, "%zu rows of %zu, windows of %zu, exponent %u/4, %s", args->rows, args->n,
                args->size, args->quarters, pattern_name(pattern));
    args->x = check_input(c, "x", args->rows, args->n, args->ldx, pattern);
    float *expected = check_output(c, "scalar's y", args->rows, args->n, args->n);
    struct vit_local_response_args alone = *args;

    alone.y = expected;
    alone.ldy = args->n;
    c->scalar->local_response(&alone);
    r.expected = expected;
    check_each_way(c, large, respond, &r);
}

struct elementwise {
    struct check_run *c;
    void (*operate)(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                    const struct vit_elementwise_args *args);
    struct vit_elementwise_args args; /* except y */
    bool in_place;
    const float *expected; /* [rows][n] */
};

static void operate(void *arg, const struct vit_parallel *parallel)
{
    const struct elementwise *const e = arg;
    struct vit_elementwise_args args = e->args;

    if (e->in_place) {
        args.ldy = args.lda;
        args.y = check_inout(e->c, "y", args.rows, args.n, args.ldy, args.a, args.lda);
        args.a = args.y;
    } else {
        args.y = check_output(e->c, "y", args.rows, args.n, args.ldy);
    }
    e->operate(e->c->level, parallel, &args);
    check_equal(e->c, "y", args.rows, args.n, e->expected, args.n, args.y, args.ldy);
}

/* The expected result: row by row, with the scalar kernels. */
static void expect_elementwise(const struct elementwise *e, float *expected)
{
    const struct vit_kernels *const scalar = e->c->scalar;
    const struct vit_elementwise_args *const args = &e->args;

    for (size_t i = 0; i < args->rows; i++) {
        const float *const a = args->a + i * args->lda, *const b = args->b + i * args->ldb;
        float *const y = expected + i * args->n;
        if (e->operate == vit_add) {
            scalar->add(args->n, a, b, y);
            continue;
        }
        for (size_t j = 0; j < args->n; j++)
            y[j] = args->row_add && e->operate == vit_activate ? a[j] + args->row_add[i] : a[j];
        scalar->activation[args->activation](args->n, y, &args->activation_args, y);
        if (e->operate == vit_gate)
            scalar->multiply(args->n, y, b, y);
    }
}

void check_elementwise(struct check_run *c, size_t index)
{
    static void (*const operations[])(
        const struct vit_kernels *, const struct vit_parallel *,
        const struct vit_elementwise_args *) = { vit_add, vit_activate, vit_gate };
    static const char *const names[] = { "add", "activate", "gate" };
    const bool large = index % 8 == 7; /* 57344 elements are work for seven threads */
    const enum pattern pattern = (enum pattern)(index % PATTERNS);
    struct elementwise e = { .c = c, .operate = operations[index % 3] };
    struct vit_elementwise_args *const args = &e.args;

    args->rows = large ? 401 : 1 + check_draw(c, 20);
    args->n = large ? 143 + check_draw(c, 60) : 1 + check_draw(c, 200);
    args->lda = args->n + check_draw(c, 4);
    args->ldb = args->n + check_draw(c, 4);
    args->ldy = args->n + check_draw(c, 4);
    args->activation = (enum vit_activation)(index / 24 % VIT_ACTIVATIONS);
    e.in_place = check_draw(c, 2);
    check_shape(c, "%s, activation %d, %zu rows of %zu, %s%s", names[index % 3],
                (int)args->activation, args->rows, args->n, pattern_name(pattern),
                e.in_place ? ", in place" : "");
    args->a = check_input(c, "a", args->rows, args->n, args->lda, pattern);
    args->b = check_input(c, "b", args->rows, args->n, args->ldb, PATTERN_NORMAL);
    args->activation_args =
        activation_case_args(check_input(c, "weight", 1, args->n, args->n, PATTERN_NORMAL));
    if (check_draw(c, 2))
        args->row_add = check_input(c, "row_add", 1, args->rows, args->rows, PATTERN_NORMAL);
    float *const expected = check_output(c, "scalar's y", args->rows, args->n, args->n);
    expect_elementwise(&e, expected);
    e.expected = expected;
    check_each_way(c, large, operate, &e);
}

struct heads {
    struct check_run *c;
    struct vit_attention_args args; /* except out and scratch */
    struct vit_rotation rotation;   /* where args.rotation points, unless it is NULL */
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

/* Draws shapes and operands; returns whether there is work for several threads. */
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

/* Rotary positions in a third of the cases, of each head or of all, and a bias in a quarter. */
static void draw_positions(struct check_run *c, size_t index, struct heads *h)
{
    struct vit_attention_args *const args = &h->args;
    const size_t rows = args->queries > args->tokens ? args->queries : args->tokens;
    const size_t d = args->head_dim;

    if (index % 3 == 1 && d % 2 == 0) {
        struct vit_rotation *const r = &h->rotation;
        r->first = check_draw(c, 4) % rows;
        r->neighbors = check_draw(c, 2);
        const size_t turned = rows - r->first, heads = check_draw(c, 2) ? args->heads : 1;
        r->head_stride = heads > 1 ? turned * d : 0;
        r->cosines = check_input(c, "cosines", heads * turned, d, d, PATTERN_NORMAL);
        r->sines = check_input(c, "sines", heads * turned, d, d, PATTERN_NORMAL);
        check_shape(c, ", %s from %zu turn", r->neighbors ? "neighbors" : "halves", r->first);
        args->rotation = r;
    }
    if (index % 4 == 2) {
        const size_t n = args->tokens;
        args->bias = check_input(c, "bias", args->heads * args->queries, n, n, PATTERN_NORMAL);
        check_shape(c, ", bias");
    }
}

static void check_heads(struct check_run *c, size_t index, bool weights)
{
    struct heads h = { .weights = weights };
    const bool is_large = draw_heads(c, index, &h);

    draw_positions(c, index, &h);
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
