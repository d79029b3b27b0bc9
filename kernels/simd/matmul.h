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
 *   EACH_GROUPS(X, m)             X(m, 1) X(m, 2) … X(m, NR / COLUMN_GROUP)
 *   GEMV_PANELS, EACH_PANELS(X)   the maximum panels of a tile of one row; X(2) … X(GEMV_PANELS)
 *   weight                        the number type of a packed weight, and WEIGHT_DTYPE, its name
 *   weight_load(p)                a register of weights, converted to float32
 *   store_weights(p, v, lanes)    converts and stores the first `lanes` lanes of a vec
 *   HAS_FOUR_STEPS                if it has its own four_steps, for a better way to load A
 *   HALF_LANES                    if it computes only half of a row's last register where that has
 *                                 no more columns than this; and
 *     weight_load_half(p)         as weight_load of one half
 *     reg_fma_half                as reg_fma; the second half of the result is 0
 *     EACH_HALF(X)                X(m, g): tiles of m rows and g column groups that do so
 */
#define REGS      (NR / REG_LANES) /* of a row of the tile */
#define VEC_REGS  (LANES / REG_LANES)
#define PREFETCH2 2 /* into L2 */

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
                        reg acc[MR][REGS])
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

#ifndef HAS_FOUR_STEPS
ALWAYS_INLINE void four_steps(size_t m, size_t columns, const float *a, size_t lda,
                              const weight *panel, reg acc[MR][REGS])
{
    UNROLL
    for (size_t q = 0; q < 4; q++)
        step(m, columns, a + q, lda, panel + q * NR, acc);
}
#endif

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

/*
 * The first n columns of m rows: accumulates over the tile's block of k, multiplies row i by
 * factor[i], applies `e` through finish(), stores to out[m][n], row stride ldo. m and `columns`,
 * which is n rounded up, are constants at every call, so that the accumulators are registers.
 */
ALWAYS_INLINE void multiply_fixed(size_t m, size_t columns, const struct vit_tile *t, size_t n,
                                  const float *factor, float *out, size_t ldo,
                                  const struct vit_epilogue *e)
{
    const float *a = (const float *)t->a + t->k_first;
    const weight *panel = (const weight *)t->panel + t->k_first * NR;
    const float *acc_in = t->acc_in;
    const char *prefetch = t->prefetch;
    const size_t lda = t->a_bytes / sizeof *a, k = t->k;
    const size_t whole = columns / REG_LANES, regs = (columns + REG_LANES - 1) / REG_LANES;
    reg acc[MR][REGS];
    size_t l = 0;

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < regs; v++)
        acc[i][v] = acc_in ? reg_load(acc_in + i * NR + REG_LANES * v) : reg_set1(0.0f);

    for (; l + 4 <= k; l += 4) {
        __builtin_prefetch(prefetch + 16 * l, 0, PREFETCH2);
        four_steps(m, columns, a + l, lda, panel + l * NR, acc);
    }
    for (; l < k; l++)
        step(m, columns, a + l, lda, panel + l * NR, acc);

    if (only_stores(e) && (whole < regs || n == REG_LANES * regs)) {
        UNROLL
        for (size_t i = 0; i < m; i++)
            UNROLL
        for (size_t v = 0; v < regs; v++)
            if (v < whole)
                reg_store(out + i * ldo + REG_LANES * v, reg_mul(acc[i][v], reg_set1(factor[i])));
            else
                store_lanes(out + i * ldo + REG_LANES * v,
                            v_mul(reg_join(&acc[i][v], 1), v_set(factor[i])), n - REG_LANES * v);
        return;
    }
    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < regs; v += VEC_REGS) {
        const vec c = reg_join(&acc[i][v], regs - v);
        finish(v_mul(c, v_set(factor[i])), i, REG_LANES * v,
               v + VEC_REGS < regs ? LANES : n - REG_LANES * v, out + i * ldo + REG_LANES * v, e);
    }
}

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

/* A tile of m rows and g column groups; 8 is more than the groups of any tile. */
#define TILE(m, n) ((m)*8 + ((n) + COLUMN_GROUP - 1) / COLUMN_GROUP)

/* multiply_fixed for the tile's number of rows and whole registers, n ≤ NR; or multiply_panels. */
static inline void multiply_whole(const struct vit_tile *t, size_t n, const float *factor,
                                  float *out, size_t ldo, const struct vit_epilogue *e)
{
#define PANELS_CASE(p)                                                                             \
    case p:                                                                                        \
        multiply_panels(p, t, *factor, out, e);                                                    \
        return;
#define TILE_CASE(m, g)                                                                            \
    case TILE(m, (g)*COLUMN_GROUP):                                                                \
        multiply_fixed(m, (g)*COLUMN_GROUP, t, n, factor, out, ldo, e);                            \
        break;
#define ROWS_CASE(m) EACH_GROUPS(TILE_CASE, m)
    switch (n > NR ? n / NR : 1) {
        EACH_PANELS(PANELS_CASE)
    }
    switch (TILE(t->m, n)) {
        EACH_ROWS(ROWS_CASE)
    }
#undef PANELS_CASE
#undef TILE_CASE
#undef ROWS_CASE
}

/*
 * multiply_whole for a last register that is at most half full. Not inlined, because the more tiles
 * one function has, the fewer accumulators gcc keeps in registers.
 */
__attribute__((noinline)) static void multiply_half(const struct vit_tile *t, size_t n,
                                                    const float *factor, float *out, size_t ldo,
                                                    const struct vit_epilogue *e)
{
#define HALF_CASE(m, g)                                                                            \
    case TILE(m, (g)*COLUMN_GROUP):                                                                \
        multiply_fixed(m, (g)*COLUMN_GROUP - HALF_LANES, t, n, factor, out, ldo, e);               \
        break;
    switch (TILE(t->m, n)) {
        EACH_HALF(HALF_CASE)
    default:
        multiply_whole(t, n, factor, out, ldo, e);
    }
#undef HALF_CASE
}

/* The tile's rows times n columns: of its panel, or of several whole panels for one row. */
static inline void multiply_tile(const struct vit_tile *t, size_t n, const float *factor,
                                 float *out, size_t ldo, const struct vit_epilogue *e)
{
    if ((n - 1) % REG_LANES + 1 <= HALF_LANES)
        multiply_half(t, n, factor, out, ldo, e);
    else
        multiply_whole(t, n, factor, out, ldo, e);
}

/*
 * A tile with an activation, which needs registers of its own: its input waits in L1. Where a row
 * is no multiple of a vector, all rows of a whole tile are one row of the activation.
 */
static void activated_tile(const struct vit_tile *t, const float *factor)
{
    const struct vit_epilogue *const e = t->epilogue;
    const struct vit_activation_args *const args = &e->activation_args;
    const struct vit_epilogue before = { .bias = e->bias };
    activation_row *const activate = choose_activation(e->activation);
    const bool one_row = NR % LANES != 0 && t->n == NR && !args->weight;
    struct vit_epilogue after = *e;
    /* NOLINTNEXTLINE(bugprone-branch-clone): MR and GEMV_PANELS are equal on some levels */
    _Alignas(64) float rows[(MR > GEMV_PANELS ? MR : GEMV_PANELS) * NR];

    after.bias = NULL;
    multiply_tile(t, t->n, factor, rows, NR, &before);
    if (one_row)
        activate(t->m * NR, rows, args, rows);
    for (size_t i = 0; i < t->m; i++) {
        float *const c = t->c + i * t->ldc, *const row = rows + i * NR;
        if (!one_row && only_stores(&after)) {
            activate(t->n, row, args, c);
            continue;
        }
        if (!one_row)
            activate(t->n, row, args, row);
        for (size_t j = 0; j < t->n; j += LANES) {
            const size_t lanes = lanes_left(t->n - j);
            finish(load_lanes(row + j, lanes), i, j, lanes, c + j, &after);
        }
    }
}

static void tile(const struct vit_tile *t)
{
    static const struct vit_epilogue none = { 0 };
    const struct vit_epilogue *const e = t->acc_out ? &none : t->epilogue;
    const float scale = e->scale != 0.0f ? e->scale : 1.0f; /* by 1 changes nothing */
    float same[MR];
    const float *const factor = e->row_scale ? e->row_scale : same;

    for (size_t i = 0; i < MR; i++)
        same[i] = scale;
    if (t->acc_out) /* whole panels: the padding's accumulators continue too */
        multiply_tile(t, NR, factor, t->acc_out, NR, e);
    else if (e->activation == VIT_ACTIVATION_IDENTITY)
        multiply_tile(t, t->n, factor, t->c, t->ldc, e);
    else
        activated_tile(t, factor);
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
