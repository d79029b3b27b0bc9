/* cases_zero.c - sizes of 0: no byte outside the operands is touched, and an empty sum is 0 */
#include <math.h>

#include "check/draw_epilogue.h"
#include "check/kernel_cases.h"

/* An input; without elements, in every second case, NULL. */
static const float *draw_input(struct check_run *c, const char *name, size_t rows, size_t columns,
                               size_t ld)
{
    const float *const at = check_input(c, name, rows, columns, ld, PATTERN_NORMAL);

    return (rows == 0 || columns == 0) && check_draw(c, 2) ? NULL : at;
}

/* --- matmuls */

/* Element (i, j) of the epilogue of +0. */
static float epilogue_of_zero(const struct vit_kernels *scalar, const struct vit_epilogue *e,
                              size_t i, size_t j)
{
    struct vit_activation_args args = e->activation_args;
    float x = 0.0f;

    if (e->row_scale)
        x *= e->row_scale[i];
    else if (e->scale != 0.0f)
        x *= e->scale;
    x += e->bias ? e->bias[j] : -0.0f; /* which changes nothing */
    args.weight += j;
    scalar->activation[e->activation](1, &x, &args, &x);
    x *= e->gamma ? e->gamma[j] : 1.0f;
    x += e->residual ? e->residual[i * e->ld_residual + j] : -0.0f;
    return x;
}

struct product {
    struct check_run *c;
    struct vit_matmul_args args; /* except C */
    const float *expected;       /* [m][n] */
};

static void multiply(void *arg, const struct vit_parallel *parallel)
{
    const struct product *const p = arg;
    struct vit_matmul_args args = p->args;
    const size_t m = args.m, n = args.b->n, threads = parallel ? parallel->threads : 1;

    if ((m == 0 || args.b->k == 0) && vit_matmul_scratch_bytes(args.b, m, threads) > 0)
        check_fail(p->c, "vit_matmul_scratch_bytes is not 0 with %zu threads", threads);
    args.c = check_output(p->c, "C", m, n, args.ldc);
    vit_matmul(parallel, &args);
    check_equal(p->c, "C", m, n, p->expected, n, args.c, args.ldc);
}

/* Packs B[n][k], which is empty: nothing may be written. */
static void pack_nothing(struct check_run *c, const struct vit_packed *packed)
{
    const size_t n = packed->n, k = packed->k;

    if (vit_packed_bytes(packed->kernel, n, k) > 0)
        check_fail(c, "vit_packed_bytes is not 0");
    if (vit_packed_chunk(packed, n) > 0)
        check_fail(c, "vit_packed_chunk(%zu) is not 0", n);
    vit_pack(packed, 0, n, draw_input(c, "B", n, k, k), k, 1);
    vit_pack(packed, n, 0, NULL, k, 1);
}

void check_zero_matmul(struct check_run *c, size_t index)
{
    enum { NO_K = 1, NO_M = 2, NO_N = 4 };
    static const unsigned char kinds[] = {
        NO_K, NO_K,        NO_K,        NO_K,        NO_M,
        NO_N, NO_K | NO_M, NO_K | NO_N, NO_M | NO_N, NO_K | NO_M | NO_N
    };
    const unsigned kind = kinds[index % sizeof kinds];
    const struct vit_matmul_kernel *const kernel = &c->level->matmul[c->which->kernel.pair];
    const size_t m = kind & NO_M ? 0 : check_draw(c, 3) ? 1 + check_draw(c, 3 * kernel->mr) : 1;
    const size_t n = kind & NO_N ? 0 : 1 + check_draw(c, 6 * kernel->nr);
    const size_t k = kind & NO_K ? 0 : 1 + check_draw(c, 30), lda = k + check_draw(c, 4);

    check_shape(c, "m %zu, n %zu, k %zu", m, n, k);
    const float *const a = draw_input(c, "A", m, k, lda);
    const struct vit_epilogue e =
        draw_epilogue(c, m, n, (unsigned)(index / sizeof kinds % STEPS),
                      (enum vit_activation)check_draw(c, VIT_ACTIVATIONS));
    const struct vit_packed packed = { kernel, n, k,
                                       check_draw(c, 2) ? NULL
                                                        : check_bytes(c, "packed B", 1, 0, 0, 4) };
    float *const expected = check_output(c, "C, expected", m, n, n);

    for (size_t i = 0; i < m * n; i++)
        expected[i] = epilogue_of_zero(c->scalar, &e, i / n, i % n);
    if (n == 0 || k == 0)
        pack_nothing(c, &packed);
    struct product p = {
        c,
        { .m = m, .a = a, .lda = lda, .b = &packed, .ldc = n + check_draw(c, 4), .epilogue = &e },
        expected
    };
    check_each_way(c, true, multiply, &p);
}

/* --- rows and matrices */

/* Operands of rows without elements. */
struct empty_rows {
    struct check_run *c;
    size_t rows, n, ld;
    const float *x, *gamma, *beta;
    const struct vit_activation_args *args;
    float *y;
};

static struct vit_layernorm_args norm_of_nothing(const struct empty_rows *r)
{
    return (struct vit_layernorm_args){ .rows = r->rows,
                                        .n = r->n,
                                        .x = r->x,
                                        .ldx = r->ld,
                                        .gamma = r->gamma,
                                        .beta = r->beta,
                                        .eps = 1e-5f,
                                        .y = r->y,
                                        .ldy = r->ld };
}

static struct vit_local_response_args response_of_nothing(const struct empty_rows *r)
{
    return (struct vit_local_response_args){ .rows = r->rows,
                                             .n = r->n,
                                             .x = r->x,
                                             .ldx = r->ld,
                                             .size = 5,
                                             .alpha = 1e-4f,
                                             .k = 1.0f,
                                             .quarters = 3,
                                             .y = r->y,
                                             .ldy = r->ld };
}

static void run_kernels(const struct empty_rows *r)
{
    const struct vit_kernels *const level = r->c->level;
    const size_t rows = r->rows, n = r->n, ld = r->ld;
    float *const sums = check_output(r->c, "sums", 1, rows, rows);

    const struct vit_layernorm_args norm = norm_of_nothing(r);
    const struct vit_local_response_args response = response_of_nothing(r);

    level->layernorm(&norm);
    level->local_response(&response);
    level->softmax(rows, n, r->x, ld, r->y, ld);
    level->exp_sub_max(rows, n, r->x, ld, r->y, ld, sums);
    for (size_t i = 0; i < rows; i++)
        if (sums[i] != 0.0f || signbit(sums[i]))
            check_fail(r->c, "exp_sub_max: sum %zu is %g, not 0", i, (double)sums[i]);
    if (n > 0)
        return;
    for (size_t f = 0; f < VIT_ACTIVATIONS; f++)
        level->activation[f](0, r->x, r->args, r->y);
    level->add(0, r->x, r->gamma, r->y);
    level->multiply(0, r->x, r->gamma, r->y);
}

static void run_operations(void *arg, const struct vit_parallel *parallel)
{
    const struct empty_rows *const r = arg;
    const struct vit_kernels *const level = r->c->level;
    const size_t rows = r->rows, n = r->n, ld = r->ld;
    const struct vit_layernorm_args norm = norm_of_nothing(r);
    const struct vit_local_response_args response = response_of_nothing(r);
    const struct vit_elementwise_args args = { .rows = rows,
                                               .n = n,
                                               .a = r->x,
                                               .lda = ld,
                                               .b = r->x,
                                               .ldb = ld,
                                               .row_add = n > 0 ? NULL : r->x,
                                               .y = r->y,
                                               .ldy = ld,
                                               .activation = VIT_ACTIVATION_PRELU,
                                               .activation_args = *r->args };

    vit_layernorm(level, parallel, &norm);
    vit_local_response(level, parallel, &response);
    vit_add(level, parallel, &args);
    vit_activate(level, parallel, &args);
    vit_gate(level, parallel, &args);
}

static void check_zero_rows(struct check_run *c, size_t index)
{
    struct empty_rows r = { .c = c };
    struct vit_activation_args args;

    r.rows = index % 3 == 0 ? 0 : 1 + check_draw(c, 20);
    r.n = index % 3 == 0 ? check_draw(c, 200) : 0;
    r.ld = r.n + check_draw(c, 4);
    check_shape(c, "%zu rows of %zu", r.rows, r.n);
    r.x = draw_input(c, "x", r.rows, r.n, r.ld);
    r.gamma = draw_input(c, "gamma", 1, r.n, r.n);
    r.beta = draw_input(c, "beta", 1, r.n, r.n);
    args = activation_case_args(r.gamma);
    r.args = &args;
    r.y = check_draw(c, 2) ? NULL : check_output(c, "y", r.rows, r.n, r.ld);
    run_kernels(&r);
    check_each_way(c, true, run_operations, &r);
}

/* --- attention */

struct heads {
    struct check_run *c;
    struct vit_attention_args args; /* except out */
};

/* Whether all of out[rows][n] is `value`. */
static void expect_value(struct check_run *c, const char *operation, size_t rows, size_t n,
                         size_t ld, const float *out, float value)
{
    for (size_t i = 0; i < rows * n; i++)
        if (out[i / n * ld + i % n] != value)
            check_fail(c, "%s: row %zu, column %zu is %g, not %g", operation, i / n, i % n,
                       (double)out[i / n * ld + i % n], (double)value);
}

static void attend(void *arg, const struct vit_parallel *parallel)
{
    const struct heads *const h = arg;
    struct vit_attention_args args = h->args;
    const size_t threads = parallel ? parallel->threads : 1, tokens = args.tokens;
    const size_t dim = args.heads * args.head_dim, rows = args.heads * args.queries;
    const size_t bytes = vit_attention_scratch_bytes(h->c->level, tokens, args.head_dim, threads);

    if (bytes > 0 && (tokens == 0 || args.head_dim == 0))
        check_fail(h->c, "vit_attention_scratch_bytes is not 0");
    args.scratch = bytes ? check_bytes(h->c, "scratch", 1, bytes, 0, 64) : NULL;
    args.out = check_output(h->c, "out", args.queries, dim, args.ld_out);
    vit_attention(h->c->level, parallel, &args);
    expect_value(h->c, "vit_attention", args.queries, dim, args.ld_out, args.out, 0.0f);
    args.out = check_output(h->c, "weights", rows, tokens, tokens);
    args.v = NULL;
    vit_attention_weights(h->c->level, parallel, &args);
    expect_value(h->c, "vit_attention_weights", rows, tokens, tokens, args.out,
                 1.0f / (float)tokens);
}

static void check_zero_heads(struct check_run *c, size_t index)
{
    const size_t kind = 1 + index % 15; /* which sizes are 0, one bit each */
    struct heads h = { .c = c, .args = { .scale = 0.5f } };
    struct vit_attention_args *const args = &h.args;

    args->queries = kind & 1 ? 0 : 1 + check_draw(c, 90);
    args->tokens = kind & 2 ? 0 : 1 + check_draw(c, 90);
    args->heads = kind & 4 ? 0 : 1 + check_draw(c, 4);
    args->head_dim = kind & 8 ? 0 : 1 + check_draw(c, 30);
    const size_t dim = args->heads * args->head_dim;
    args->ldq = dim + check_draw(c, 4);
    args->ldkv = dim + check_draw(c, 4);
    args->ld_out = dim + check_draw(c, 4);
    check_shape(c, "%zu queries, %zu tokens, %zu heads of %zu", args->queries, args->tokens,
                args->heads, args->head_dim);
    args->q = draw_input(c, "q", args->queries, dim, args->ldq);
    args->k = draw_input(c, "k", args->tokens, dim, args->ldkv);
    args->v = draw_input(c, "v", args->tokens, dim, args->ldkv);
    check_each_way(c, true, attend, &h);
}

void check_zero_sizes(struct check_run *c, size_t index)
{
    if (index % 3 == 0)
        check_zero_rows(c, index / 3);
    else
        check_zero_heads(c, index / 3 * 2 + index % 3 - 1);
}
