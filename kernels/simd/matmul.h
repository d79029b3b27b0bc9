/* matmul.h - the matmul micro-kernel of float32 activations, once for every instruction set */
#ifndef VIT_KERNELS_SIMD_MATMUL_H
#define VIT_KERNELS_SIMD_MATMUL_H

#include <stdbool.h>

#include "kernels/simd/activation_rows.h"
#include "kernels/simd/lanes.h"
#include "kernels/simd/pack.h"

/*
 * An instruction set defines, before it includes this file:
 *   reg, REG_LANES                a vector register and its float lanes
 *   reg_set1, reg_load, reg_store, reg_mul, reg_fma (a·b + c)
 *   reg_join(r, count)            a vec of `count` registers, the remaining lanes 0
 *   MR, NR                        the tile; MR·NR/REG_LANES accumulators must fit in registers
 *   COLUMN_GROUP                  a tile of n columns computes whole groups of this many
 *   EACH_ROWS(X)                  X(1) X(2) … X(MR)
 *   NARROW_ROWS, EACH_NARROW(X)   if tiles of one column group have up to so many rows, to hide the
 *                                 latency of few accumulators; X(MR + 1, 1) … X(NARROW_ROWS, 1)
 *   EACH_GROUPS(X, m)             X(m, 1) X(m, 2) … X(m, NR / COLUMN_GROUP)
 *   GEMV_PANELS, EACH_PANELS(X)   the maximum panels of a tile of one row; X(2) … X(GEMV_PANELS)
 *   weight                        the number type of a packed weight, and WEIGHT_DTYPE, its name
 *   weight_load(p)                a register of weights, converted to float32
 *   store_weights(p, v, lanes)    converts and stores the first `lanes` lanes of a vec
 *   K_STEPS                       how many steps of k the loop over k takes at once; divides 4
 *   HAS_STEPS                     if it has its own k_steps, for a better way to load A
 *   HALF_LANES                    if it computes only half of a row's last register where that has
 *                                 no more columns than this; and
 *     weight_load_half(p)         as weight_load of one half
 *     reg_fma_half                as reg_fma; the second half of the result is 0
 *     EACH_HALF(X)                X(m, g): tiles of m rows and g column groups that do so
 */
#define REGS      (NR / REG_LANES) /* of a row of the tile */
#define VEC_REGS  (LANES / REG_LANES)
#define PREFETCH2 2 /* into L2 */

#ifndef NARROW_ROWS
#define NARROW_ROWS MR
#define EACH_NARROW(X)
#endif

#ifndef HALF_LANES
#define HALF_LANES 0
#define EACH_HALF(X)

static inline reg weight_load_half(const weight *p)
{
    return weight_load(p);
}

static inline reg reg_fma_half(reg a, reg b, reg c)
{
    return reg_fma(a, b, c);
}
#endif

/* acc += a column of A times a row of the panel: whole registers and, if they are more, a half */
ALWAYS_INLINE void step(size_t m, size_t columns, const float *a, size_t lda, const weight *panel,
                        reg acc[NARROW_ROWS][REGS])
{
    const size_t whole = columns / REG_LANES, regs = (columns + REG_LANES - 1) / REG_LANES;
    reg b[REGS];

    UNROLL
    for (size_t v = 0; v < regs; v++)
        b[v] = v < whole ? weight_load(panel + REG_LANES * v)
                         : weight_load_half(panel + REG_LANES * v);
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const reg x = reg_set1(a[i * lda]);
        UNROLL
        for (size_t v = 0; v < regs; v++)
            acc[i][v] = v < whole ? reg_fma(x, b[v], acc[i][v]) : reg_fma_half(x, b[v], acc[i][v]);
    }
}

#ifndef HAS_STEPS
ALWAYS_INLINE void k_steps(size_t m, size_t columns, const float *a, size_t lda,
                           const weight *panel, reg acc[NARROW_ROWS][REGS])
{
    UNROLL
    for (size_t q = 0; q < K_STEPS; q++)
        step(m, columns, a + q, lda, panel + q * NR, acc);
}
#endif

/* The factor of rows that have none of their own; 1 changes nothing. */
static inline float scale_of(const struct vit_epilogue *e)
{
    return e->scale != 0.0f ? e->scale : 1.0f;
}

/* Whether finish() only stores. */
static inline bool only_stores(const struct vit_epilogue *e)
{
    return !e->bias && !e->gamma && !e->residual;
}

/*
 * Applies all of an epilogue except scale and activation to columns j .. j + lanes − 1 of row i of
 * the tile, and stores them.
 */
static inline void finish(vec c, size_t i, size_t j, size_t lanes, float *out,
                          const struct vit_epilogue *e)
{
    if (e->bias)
        c = v_add(c, load_lanes(e->bias + j, lanes));
    if (e->gamma)
        c = v_mul(c, load_lanes(e->gamma + j, lanes));
    if (e->residual)
        c = v_add(c, load_lanes(e->residual + i * e->ld_residual + j, lanes));
    store_lanes(out, c, lanes);
}

/* Fetches the lines of m rows of n columns of C for writing. */
static void prefetch_lines(size_t m, const float *c, size_t ldc, size_t n)
{
    for (size_t i = 0; i < m; i++, c += ldc) {
        for (size_t j = 0; j < n; j += 16)
            __builtin_prefetch(c + j, 1);
        __builtin_prefetch(c + n - 1, 1);
    }
}

/* One tile: what its loop over k reads, and where its rows go. */
struct tile {
    const float *a;
    size_t lda, k;
    const weight *panel;
    const char *prefetch; /* 16·k bytes */
    const float *begin;   /* accumulators to continue from, row stride NR; or NULL: 0 */
    const float *factor;  /* [m] */
    float *out;           /* [m][n], row stride ldo */
    size_t n, ldo;
    size_t row; /* of the operands of the epilogue */
    const struct vit_epilogue *epilogue;
};

/*
 * The first n columns of m rows: accumulates, multiplies each row by its factor, applies the rest
 * of the epilogue through finish(); `stores` if that only stores whole registers. m and `columns`,
 * which is n rounded up, are constants at every call, so that the accumulators are registers.
 */
ALWAYS_INLINE void multiply_fixed(size_t m, size_t columns, bool stores, const struct tile *s)
{
    const float *const a = s->a, *const begin = s->begin;
    const weight *const panel = s->panel;
    const char *const prefetch = s->prefetch;
    const size_t lda = s->lda, k = s->k, n = s->n, ldo = s->ldo;
    const size_t whole = columns / REG_LANES, regs = (columns + REG_LANES - 1) / REG_LANES;
    reg acc[NARROW_ROWS][REGS];
    size_t l = 0;

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < regs; v++)
        acc[i][v] = begin ? reg_load(begin + i * NR + REG_LANES * v) : reg_set1(0.0f);

    for (; l + K_STEPS <= k; l += K_STEPS) {
        __builtin_prefetch(prefetch + 16 * l, 0, PREFETCH2);
        k_steps(m, columns, a + l, lda, panel + l * NR, acc);
    }
    for (; l < k; l++)
        step(m, columns, a + l, lda, panel + l * NR, acc);

    if (stores || (whole < regs && only_stores(s->epilogue))) {
        UNROLL
        for (size_t i = 0; i < m; i++)
            UNROLL
        for (size_t v = 0; v < regs; v++)
            if (v < whole)
                reg_store(s->out + i * ldo + REG_LANES * v,
                          reg_mul(acc[i][v], reg_set1(s->factor[i])));
            else
                store_lanes(s->out + i * ldo + REG_LANES * v,
                            v_mul(reg_join(&acc[i][v], 1), v_set(s->factor[i])), n - REG_LANES * v);
        return;
    }
    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < regs; v += VEC_REGS) {
        const vec c = reg_join(&acc[i][v], regs - v);
        finish(v_mul(c, v_set(s->factor[i])), s->row + i, REG_LANES * v,
               v + VEC_REGS < regs ? LANES : n - REG_LANES * v, s->out + i * ldo + REG_LANES * v,
               s->epilogue);
    }
}

/*
 * Functions for each size of a tile: with the epilogue, only storing whole registers, and for a
 * last register that is at most half full. None is inlined: what surrounds the loop over k would
 * take registers from the accumulators.
 */
#define MULTIPLY(name, m, columns, stores)                                                         \
    __attribute__((noinline)) static void multiply_##name(const struct tile *s)                    \
    {                                                                                              \
        multiply_fixed(m, columns, stores, s);                                                     \
    }
#define MULTIPLY_TILE(m, g)                                                                        \
    MULTIPLY(m##_##g, m, (g)*COLUMN_GROUP, false)                                                  \
    MULTIPLY(m##_##g##_stores, m, (g)*COLUMN_GROUP, true)
#define MULTIPLY_HALF(m, g) MULTIPLY(m##_##g##_half, m, (g)*COLUMN_GROUP - HALF_LANES, false)
#define MULTIPLY_ROWS(m)    EACH_GROUPS(MULTIPLY_TILE, m)
EACH_ROWS(MULTIPLY_ROWS)
EACH_NARROW(MULTIPLY_TILE)
EACH_HALF(MULTIPLY_HALF)
#undef MULTIPLY_ROWS
#undef MULTIPLY_HALF
#undef MULTIPLY_TILE
#undef MULTIPLY

typedef void multiply_function(const struct tile *s);

/* That of tiles of m rows and n ≤ NR columns. */
static multiply_function *choose_multiply(size_t m, size_t n, const struct vit_epilogue *e)
{
    static const struct {
        multiply_function *finish, *store;
    } tiles[NARROW_ROWS][NR / COLUMN_GROUP] = {
#define TILE_ENTRY(m, g)                                                                           \
    [(m)-1][(g)-1] = { .finish = multiply_##m##_##g, .store = multiply_##m##_##g##_stores },
#define TILE_ENTRIES(m) EACH_GROUPS(TILE_ENTRY, m)
        EACH_ROWS(TILE_ENTRIES) EACH_NARROW(TILE_ENTRY)
#undef TILE_ENTRIES
#undef TILE_ENTRY
    };
#define HALF_ENTRY(m, g)                                                                           \
    case (m)*8 + (g): /* 8 is more than the groups of any tile */                                  \
        return multiply_##m##_##g##_half;
    const size_t groups = (n - 1) / COLUMN_GROUP + 1;

    if ((n - 1) % REG_LANES + 1 <= HALF_LANES)
        switch (m * 8 + groups) {
            EACH_HALF(HALF_ENTRY)
        default:
            break;
        }
#undef HALF_ENTRY
    if (n % COLUMN_GROUP == 0 && only_stores(e))
        return tiles[m - 1][groups - 1].store;
    return tiles[m - 1][groups - 1].finish;
}

/*
 * An epilogue from its activation on, which needs registers of its own: its input, m rows of n
 * columns, row stride NR, waits in L1. Where a row is no multiple of the vectors that an activation
 * takes at a time, all rows of a whole tile are one row of the activation.
 */
static void activate_rows(size_t m, size_t n, size_t first, float *rows, float *c, size_t ldc,
                          const struct vit_epilogue *e)
{
    const struct vit_activation_args *const args = &e->activation_args;
    activation_row *const activate = choose_activation(e->activation);
    const bool one_row = NR % (ROW_VECTORS * LANES) != 0 && n == NR && !args->weight;
    const struct vit_epilogue after = { .gamma = e->gamma,
                                        .residual = e->residual,
                                        .ld_residual = e->ld_residual };

    if (one_row)
        activate(m * NR, rows, args, rows);
    for (size_t i = 0; i < m; i++, rows += NR, c += ldc) {
        if (!one_row && only_stores(&after)) {
            activate(n, rows, args, c);
            continue;
        }
        if (!one_row)
            activate(n, rows, args, rows);
        for (size_t j = 0; j < n; j += LANES) {
            const size_t lanes = lanes_left(n - j);
            finish(load_lanes(rows + j, lanes), first + i, j, lanes, c + j, &after);
        }
    }
}

#if GEMV_PANELS > 1

/* One row of several whole panels; `panels` is a constant at every call. */
ALWAYS_INLINE void multiply_panels(size_t panels, const struct vit_tile *t, float factor,
                                   float *out, const struct vit_epilogue *e)
{
    const float *const a = t->a;
    const weight *const panel = t->panel;
    const size_t stride = t->panel_bytes / sizeof *panel;
    reg acc[GEMV_PANELS][REGS];

    UNROLL
    for (size_t p = 0; p < panels; p++)
        UNROLL
    for (size_t v = 0; v < REGS; v++)
        acc[p][v] = reg_set1(0.0f);

    for (size_t l = 0; l < t->k; l++) {
        const reg x = reg_set1(a[l]);
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            const weight *b = panel + p * stride + l * NR;
            UNROLL
            for (size_t v = 0; v < REGS; v++)
                acc[p][v] = reg_fma(x, weight_load(b + REG_LANES * v), acc[p][v]);
        }
    }
    UNROLL
    for (size_t p = 0; p < panels; p++)
        UNROLL
    for (size_t v = 0; v < REGS; v += VEC_REGS) {
        const size_t j = p * NR + REG_LANES * v;
        const vec c = reg_join(&acc[p][v], REGS - v);
        finish(v_mul(c, v_set(factor)), 0, j, v + VEC_REGS <= REGS ? LANES : NR - REG_LANES * v,
               out + j, e);
    }
}

/* One row of several panels. */
static void multiply_row(const struct vit_tile *t)
{
    const struct vit_epilogue *const e = t->epilogue;
    const float factor = e->row_scale ? *e->row_scale : scale_of(e);
    const struct vit_epilogue before = { .bias = e->bias };
    const bool activates = e->activation != VIT_ACTIVATION_IDENTITY;
    _Alignas(64) float row[GEMV_PANELS * NR];
    float *const out = activates ? row : t->c;

#define PANELS_CASE(p)                                                                             \
    case p:                                                                                        \
        multiply_panels(p, t, factor, out, activates ? &before : e);                               \
        break;
    switch (t->n / NR) {
        EACH_PANELS(PANELS_CASE)
    }
#undef PANELS_CASE
    if (activates)
        activate_rows(1, t->n, 0, row, t->c, t->ldc, e);
}

#endif

/* The first tile of rows; its sums go to `out`, row stride ldo. */
static struct tile first_tile(const struct vit_tile *t, const struct vit_epilogue *e,
                              const float *factor, size_t n, float *out, size_t ldo)
{
    return (struct tile){
        .a = (const float *)t->a + t->k_first,
        .lda = t->a_bytes / sizeof(float),
        .k = t->k,
        .panel = (const weight *)t->panel + t->k_first * NR,
        .begin = t->acc_in,
        .factor = factor,
        .out = out,
        .n = n,
        .ldo = ldo,
        .epilogue = e,
    };
}

/* All rows times n columns, to c, row stride ldc; what an activation takes waits in `rows`. */
static void multiply_rows(const struct vit_tile *t, const struct vit_epilogue *e, size_t n,
                          float *c, size_t ldc)
{
    const struct vit_epilogue before = { .bias = e->bias };
    const bool activates = e->activation != VIT_ACTIVATION_IDENTITY;
    /* NOLINTNEXTLINE(bugprone-branch-clone): equal on some levels */
    const size_t max = n <= COLUMN_GROUP ? NARROW_ROWS : MR;
    const size_t tiles = t->m / max + (t->m % max != 0), min_rows = t->m / tiles;
    const size_t taller = t->m % tiles; /* they come first */
    _Alignas(64) float rows[NARROW_ROWS * NR];
    float scales[NARROW_ROWS];
    struct tile s = first_tile(t, activates ? &before : e, e->row_scale ? e->row_scale : scales, n,
                               activates ? rows : c, activates ? NR : ldc);
    multiply_function *const multiply_low = choose_multiply(min_rows, n, s.epilogue);
    multiply_function *const multiply_tall =
        choose_multiply(min_rows + (taller > 0), n, s.epilogue);

    for (size_t i = 0; i < NARROW_ROWS; i++)
        scales[i] = scale_of(e);
    for (size_t i = 0, ahead = 0; i < tiles; i++, ahead += 16 * t->k) {
        const size_t m = min_rows + (i < taller);
        s.prefetch =
            ahead < t->prefetch_bytes ? (const char *)t->prefetch + ahead : (const char *)s.panel;
        if (t->prefetch_c && !t->acc_out)
            prefetch_lines(m, c, ldc, n);
        (i < taller ? multiply_tall : multiply_low)(&s);
        if (activates)
            activate_rows(m, n, s.row, rows, c, ldc, e);
        c += m * ldc;
        s.a += m * s.lda;
        s.begin = s.begin ? s.begin + m * NR : NULL;
        s.factor += e->row_scale ? m : 0;
        s.out = activates ? rows : c;
        s.row += m;
    }
}

static void tile(const struct vit_tile *t)
{
    static const struct vit_epilogue none;

#if GEMV_PANELS > 1
    if (t->n > NR) {
        multiply_row(t);
        return;
    }
#endif
    if (t->acc_out) /* whole panels: the padding's accumulators continue too */
        multiply_rows(t, &none, NR, t->acc_out, NR);
    else
        multiply_rows(t, t->epilogue, t->n, t->c, t->ldc);
}

static inline struct vit_matmul_kernel matmul_kernel(void)
{
    return (struct vit_matmul_kernel){
        .a = VIT_DTYPE_F32,
        .b = WEIGHT_DTYPE,
        .mr = MR,
        .nr = NR,
        .gemv_panels = GEMV_PANELS,
        .column_group = COLUMN_GROUP,
        .k_group = 1,
        .panel_bytes = panel_bytes,
        .pack = pack,
        .tile = tile,
    };
}

#endif
