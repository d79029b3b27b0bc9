/* cases_matmul.c - tiles, packing and whole matmuls against scalar's tiles */
#include <stdio.h>
#include <string.h>

#include "check/run.h"

enum { TILE_ROWS = 4, TILE_COLUMNS = 8, MOST_K = 32768 }; /* of scalar, and of a case */

/*
 * What a tile of any m and n must give, in scalar's tiles, its panel packed by scalar from b: in
 * this all levels agree on where an element goes, and scalar's tile alone on what it is.
 *   t     as for a kernel, but for panel; from and to have row stride nr
 *   b     element (l, j) at b[l·k_stride + j·n_stride]
 */
static void reference_tile(const struct vit_kernels *scalar, size_t nr, const struct vit_tile *t,
                           const float *b, size_t n_stride, size_t k_stride)
{
    static float panel[TILE_COLUMNS * MOST_K];
    float from[TILE_ROWS * TILE_COLUMNS], to[TILE_ROWS * TILE_COLUMNS];

    for (size_t j = 0; j < t->n; j += TILE_COLUMNS) {
        const size_t n = t->n - j < TILE_COLUMNS ? t->n - j : TILE_COLUMNS;
        scalar->matmul.pack(n, t->k, b + j * n_stride, n_stride, k_stride, panel);
        for (size_t i = 0; i < t->m; i += TILE_ROWS) {
            const size_t m = t->m - i < TILE_ROWS ? t->m - i : TILE_ROWS;
            struct vit_epilogue e = t->epilogue ? *t->epilogue : (struct vit_epilogue){ 0 };
            e.row_scale = e.row_scale ? e.row_scale + i : NULL;
            e.bias = e.bias ? e.bias + j : NULL;
            e.gamma = e.gamma ? e.gamma + j : NULL;
            e.residual = e.residual ? e.residual + i * e.ld_residual + j : NULL;
            struct vit_tile part = *t;
            part.m = m;
            part.n = n;
            part.a = t->a + i * t->lda;
            part.panel = part.next = panel;
            part.from = t->from ? from : NULL;
            part.to = t->to ? to : NULL;
            part.c = t->c ? t->c + i * t->ldc + j : NULL;
            part.epilogue = &e;
            for (size_t r = 0; t->from && r < m; r++)
                memcpy(from + r * TILE_COLUMNS, t->from + (i + r) * nr + j, n * sizeof *from);
            scalar->matmul.tile(&part);
            for (size_t r = 0; t->to && r < m; r++)
                memcpy(t->to + (i + r) * nr + j, to + r * TILE_COLUMNS, n * sizeof *to);
        }
    }
}

/* Which steps of the epilogue are taken, a bit each. */
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
    if (steps & STEP_GAMMA)
        e.gamma = check_input(c, "gamma", 1, n, n, PATTERN_NORMAL);
    if (steps & STEP_RESIDUAL)
        e.residual = check_input(c, "residual", m, n, ld, PATTERN_NORMAL);
    return e;
}

/* B's own pattern: NaNs and infinities come from A, or every element would have one. */
static enum pattern pattern_of_b(enum pattern pattern)
{
    return pattern == PATTERN_NAN || pattern == PATTERN_INFINITE ? PATTERN_NORMAL : pattern;
}

/* A tile whose chains end here, in C: sometimes on top of its own residual. */
static void finished_tile(struct check_run *c, struct vit_tile *t, struct vit_epilogue *e,
                          const float *panel, size_t nr)
{
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
    reference_tile(c->scalar, nr, t, panel, 1, nr);
    t->c = found;
    if (in_place) {
        e->residual = found;
        e->ld_residual = ldc;
    }
    c->level->matmul.tile(t);
    check_equal(c, "C", m, n, expected, ldc, found, ldc);
}

/* A tile whose chains wait: all of the panel's columns, and nothing of the epilogue or of C. */
static void waiting_tile(struct check_run *c, struct vit_tile *t, const struct vit_epilogue *e,
                         const float *panel, size_t nr)
{
    const size_t m = t->m, n = t->n;
    float *expected = check_output(c, "scalar's to", m, nr, nr);
    float *found = t->from && check_draw(c, 2) ? check_inout(c, "to", m, nr, nr, t->from, nr)
                                               : check_output(c, "to", m, nr, nr);

    t->epilogue = e;
    t->n = nr;
    t->to = expected;
    reference_tile(c->scalar, nr, t, panel, 1, nr);
    t->n = n;
    t->to = found;
    t->c = (float *)(uintptr_t)check_input(c, "C, not wanted", m, n, n, PATTERN_NORMAL);
    t->ldc = n;
    c->level->matmul.tile(t);
    check_equal(c, "to", m, nr, expected, nr, found, nr);
}

void check_tile(struct check_run *c, size_t index)
{
    const size_t mr = c->level->matmul.mr, nr = c->level->matmul.nr;
    const size_t m = 1 + index % mr, n = 1 + index / mr % nr;
    const size_t k = index % 17 == 16 ? 25 + check_draw(c, 275) : 1 + check_draw(c, 24);
    const size_t lda = k + check_draw(c, 5);
    const bool from = check_draw(c, 2), to = check_draw(c, 3) == 0;
    const enum pattern pattern =
        check_draw(c, 2) ? PATTERN_NORMAL : (enum pattern)check_draw(c, PATTERNS);

    check_shape(c, "m %zu, n %zu, k %zu, %s%s%s", m, n, k, pattern_name(pattern),
                from ? ", from" : "", to ? ", to" : "");
    const float *a = check_input(c, "A", m, k, lda, pattern);
    const float *b = check_input(c, "B", k, n, n, pattern_of_b(pattern));
    float *panel = check_output(c, "the panel", k, nr, nr);
    for (size_t l = 0; l < k; l++) {
        memcpy(panel + l * nr, b + l * n, n * sizeof *panel);
        memset(panel + l * nr + n, 0, (nr - n) * sizeof *panel);
    }
    check_freeze(c, panel);
    const unsigned steps = (unsigned)check_draw(c, STEPS);
    struct vit_epilogue e =
        draw_epilogue(c, m, n, steps, (enum vit_activation)check_draw(c, VIT_ACTIVATIONS));
    struct vit_tile t = {
        .m = m,
        .n = n,
        .k = k,
        .a = a,
        .lda = lda,
        .panel = panel,
        .next = panel + k * nr, /* beyond its last, where no one may look */
        .from = from ? check_input(c, "from", m, nr, nr, PATTERN_NORMAL) : NULL,
    };
    if (to)
        waiting_tile(c, &t, &e, panel, nr);
    else
        finished_tile(c, &t, &e, panel, nr);
}

/* One row of several whole panels, which lie apart. */
void check_tile_row(struct check_run *c, size_t index)
{
    const struct vit_matmul_kernel *const kernel = &c->level->matmul;
    const size_t panels = 1 + index % kernel->gemv_panels, n = panels * kernel->nr;
    const size_t k = index % 9 == 8 ? 100 + check_draw(c, 200) : 1 + check_draw(c, 24);
    const size_t stride = k * kernel->nr + check_draw(c, 40);

    check_shape(c, "%zu panels, k %zu", panels, k);
    const float *a = check_input(c, "A", 1, k, k, PATTERN_NORMAL);
    const float *b = check_input(c, "B", n, k, k, PATTERN_NORMAL);
    float *panel = check_output(c, "the panels", panels, k * kernel->nr, stride);
    for (size_t p = 0; p < panels; p++)
        for (size_t l = 0; l < k; l++)
            for (size_t j = 0; j < kernel->nr; j++)
                panel[p * stride + l * kernel->nr + j] = b[(p * kernel->nr + j) * k + l];
    check_freeze(c, panel);
    const unsigned steps = (unsigned)check_draw(c, STEPS);
    const struct vit_epilogue e =
        draw_epilogue(c, 1, n, steps, (enum vit_activation)check_draw(c, VIT_ACTIVATIONS));
    float *expected = check_output(c, "scalar's C", 1, n, n);
    float *found = check_output(c, "C", 1, n, n);
    struct vit_tile t = {
        .m = 1, .n = n, .k = k, .a = a, .lda = k, .c = expected, .ldc = n, .epilogue = &e
    };

    reference_tile(c->scalar, kernel->nr, &t, b, k, 1);
    t.panel = t.next = panel;
    t.panel_stride = stride;
    t.c = found;
    kernel->tile(&t);
    check_equal(c, "C", 1, n, expected, n, found, n);
}

void check_pack(struct check_run *c, size_t index)
{
    const size_t nr = c->level->matmul.nr, n = 1 + index % nr;
    const size_t k = index % 7 == 6 ? 41 + check_draw(c, 100) : 1 + check_draw(c, 40);
    const size_t gap = check_draw(c, 5), way = index / nr % 3;
    const size_t k_stride = way == 0 ? 1 : way == 1 ? n + gap : n * 2 + gap;
    const size_t n_stride = way == 0 ? k + gap : way == 1 ? 1 : 2;

    check_shape(c, "n %zu, k %zu, strides %zu and %zu", n, k, n_stride, k_stride);
    const float *b = way == 0   ? check_input(c, "B", n, k, n_stride, PATTERN_WIDE)
                     : way == 1 ? check_input(c, "B", k, n, k_stride, PATTERN_WIDE)
                                : check_input(c, "B", k, (n - 1) * 2 + 1, k_stride, PATTERN_WIDE);
    float *expected = check_output(c, "the panel that should be", k, nr, nr);
    float *panel = check_output(c, "the panel", k, nr, nr);

    for (size_t l = 0; l < k; l++)
        for (size_t j = 0; j < nr; j++)
            expected[l * nr + j] = j < n ? b[l * k_stride + j * n_stride] : 0.0f;
    c->level->matmul.pack(n, k, b, n_stride, k_stride, panel);
    check_equal(c, "the panel", k, nr, expected, nr, panel, nr);
}

struct product {
    struct check_run *c;
    size_t m, n, k, lda, ldc;
    const float *a, *packed, *expected; /* [m][n] */
    struct vit_epilogue epilogue;
    bool in_place; /* the residual is C itself */
};

static void multiply(void *arg, const struct vit_parallel *parallel)
{
    const struct product *const p = arg;
    struct vit_epilogue e = p->epilogue;
    float *found = p->in_place
                       ? check_inout(p->c, "C", p->m, p->n, p->ldc, e.residual, e.ld_residual)
                       : check_output(p->c, "C", p->m, p->n, p->ldc);

    if (p->in_place) {
        e.residual = found;
        e.ld_residual = p->ldc;
    }
    vit_matmul(p->c->level, parallel, p->m, p->n, p->k, p->a, p->lda, p->packed, found, p->ldc, &e);
    check_equal(p->c, "C", p->m, p->n, p->expected, p->n, found, p->ldc);
}

/* Small ones, and now and then one with work for seven threads or with several blocks of k. */
static bool matmul_shape(struct check_run *c, size_t index, struct product *p)
{
    const size_t kc = c->level->matmul.kc, nr = c->level->matmul.nr;
    const size_t large[][3] = { { 3, 1000, 331 },   { 97, 251, 40 },     { 301, 7, 460 },
                                { 523, 67, 31 },    { 50, 300, 64 },     { 2, nr + 3, 2 * kc + 3 },
                                { 1, 6 * nr, 800 }, { 3, 5, 3 * kc + 1 } };

    if (index % 67 == 66) {
        const size_t *const shape = large[index / 67 % (sizeof large / sizeof *large)];
        p->m = shape[0];
        p->n = shape[1];
        p->k = shape[2] < MOST_K ? shape[2] : MOST_K;
        return true;
    }
    p->m = index % 8 == 3 ? 1 : 1 + check_draw(c, 20); /* a row alone reads several panels */
    p->n = 1 + check_draw(c, p->m == 1 ? 6 * nr : 150);
    p->k = 1 + check_draw(c, 30);
    return false;
}

void check_matmul(struct check_run *c, size_t index)
{
    const size_t epilogues = STEPS * VIT_ACTIVATIONS; /* each of them meets all patterns */
    const enum pattern pattern = (enum pattern)((index + index / epilogues) % PATTERNS);
    struct product p = { .c = c };
    const bool large = matmul_shape(c, index, &p);
    const size_t m = p.m, n = p.n, k = p.k;

    check_shape(c, "m %zu, n %zu, k %zu, %s", m, n, k, pattern_name(pattern));
    p.lda = k + check_draw(c, 5);
    p.ldc = n + check_draw(c, 6);
    p.a = check_input(c, "A", m, k, p.lda, pattern);
    const float *b = check_input(c, "B", n, k, k, pattern_of_b(pattern));
    p.epilogue = draw_epilogue(c, m, n, index % STEPS,
                               (enum vit_activation)(index / STEPS % VIT_ACTIVATIONS));
    p.in_place = p.epilogue.residual && check_draw(c, 2);
    float *expected = check_output(c, "scalar's C", m, n, n);
    const size_t packed_size = vit_matmul_packed_size(c->level, n, k);
    float *packed = check_output(c, "packed B", 1, packed_size, packed_size);

    reference_tile(c->scalar, 0,
                   &(struct vit_tile){ .m = m,
                                       .n = n,
                                       .k = k,
                                       .a = p.a,
                                       .lda = p.lda,
                                       .c = expected,
                                       .ldc = n,
                                       .epilogue = &p.epilogue },
                   b, k, 1);
    vit_matmul_pack(c->level, n, k, b, k, 1, packed);
    check_freeze(c, packed);
    p.packed = packed;
    p.expected = expected;
    check_each_way(c, large, multiply, &p);
}
