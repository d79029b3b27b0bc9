/* fuzz_kernels.c - libFuzzer target: row kernels, element-wise operations and attention of any
 * sizes, strides, levels and threads give scalar's bits, in arrays of exactly their size */
#include <math.h>
#include <stdbool.h>

#include "drawn.h"

/* --- rows and matrices, compared with scalar on one thread */

/* What a row operation takes besides x and y. */
static struct {
    const float *gamma, *beta, *row_add;
    float eps, alpha, k;
    bool no_mean;
    size_t size;       /* of a window */
    unsigned quarters; /* of an exponent */
    struct matrix b;
    enum vit_activation activation;
    struct vit_activation_args args;
    struct matrix sums; /* that it wrote, if it writes sums */
} o;

typedef void run_rows(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                      struct matrix x, struct matrix y);

static struct vit_layernorm_args layernorm_args(struct matrix x, struct matrix y)
{
    return (struct vit_layernorm_args){ .rows = x.rows,
                                        .n = x.n,
                                        .x = x.at,
                                        .ldx = x.ld,
                                        .gamma = o.gamma,
                                        .beta = o.beta,
                                        .eps = o.eps,
                                        .y = y.at,
                                        .ldy = y.ld,
                                        .no_mean = o.no_mean };
}

static void run_layernorm(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                          struct matrix x, struct matrix y)
{
    const struct vit_layernorm_args args = layernorm_args(x, y);

    if (threads)
        vit_layernorm(kernels, threads, &args);
    else
        kernels->layernorm(&args);
}

/* Not in place. */
static void run_local_response(const struct vit_kernels *kernels,
                               const struct vit_parallel *threads, struct matrix x, struct matrix y)
{
    const struct vit_local_response_args args = { .rows = x.rows,
                                                  .n = x.n,
                                                  .x = x.at,
                                                  .ldx = x.ld,
                                                  .size = o.size,
                                                  .alpha = o.alpha,
                                                  .k = o.k,
                                                  .quarters = o.quarters,
                                                  .y = y.at,
                                                  .ldy = y.ld };

    if (threads)
        vit_local_response(kernels, threads, &args);
    else
        kernels->local_response(&args);
}

static void run_softmax(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                        struct matrix x, struct matrix y)
{
    (void)threads;
    kernels->softmax(x.rows, x.n, x.at, x.ld, y.at, y.ld);
}

static void run_exp_sub_max(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                            struct matrix x, struct matrix y)
{
    (void)threads;
    o.sums = new_matrix(1, x.rows, 0);
    kernels->exp_sub_max(x.rows, x.n, x.at, x.ld, y.at, y.ld, o.sums.at);
}

static struct vit_elementwise_args elementwise_args(struct matrix x, struct matrix y)
{
    return (struct vit_elementwise_args){ .rows = x.rows,
                                          .n = x.n,
                                          .a = x.at,
                                          .lda = x.ld,
                                          .b = o.b.at,
                                          .ldb = o.b.ld,
                                          .row_add = o.row_add,
                                          .y = y.at,
                                          .ldy = y.ld,
                                          .activation = o.activation,
                                          .activation_args = o.args };
}

static void run_add(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                    struct matrix x, struct matrix y)
{
    const struct vit_elementwise_args args = elementwise_args(x, y);

    if (threads)
        vit_add(kernels, threads, &args);
    for (size_t i = 0; !threads && i < x.rows; i++)
        kernels->add(x.n, x.at + i * x.ld, o.b.at + i * o.b.ld, y.at + i * y.ld);
}

static void run_multiply(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                         struct matrix x, struct matrix y)
{
    (void)threads;
    for (size_t i = 0; i < x.rows; i++)
        kernels->multiply(x.n, x.at + i * x.ld, o.b.at + i * o.b.ld, y.at + i * y.ld);
}

/* Twice, with both kinds of pairs; the last number of an odd row stays. */
static void run_rotate(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                       struct matrix x, struct matrix y)
{
    (void)threads;
    for (size_t i = 0; i < x.rows; i++) {
        const float *const row = x.at + i * x.ld;
        float *const to = y.at + i * y.ld;
        const float *const cosines = o.b.at + i * o.b.ld;
        const float *const sines = o.b.at + (x.rows - 1 - i) * o.b.ld;
        if (x.n % 2)
            to[x.n - 1] = row[x.n - 1];
        kernels->rotate_halves(x.n / 2 * 2, row, cosines, sines, to);
        kernels->rotate_neighbors(x.n / 2 * 2, to, cosines, sines, to);
    }
}

static void run_activation(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                           struct matrix x, struct matrix y)
{
    (void)threads;
    for (size_t i = 0; i < x.rows; i++)
        kernels->activation[o.activation](x.n, x.at + i * x.ld, &o.args, y.at + i * y.ld);
}

static void run_activate(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                         struct matrix x, struct matrix y)
{
    const struct vit_elementwise_args args = elementwise_args(x, y);

    vit_activate(kernels, threads, &args);
}

static void run_gate(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                     struct matrix x, struct matrix y)
{
    const struct vit_elementwise_args args = elementwise_args(x, y);

    vit_gate(kernels, threads, &args);
}

static void fuzz_rows(void)
{
    static run_rows *const operations[] = { run_layernorm, run_softmax,  run_exp_sub_max,
                                            run_add,       run_multiply, run_activation,
                                            run_activate,  run_gate,     run_local_response,
                                            run_rotate };
    run_rows *const run = operations[draw(sizeof operations / sizeof *operations)];
    const size_t rows = draw(90), n = draw(2) ? draw(40) : draw(400);
    const struct matrix x = draw_matrix(rows, n);
    const bool in_place = draw(2) && run != run_local_response;

    memset(&o, 0, sizeof o);
    o.gamma = draw_matrix(1, n).at;
    o.beta = draw_matrix(1, n).at;
    o.gamma = draw(4) ? o.gamma : NULL;
    o.beta = draw(4) ? o.beta : NULL;
    o.no_mean = draw(2);
    o.size = 1 + draw(200);
    o.quarters = (unsigned)draw(17);
    take(&o.alpha, sizeof o.alpha);
    take(&o.k, sizeof o.k);
    o.row_add = draw_row(rows);
    take(&o.eps, sizeof o.eps);
    o.b = draw_matrix(rows, n);
    o.activation = (enum vit_activation)draw(VIT_ACTIVATIONS);
    o.args = draw_activation_args(n);
    const struct matrix found = in_place ? copy_of(x) : new_matrix(rows, n, n + draw(5));
    const struct matrix expected = in_place ? copy_of(x) : new_matrix(rows, n, found.ld);

    run(scalar, NULL, x, expected);
    const struct matrix sums = o.sums;
    run(level, draw(4) ? &parallel : NULL, in_place ? found : x, found);
    expect_same(expected, found);
    expect_same(sums, o.sums);
}

/* --- attention */

static struct matrix attend(const struct vit_kernels *kernels, const struct vit_parallel *threads,
                            struct vit_attention_args args, bool weights)
{
    const size_t dim = args.heads * args.head_dim;
    const struct matrix out = weights
                                  ? new_matrix(args.heads * args.queries, args.tokens, args.tokens)
                                  : new_matrix(args.queries, dim, args.ld_out);

    args.out = out.at;
    args.scratch = allocate_scratch(vit_attention_scratch_bytes(kernels, args.tokens, args.head_dim,
                                                                threads ? threads->threads : 1));
    if (weights)
        vit_attention_weights(kernels, threads, &args);
    else
        vit_attention(kernels, threads, &args);
    return out;
}

static void fuzz_attention(void)
{
    const bool weights = draw(2);
    const size_t queries = draw(90), tokens = draw(90), heads = draw(5), head_dim = draw(30);
    const size_t dim = heads * head_dim;
    const struct matrix q = draw_matrix(queries, dim), k = draw_matrix(tokens, dim);
    struct matrix v = draw_matrix(tokens, dim);
    struct vit_attention_args args = { .queries = queries,
                                       .tokens = tokens,
                                       .heads = heads,
                                       .head_dim = head_dim,
                                       .q = q.at,
                                       .ldq = q.ld,
                                       .k = k.at,
                                       .v = v.at,
                                       .ldkv = k.ld,
                                       .ld_out = dim + draw(5) };

    if (v.ld != k.ld) { /* they have one stride */
        v = new_matrix(tokens, dim, k.ld);
        fill_pattern(extent(&v), v.at, PATTERN_NORMAL, draw(256));
        args.v = v.at;
    }
    const size_t rows = queries > tokens ? queries : tokens;
    const struct vit_rotation rotary = { .cosines = draw_matrix(1, rows * head_dim).at,
                                         .sines = draw_matrix(1, rows * head_dim).at,
                                         .first = draw(4),
                                         .neighbors = draw(2) };

    args.rotation = head_dim % 2 == 0 && draw(2) ? &rotary : NULL;
    args.bias = draw(2) ? draw_matrix(1, heads * queries * tokens).at : NULL;
    take(&args.scale, sizeof args.scale);
    args.scale = args.scale == 0.0f ? 0.25f : args.scale;
    args.v = weights ? NULL : args.v;
    const struct matrix expected = attend(scalar, NULL, args, weights);
    expect_same(expected, attend(level, draw(4) ? &parallel : NULL, args, weights));
}

/* --- sizes and names, which may be anything */

static void fuzz_sizes(void)
{
    const struct vit_matmul_kernel *const kernel = &level->matmul[VIT_MATMUL_F32_F32];
    size_t n, k, m, threads;

    take(&n, sizeof n);
    take(&k, sizeof k);
    take(&m, sizeof m);
    take(&threads, sizeof threads);
    n >>= draw(64);
    k >>= draw(64);
    m >>= draw(64);
    threads >>= draw(64);
    const size_t bytes = vit_packed_bytes(kernel, n, k);
    demand(bytes == 0 || bytes / sizeof(float) / n >= k);
    const struct vit_packed packed = { kernel, n, k, NULL };
    const size_t scratch = vit_matmul_scratch_bytes(&packed, m, threads);
    demand(scratch == 0 || (m > 1 && k > kernel->kc && scratch / sizeof(float) >= threads));
    const size_t attention = vit_attention_scratch_bytes(level, n, k, threads);
    demand(attention == 0 || attention / (2 * sizeof(float)) / n / (threads ? threads : 1) >= k);
    demand(n == 0 || bytes == 0 || vit_packed_chunk(&packed, 0) > 0);
}

static void fuzz_names(void)
{
    char name[12] = { 0 };
    const char *reason, *at;
    const struct vit_kernels *kernels = NULL;
    struct vit_error err = { .status = VIT_OK };

    take(name, sizeof name - 1);
    const enum vit_status status = vit_kernels_get(name, &kernels, &err);
    demand(status == VIT_OK ? kernels && strcmp(kernels->isa, name) == 0
                            : !kernels && err.status == status && err.message[0] != '\0');
    at = vit_isa_default(&reason);
    demand(at && (!reason || reason[0] != '\0'));
    for (size_t i = 0; vit_kernels_name_at(level, i, &at); i++)
        demand(at != NULL);
    demand(isfinite(level->fma_peak(draw(1000))) && level->fma_peak_flops > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(void) = { fuzz_rows, fuzz_rows, fuzz_attention, fuzz_sizes,
                                             fuzz_names };

    begin(data, size);
    targets[draw(sizeof targets / sizeof *targets)]();
    release();
    return 0;
}
