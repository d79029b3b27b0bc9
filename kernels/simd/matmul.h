/* matmul.h - the matmul micro-kernel of float32 activations: once for each type of weights */
#include "kernels/simd/epilogue.h"
#include "kernels/simd/pack.h"
#include "kernels/simd/registers.h"

/*
 * An instance, matmul_PAIR.h, defines, before it includes this file:
 *   PAIR(name)                    the name of its own function of that name
 *   weight_type                   the number type of a packed weight, and WEIGHT_DTYPE, its name
 *   weight_load(p)                a register of weights, converted to float32
 *   weight_load_half(p)           the same of half a register
 *   weight_load_once(p)           as weight_load, in a tile of one row, which uses it once
 *   store_weights(p, v, lanes)    converts and stores the first `lanes` lanes of a vec
 * registers.h has what an instruction set defines.
 */

/* acc += a column of A times a row of the panel: whole registers and, if they are more, a half */
ALWAYS_INLINE void PAIR(step)(size_t m, size_t columns, const float *a, size_t lda,
                              const weight_type *panel, reg acc[NARROW_ROWS][REGS])
{
    const size_t whole = columns / REG_LANES, regs = (columns + REG_LANES - 1) / REG_LANES;
    reg b[REGS];

    UNROLL
    for (size_t v = 0; v < regs; v++)
        /* NOLINTNEXTLINE(bugprone-branch-clone): equal on some levels */
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

/* The same K_STEPS times. */
#ifdef reg_fma_lane
ALWAYS_INLINE void PAIR(k_steps)(size_t m, size_t columns, const float *a, size_t lda,
                                 const weight_type *panel, reg acc[NARROW_ROWS][REGS])
{
    reg x[NARROW_ROWS];

    UNROLL
    for (size_t i = 0; i < m; i++)
        x[i] = reg_load(a + i * lda);
    UNROLL
    for (size_t q = 0; q < K_STEPS; q++)
        UNROLL
    for (size_t v = 0; v < columns / REG_LANES; v++) { /* two registers of the panel at a time */
        const reg b = weight_load(panel + q * NR + REG_LANES * v);
        UNROLL
        for (size_t i = 0; i < m; i++)
            acc[i][v] = reg_fma_lane(acc[i][v], b, x[i], q);
    }
}
#else
ALWAYS_INLINE void PAIR(k_steps)(size_t m, size_t columns, const float *a, size_t lda,
                                 const weight_type *panel, reg acc[NARROW_ROWS][REGS])
{
    UNROLL
    for (size_t q = 0; q < K_STEPS; q++)
        PAIR(step)(m, columns, a + q, lda, panel + q * NR, acc);
}
#endif

/* One tile: what its loop over k reads, and where its rows go. */
struct PAIR(tile) {
    const float *a;
    size_t lda, k;
    const weight_type *panel;
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
ALWAYS_INLINE void PAIR(multiply_fixed)(size_t m, size_t columns, bool stores,
                                        const struct PAIR(tile) * s)
{
    const float *const a = s->a, *const begin = s->begin;
    const weight_type *const panel = s->panel;
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
        PAIR(k_steps)(m, columns, a + l, lda, panel + l * NR, acc);
    }
    for (; l < k; l++)
        PAIR(step)(m, columns, a + l, lda, panel + l * NR, acc);

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
    __attribute__((noinline)) static void PAIR(multiply_##name)(const struct PAIR(tile) * s)       \
    {                                                                                              \
        PAIR(multiply_fixed)(m, columns, stores, s);                                               \
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

typedef void PAIR(multiply_function)(const struct PAIR(tile) * s);

/* That of tiles of m rows and n ≤ NR columns. */
static PAIR(multiply_function) *
    PAIR(choose_multiply)(size_t m, size_t n, const struct vit_epilogue *e)
{
    static const struct {
        PAIR(multiply_function) * finish, *store;
    } tiles[NARROW_ROWS][NR / COLUMN_GROUP] = {
#define TILE_ENTRY(m, g)                                                                           \
    [(m)-1][(g)-1] = { .finish = PAIR(multiply_##m##_##g),                                         \
                       .store = PAIR(multiply_##m##_##g##_stores) },
#define TILE_ENTRIES(m) EACH_GROUPS(TILE_ENTRY, m)
        EACH_ROWS(TILE_ENTRIES) EACH_NARROW(TILE_ENTRY)
#undef TILE_ENTRIES
#undef TILE_ENTRY
    };
#define HALF_ENTRY(m, g)                                                                           \
    case (m)*8 + (g): /* 8 is more than the groups of any tile */                                  \
        return PAIR(multiply_##m##_##g##_half);
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

#if GEMV_PANELS > 1

/* One row of several whole panels; `panels` is a constant at every call. */
ALWAYS_INLINE void PAIR(multiply_panels)(size_t panels, const struct vit_tile *t, float factor,
                                         float *out, const struct vit_epilogue *e)
{
    const float *const a = t->a;
    const weight_type *const panel = t->panel;
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
            const weight_type *b = panel + p * stride + l * NR;
            UNROLL
            for (size_t v = 0; v < REGS; v++)
                acc[p][v] = reg_fma(x, weight_load_once(b + REG_LANES * v), acc[p][v]);
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
static void PAIR(multiply_row)(const struct vit_tile *t)
{
    const struct vit_epilogue *const e = t->epilogue;
    const float factor = e->row_scale ? *e->row_scale : scale_of(e);
    const struct vit_epilogue before = { .bias = e->bias };
    const bool activates = e->activation != VIT_ACTIVATION_IDENTITY;
    _Alignas(64) float row[GEMV_PANELS * NR];
    float *const out = activates ? row : t->c;

#define PANELS_CASE(p)                                                                             \
    case p:                                                                                        \
        PAIR(multiply_panels)(p, t, factor, out, activates ? &before : e);                         \
        break;
    switch (t->n / NR) {
        EACH_PANELS(PANELS_CASE)
    }
#undef PANELS_CASE
    if (activates)
        activate_rows(1, t->n, NR, 0, row, t->c, t->ldc, e);
}

#endif

/* The first tile of rows; its sums go to `out`, row stride ldo. */
static struct PAIR(tile) PAIR(first_tile)(const struct vit_tile *t, const struct vit_epilogue *e,
                                          const float *factor, size_t n, float *out, size_t ldo)
{
    return (struct PAIR(tile)){
        .a = (const float *)t->a + t->k_first,
        .lda = t->a_bytes / sizeof(float),
        .k = t->k,
        .panel = (const weight_type *)t->panel + t->k_first * NR,
        .begin = t->acc_in,
        .factor = factor,
        .out = out,
        .n = n,
        .ldo = ldo,
        .epilogue = e,
    };
}

/* All rows times n columns, to c, row stride ldc; what an activation takes waits in `rows`. */
static void PAIR(multiply_rows)(const struct vit_tile *t, const struct vit_epilogue *e, size_t n,
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
    struct PAIR(tile) s =
        PAIR(first_tile)(t, activates ? &before : e, e->row_scale ? e->row_scale : scales, n,
                         activates ? rows : c, activates ? NR : ldc);
    PAIR(multiply_function) *const multiply_low = PAIR(choose_multiply)(min_rows, n, s.epilogue);
    PAIR(multiply_function) *const multiply_tall =
        PAIR(choose_multiply)(min_rows + (taller > 0), n, s.epilogue);

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
            activate_rows(m, n, NR, s.row, rows, c, ldc, e);
        c += m * ldc;
        s.a += m * s.lda;
        s.begin = s.begin ? s.begin + m * NR : NULL;
        s.factor += e->row_scale ? m : 0;
        s.out = activates ? rows : c;
        s.row += m;
    }
}

static void PAIR(tile)(const struct vit_tile *t)
{
    static const struct vit_epilogue none;

#if GEMV_PANELS > 1
    if (t->n > NR) {
        PAIR(multiply_row)(t);
        return;
    }
#endif
    if (t->acc_out) /* whole panels: the padding's accumulators continue too */
        PAIR(multiply_rows)(t, &none, NR, t->acc_out, NR);
    else
        PAIR(multiply_rows)(t, t->epilogue, t->n, t->c, t->ldc);
}

static inline struct vit_matmul_kernel PAIR(matmul_kernel)(void)
{
    return (struct vit_matmul_kernel){
        .a = VIT_DTYPE_F32,
        .b = WEIGHT_DTYPE,
        .mr = MR,
        .nr = NR,
        .gemv_panels = GEMV_PANELS,
        .column_group = COLUMN_GROUP,
        .k_group = 1,
        .panel_bytes = PAIR(panel_bytes),
        .pack = PAIR(pack),
        .tile = PAIR(tile),
    };
}
