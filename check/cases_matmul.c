/* cases_matmul.c - tiles, packing and whole matmuls against scalar's tiles */
#include <stdio.h>
#include <string.h>

#include "check/kernel_cases.h"
#include "check/run.h"

enum { SCALAR_ROWS = 4, SCALAR_COLUMNS = 8, MAX_K = 32768 }; /* of scalar's tile; of a case */

static const struct vit_matmul_kernel *kernel_of(const struct check_run *c,
                                                 const struct vit_kernels *level)
{
    return &level->matmul[c->which->kernel.pair];
}

/*
 * Computes a tile of any m and n with scalar's tiles from the unpacked B, so that this checks the
 * packing of every level too.
 *   t     as for a kernel, except panel; acc_in and acc_out have row stride nr
 *   b     element (l, j) at b[l·k_stride + j·n_stride]
 */
static void reference_tile(const struct vit_matmul_kernel *scalar, size_t nr,
                           const struct vit_tile *t, const float *b, size_t n_stride,
                           size_t k_stride)
{
    static float panel[SCALAR_COLUMNS * MAX_K];
    float acc_in[SCALAR_ROWS * SCALAR_COLUMNS], acc_out[SCALAR_ROWS * SCALAR_COLUMNS];

    for (size_t j = 0; j < t->n; j += SCALAR_COLUMNS) {
        const size_t n = t->n - j < SCALAR_COLUMNS ? t->n - j : SCALAR_COLUMNS;
        scalar->pack(n, t->k_first + t->k, b + j * n_stride, n_stride, k_stride, panel);
        for (size_t i = 0; i < t->m; i += SCALAR_ROWS) {
            const size_t m = t->m - i < SCALAR_ROWS ? t->m - i : SCALAR_ROWS;
            struct vit_epilogue e = t->epilogue ? *t->epilogue : (struct vit_epilogue){ 0 };
            e.row_scale = e.row_scale ? e.row_scale + i : NULL;
            e.bias = e.bias ? e.bias + j : NULL;
            e.gamma = e.gamma ? e.gamma + j : NULL;
            if (e.activation_args.weight)
                e.activation_args.weight += j;
            e.residual = e.residual ? e.residual + i * e.ld_residual + j : NULL;
            struct vit_tile part = *t;
            part.m = m;
            part.n = n;
            part.a = (const char *)t->a + i * t->a_bytes;
            part.panel = part.prefetch = panel;
            part.acc_in = t->acc_in ? acc_in : NULL;
            part.acc_out = t->acc_out ? acc_out : NULL;
            part.c = t->c ? t->c + i * t->ldc + j : NULL;
            part.epilogue = &e;
            for (size_t r = 0; t->acc_in && r < m; r++)
                memcpy(acc_in + r * SCALAR_COLUMNS, (const float *)t->acc_in + (i + r) * nr + j,
                       n * sizeof *acc_in);
            scalar->tile(&part);
            for (size_t r = 0; t->acc_out && r < m; r++)
                memcpy((float *)t->acc_out + (i + r) * nr + j, acc_out + r * SCALAR_COLUMNS,
                       n * sizeof *acc_out);
        }
    }
}

/* The steps of the epilogue that a case uses, one bit each. */
enum {
    STEP_SCALE = 1,
    STEP_ROW_SCALE = 2,
    STEP_BIAS = 4,
    STEP_GAMMA = 8,
    STEP_RESIDUAL = 16,
    STEPS = 32
};

static struct vit_epilogue draw_epilogue(struct check_run *c, size_t m, size_t n, unsigned steps,
                                         enum vit_activation activation)
{
    static const char *const names[] = { "scale", "row_scale", "bias", "gamma", "residual" };
    const size_t ld = n + check_draw(c, 4);

    for (unsigned i = 0; i < 5; i++)
        if (steps >> i & 1)
            check_shape(c, ", %s", names[i]);
    check_shape(c, ", activation %d", (int)activation);
    struct vit_epilogue e = { .scale = steps & STEP_SCALE ? -0.37f : 0.0f,
                              .activation = activation,
                              .ld_residual = ld };
    if (steps & STEP_ROW_SCALE)
        e.row_scale = check_input(c, "row_scale", 1, m, m, PATTERN_NORMAL);
    if (steps & STEP_BIAS)
        e.bias = check_input(c, "bias", 1, n, n, PATTERN_NORMAL);
    e.activation_args = activation_case_args(check_input(c, "weight", 1, n, n, PATTERN_NORMAL));
    if (steps & STEP_GAMMA)
        e.gamma = check_input(c, "gamma", 1, n, n, PATTERN_NORMAL);
    if (steps & STEP_RESIDUAL)
        e.residual = check_input(c, "residual", m, n, ld, PATTERN_NORMAL);
    return e;
}

/* The pattern of B. Only A has NaNs and infinities: otherwise every element of C would have one. */
static enum pattern pattern_of_b(enum pattern pattern)
{
    return pattern == PATTERN_NAN || pattern == PATTERN_INFINITE ? PATTERN_NORMAL : pattern;
}

/* The last block of k, which writes C; in some cases the residual is C itself. */
static void check_last_block(struct check_run *c, struct vit_tile *t, struct vit_epilogue *e,
                             const float *b, size_t ldb)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t m = t->m, n = t->n;
    const bool in_place = e->residual && check_draw(c, 4) == 0;
    const size_t ldc = n + check_draw(c, 6);
    float *expected = check_output(c, "scalar's C", m, n, ldc);
    float *found = in_place ? check_inout(c, "C", m, n, ldc, e->residual, e->ld_residual)
                            : check_output(c, "C", m, n, ldc);

    if (in_place)
        check_shape(c, " in C");
    t->epilogue = e;
    t->ldc = ldc;
    t->c = expected;
    reference_tile(kernel_of(c, c->scalar), kernel->nr, t, b, 1, ldb);
    t->c = found;
    if (in_place) {
        e->residual = found;
        e->ld_residual = ldc;
    }
    kernel->tile(t);
    check_equal(c, "C", m, n, expected, ldc, found, ldc);
}

/*
 * A block of k before the last: leaves the accumulators of all columns of the panel, and touches
 * neither C nor the operands of the epilogue. b[k][nr] has zeros for the padding.
 */
static void check_earlier_block(struct check_run *c, struct vit_tile *t,
                                const struct vit_epilogue *e, const float *b)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t m = t->m, n = t->n, nr = kernel->nr;
    float *expected = check_output(c, "scalar's acc_out", m, nr, nr);
    float *found = t->acc_in && check_draw(c, 2)
                       ? check_inout(c, "acc_out", m, nr, nr, t->acc_in, nr)
                       : check_output(c, "acc_out", m, nr, nr);

    t->epilogue = e;
    t->n = nr;
    t->acc_out = expected;
    reference_tile(kernel_of(c, c->scalar), nr, t, b, 1, nr);
    t->n = n;
    t->acc_out = found;
    t->c = (float *)check_input(c, "C, which is not written yet", m, n, n, PATTERN_NORMAL);
    t->ldc = n;
    kernel->tile(t);
    check_equal(c, "acc_out", m, nr, expected, nr, found, nr);
}

/* Columns of B, packed by the level between guard pages. */
static void *pack_panel(struct check_run *c, size_t n, size_t k, const float *b, size_t n_stride,
                        size_t k_stride)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t floats = kernel->panel_bytes(k) / sizeof(float);
    float *const panel = check_output(c, "the panel", 1, floats, floats);

    kernel->pack(n, k, b, n_stride, k_stride, panel);
    check_freeze(c, panel);
    return panel;
}

void check_tile(struct check_run *c, size_t index)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t mr = kernel->mr, nr = kernel->nr;
    const size_t m = 1 + index % mr, n = 1 + index / mr % nr;
    const size_t k = index % 17 == 16 ? 25 + check_draw(c, 275) : 1 + check_draw(c, 24);
    const size_t k_first = check_draw(c, 2) ? kernel->k_group * check_draw(c, 6) : 0;
    const size_t all = k_first + k, lda = all + check_draw(c, 5);
    const bool acc_in = check_draw(c, 2), acc_out = check_draw(c, 3) == 0;
    const enum pattern pattern =
        check_draw(c, 2) ? PATTERN_NORMAL : (enum pattern)check_draw(c, PATTERNS);

    check_shape(c, "m %zu, n %zu, k %zu from %zu, %s%s%s", m, n, k, k_first, pattern_name(pattern),
                acc_in ? ", acc_in" : "", acc_out ? ", acc_out" : "");
    const float *a = check_input(c, "A", m, all, lda, pattern);
    const float *b = check_input(c, "B", all, n, n, pattern_of_b(pattern));
    float *padded = check_output(c, "B and zeros", all, nr, nr);
    for (size_t l = 0; l < all; l++) {
        memcpy(padded + l * nr, b + l * n, n * sizeof *padded);
        memset(padded + l * nr + n, 0, (nr - n) * sizeof *padded);
    }
    const char *const panel = pack_panel(c, n, all, b, 1, n);
    const unsigned steps = (unsigned)check_draw(c, STEPS);
    struct vit_epilogue e =
        draw_epilogue(c, m, n, steps, (enum vit_activation)check_draw(c, VIT_ACTIVATIONS));
    struct vit_tile t = {
        .m = m,
        .n = n,
        .k_first = k_first,
        .k = k,
        .a = a,
        .a_bytes = lda * sizeof *a,
        .panel = panel,
        .prefetch = panel + kernel->panel_bytes(all), /* past its end, in a guard page */
        .acc_in = acc_in ? check_input(c, "acc_in", m, nr, nr, PATTERN_NORMAL) : NULL,
    };
    if (acc_out)
        check_earlier_block(c, &t, &e, padded);
    else
        check_last_block(c, &t, &e, padded, nr);
}

/* One row of several whole panels with gaps between them. */
void check_tile_row(struct check_run *c, size_t index)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t panels = 1 + index % kernel->gemv_panels, n = panels * kernel->nr;
    const size_t k = index % 9 == 8 ? 100 + check_draw(c, 200) : 1 + check_draw(c, 24);
    const size_t used = kernel->panel_bytes(k) / sizeof(float), stride = used + check_draw(c, 40);

    check_shape(c, "%zu panels, k %zu", panels, k);
    const float *a = check_input(c, "A", 1, k, k, PATTERN_NORMAL);
    const float *b = check_input(c, "B", n, k, k, PATTERN_NORMAL);
    float *panel = check_output(c, "the panels", panels, used, stride);
    for (size_t p = 0; p < panels; p++)
        kernel->pack(kernel->nr, k, b + p * kernel->nr * k, k, 1, panel + p * stride);
    check_freeze(c, panel);
    const unsigned steps = (unsigned)check_draw(c, STEPS);
    const struct vit_epilogue e =
        draw_epilogue(c, 1, n, steps, (enum vit_activation)check_draw(c, VIT_ACTIVATIONS));
    float *expected = check_output(c, "scalar's C", 1, n, n);
    float *found = check_output(c, "C", 1, n, n);
    struct vit_tile t = { .m = 1,
                          .n = n,
                          .k = k,
                          .a = a,
                          .a_bytes = k * sizeof *a,
                          .c = expected,
                          .ldc = n,
                          .epilogue = &e };

    reference_tile(kernel_of(c, c->scalar), kernel->nr, &t, b, k, 1);
    t.panel = t.prefetch = panel;
    t.panel_bytes = stride * sizeof *panel;
    t.c = found;
    kernel->tile(&t);
    check_equal(c, "C", 1, n, expected, n, found, n);
}

/*
 * Reads row l of packed B back as row l of I·B, with the accumulators of the padding, which must
 * stay 0. Scalar's own packing is compared with double precision by matmul.oracle.
 */
void check_pack(struct check_run *c, size_t index)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t nr = kernel->nr, n = 1 + index % nr;
    const size_t k = index % 7 == 6 ? 41 + check_draw(c, 100) : 1 + check_draw(c, 40);
    const size_t gap = check_draw(c, 5), way = index / nr % 3;
    const size_t k_stride = way == 0 ? 1 : way == 1 ? n + gap : n * 2 + gap;
    const size_t n_stride = way == 0 ? k + gap : way == 1 ? 1 : 2;

    check_shape(c, "n %zu, k %zu, strides %zu and %zu", n, k, n_stride, k_stride);
    const float *b = way == 0   ? check_input(c, "B", n, k, n_stride, PATTERN_WIDE)
                     : way == 1 ? check_input(c, "B", k, n, k_stride, PATTERN_WIDE)
                                : check_input(c, "B", k, (n - 1) * 2 + 1, k_stride, PATTERN_WIDE);
    const void *const panel = pack_panel(c, n, k, b, n_stride, k_stride);
    float *unit = check_output(c, "a row of I", 1, k, k);
    float *row = check_output(c, "the row read back", 1, nr, nr);
    float *expected = check_output(c, "the row of B", 1, nr, nr);

    struct vit_tile t = { .m = 1,
                          .n = n,
                          .k = k,
                          .a = unit,
                          .a_bytes = k * sizeof *unit,
                          .panel = panel,
                          .prefetch = panel,
                          .ldc = nr };
    memset(unit, 0, k * sizeof *unit);
    memset(expected, 0, nr * sizeof *expected);
    for (size_t l = 0; l < k; l++) {
        unit[l] = 1.0f;
        t.c = expected;
        t.acc_out = NULL;
        reference_tile(kernel_of(c, c->scalar), nr, &t, b, n_stride, k_stride);
        t.acc_out = row;
        kernel->tile(&t);
        unit[l] = 0.0f;
        check_equal(c, "the packed row of B", 1, nr, expected, nr, row, nr);
    }
}

struct product {
    struct check_run *c;
    struct vit_matmul_args args; /* except C */
    const float *expected;       /* [m][n] */
    bool in_place;               /* the residual is C itself */
};

static void multiply(void *arg, const struct vit_parallel *parallel)
{
    const struct product *const p = arg;
    struct vit_matmul_args args = p->args;
    struct vit_epilogue e = *args.epilogue;
    const size_t m = args.m, n = args.b->n;

    args.epilogue = &e;
    args.c = p->in_place ? check_inout(p->c, "C", m, n, args.ldc, e.residual, e.ld_residual)
                         : check_output(p->c, "C", m, n, args.ldc);
    if (p->in_place) {
        e.residual = args.c;
        e.ld_residual = args.ldc;
    }
    vit_matmul(parallel, &args);
    check_equal(p->c, "C", m, n, p->expected, n, args.c, args.ldc);
}

struct shape {
    size_t m, n, k;
};

/* Mostly small shapes; some have work for seven threads or several blocks of k. */
static bool matmul_shape(struct check_run *c, size_t index, struct shape *s)
{
    const size_t kc = kernel_of(c, c->level)->kc, nr = kernel_of(c, c->level)->nr;
    const struct shape large[] = { { 3, 1000, 331 },   { 97, 251, 40 },
                                   { 301, 7, 460 },    { 523, 67, 31 },
                                   { 50, 300, 64 },    { 2, nr + 3, 2 * kc + 3 },
                                   { 1, 6 * nr, 800 }, { 3, 5, 3 * kc + 1 } };

    if (index % 67 == 66) {
        *s = large[index / 67 % (sizeof large / sizeof *large)];
        s->k = s->k < MAX_K ? s->k : MAX_K;
        return true;
    }
    s->m = index % 8 == 3 ? 1 : 1 + check_draw(c, 20); /* a single row reads several panels */
    s->n = 1 + check_draw(c, s->m == 1 ? 6 * nr : 150);
    s->k = 1 + check_draw(c, 30);
    return false;
}

void check_matmul(struct check_run *c, size_t index)
{
    const size_t epilogues = STEPS * VIT_ACTIVATIONS; /* each is combined with all patterns */
    const enum pattern pattern = (enum pattern)((index + index / epilogues) % PATTERNS);
    struct shape s;
    const bool large = matmul_shape(c, index, &s);
    const size_t m = s.m, n = s.n, k = s.k, lda = k + check_draw(c, 5);

    check_shape(c, "m %zu, n %zu, k %zu, %s", m, n, k, pattern_name(pattern));
    const float *a = check_input(c, "A", m, k, lda, pattern);
    const float *b = check_input(c, "B", n, k, k, pattern_of_b(pattern));
    const struct vit_epilogue e = draw_epilogue(
        c, m, n, index % STEPS, (enum vit_activation)(index / STEPS % VIT_ACTIVATIONS));
    float *expected = check_output(c, "scalar's C", m, n, n);
    struct vit_packed packed = { kernel_of(c, c->level), n, k, NULL };
    const size_t floats = vit_packed_bytes(packed.kernel, n, k) / sizeof(float);
    float *const panels = check_output(c, "packed B", 1, floats, floats);

    reference_tile(kernel_of(c, c->scalar), 0,
                   &(struct vit_tile){ .m = m,
                                       .n = n,
                                       .k = k,
                                       .a = a,
                                       .a_bytes = lda * sizeof *a,
                                       .c = expected,
                                       .ldc = n,
                                       .epilogue = &e },
                   b, k, 1);
    packed.panels = panels;
    vit_pack(&packed, 0, n, b, k, 1);
    check_freeze(c, panels);
    struct product p = { .c = c,
                         .args = { .m = m,
                                   .a = a,
                                   .lda = lda,
                                   .b = &packed,
                                   .ldc = n + check_draw(c, 6),
                                   .epilogue = &e },
                         .expected = expected,
                         .in_place = e.residual && check_draw(c, 2) };
    check_each_way(c, large, multiply, &p);
}
