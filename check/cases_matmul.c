/* cases_matmul.c - tiles, packing and whole matmuls against scalar's tiles */
#include <stdio.h>
#include <string.h>

#include "check/draw_epilogue.h"
#include "check/kernel_cases.h"
#include "check/reference_tile.h"
#include "check/run.h"

enum { MAX_K = 32768 }; /* of a case */

static const struct vit_matmul_kernel *kernel_of(const struct check_run *c,
                                                 const struct vit_kernels *level)
{
    return &level->matmul[c->which->kernel.pair];
}

/* The pattern of B. Only A has NaNs and infinities: otherwise every element of C would have one. */
static enum pattern pattern_of_b(enum pattern pattern)
{
    return pattern == PATTERN_NAN || pattern == PATTERN_INFINITE ? PATTERN_NORMAL : pattern;
}

enum { ACC_BYTES = 4 };

/* Accumulators [m][nr] of an earlier block: float32, or small whole numbers of int32. */
static const void *draw_accumulators(struct check_run *c, size_t m)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t nr = kernel->nr;
    const float *const floats = check_input(c, "acc_in", m, nr, nr, PATTERN_NORMAL);

    if (kernel->acc == VIT_DTYPE_F32)
        return floats;
    char *const integers = check_bytes(c, "acc_in", 1, m * nr * ACC_BYTES, 0, ACC_BYTES);
    for (size_t i = 0; i < m * nr; i++)
        memcpy(integers + i * ACC_BYTES, &(int32_t){ (int32_t)(floats[i] * 1024.0f) }, ACC_BYTES);
    check_freeze(c, integers);
    return integers;
}

/*
 * Compares rows of accumulators of a panel. Float32 ones are equal if both are NaN; of other types
 * every byte counts.
 */
static void check_accumulators(struct check_run *c, size_t m, const void *expected,
                               const void *found)
{
    const size_t nr = kernel_of(c, c->level)->nr;

    if (kernel_of(c, c->level)->acc == VIT_DTYPE_F32) {
        check_equal(c, "acc_out", m, nr, expected, nr, found, nr);
        return;
    }
    for (size_t i = 0; i < m * nr; i++)
        if (memcmp((const char *)expected + i * ACC_BYTES, (const char *)found + i * ACC_BYTES,
                   ACC_BYTES) != 0)
            check_fail(c, "acc_out, row %zu, column %zu differs from scalar's", i / nr, i % nr);
}

/* Converts the tile's float32 rows of A, between guard pages, if the level's kernel converts. */
static void convert_rows(struct check_run *c, struct vit_tile *t)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t k = t->k_first + t->k;

    if (!kernel->convert)
        return;
    const size_t row_bytes = kernel->row_bytes(k);
    void *const rows = check_bytes(c, "A, converted", t->m, row_bytes, row_bytes, sizeof(float));
    kernel->convert(t->m, k, t->a, t->a_bytes / sizeof(float), rows);
    check_freeze(c, rows);
    t->a = rows;
    t->a_bytes = row_bytes;
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
    convert_rows(c, t);
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
    const size_t bytes = m * nr * ACC_BYTES;
    void *const expected = check_bytes(c, "scalar's acc_out", 1, bytes, 0, ACC_BYTES);
    void *const found = check_bytes(c, "acc_out", 1, bytes, 0, ACC_BYTES);
    const bool in_place = t->acc_in && check_draw(c, 2);

    t->epilogue = e;
    t->n = nr;
    t->acc_out = expected;
    reference_tile(kernel_of(c, c->scalar), nr, t, b, 1, nr);
    t->n = n;
    if (in_place)
        t->acc_in = memcpy(found, t->acc_in, bytes);
    t->acc_out = found;
    t->c = (float *)check_input(c, "C, which is not written yet", m, n, n, PATTERN_NORMAL);
    t->ldc = n;
    convert_rows(c, t);
    kernel->tile(t);
    check_accumulators(c, m, expected, found);
}

/* Columns of B, packed by the level between guard pages. */
static void *pack_panel(struct check_run *c, size_t n, size_t k, const float *b, size_t n_stride,
                        size_t k_stride)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    void *const panel = check_bytes(c, "the panel", 1, kernel->panel_bytes(k), 0, sizeof(float));

    kernel->pack(n, k, b, n_stride, k_stride, panel);
    check_freeze(c, panel);
    return panel;
}

void check_tile(struct check_run *c, size_t index)
{
    const struct vit_matmul_kernel *const kernel = kernel_of(c, c->level);
    const size_t mr = kernel->mr, nr = kernel->nr;
    const size_t m = 1 + index % mr + (index % 7 == 3 ? mr * check_draw(c, 3) : 0);
    const size_t n = 1 + index / mr % nr;
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
        .prefetch_bytes = 64 * k,
        .prefetch_c = index % 2,
        .acc_in = acc_in ? draw_accumulators(c, m) : NULL,
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
    const size_t used = kernel->panel_bytes(k), stride = used + sizeof(float) * check_draw(c, 40);

    check_shape(c, "%zu panels, k %zu", panels, k);
    const float *a = check_input(c, "A", 1, k, k, PATTERN_NORMAL);
    const float *b = check_input(c, "B", n, k, k, PATTERN_NORMAL);
    char *const panel = check_bytes(c, "the panels", panels, used, stride, sizeof(float));
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
    t.panel_bytes = stride;
    t.c = found;
    convert_rows(c, &t);
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
    void *const row = check_bytes(c, "the row read back", 1, nr * ACC_BYTES, 0, ACC_BYTES);
    void *const expected = check_bytes(c, "the row of B", 1, nr * ACC_BYTES, 0, ACC_BYTES);

    const size_t row_bytes = kernel->convert ? kernel->row_bytes(k) : k * sizeof *unit;
    void *const a =
        kernel->convert ? check_bytes(c, "it, converted", 1, row_bytes, 0, sizeof(float)) : unit;
    struct vit_tile t = { .m = 1, .n = n, .k = k, .panel = panel, .prefetch = panel, .ldc = nr };

    memset(unit, 0, k * sizeof *unit);
    memset(expected, 0, nr * ACC_BYTES);
    for (size_t l = 0; l < k; l++) {
        unit[l] = 1.0f;
        t.a = unit;
        t.a_bytes = k * sizeof *unit;
        t.acc_out = expected;
        reference_tile(kernel_of(c, c->scalar), nr, &t, b, n_stride, k_stride);
        if (kernel->convert)
            kernel->convert(1, k, unit, k, a);
        t.a = a;
        t.a_bytes = row_bytes;
        t.acc_out = row;
        kernel->tile(&t);
        unit[l] = 0.0f;
        check_accumulators(c, 1, expected, row);
    }
}

struct product {
    struct check_run *c;
    struct vit_matmul_args args; /* except C and scratch */
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
    args.scratch =
        check_bytes(p->c, "scratch", 1,
                    vit_matmul_scratch_bytes(args.b, m, parallel ? parallel->threads : 1), 0, 64);
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
    void *const panels =
        check_bytes(c, "packed B", 1, vit_packed_bytes(packed.kernel, n, k), 0, sizeof(float));

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
