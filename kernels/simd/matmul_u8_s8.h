/* matmul_u8_s8.h - the matmul of activations and weights in 8 bits, over vec.h and int8.h */
#ifndef VIT_KERNELS_SIMD_MATMUL_U8_S8_H
#define VIT_KERNELS_SIMD_MATMUL_U8_S8_H

#include "kernels/simd/epilogue.h"
#include "kernels/simd/quantize.h"
#include "kernels/simd/registers.h"

/*
 * What an instruction set's int8.h defines besides that of quantize.h; reg and the like are those
 * of float32 (registers.h):
 *   int_reg, byte_reg             a vector register of REG_LANES int32, and of four times as many
 *                                 bytes
 *   INT8_COLUMN_GROUP             a tile of n columns computes whole groups of this many
 *   EACH_INT8_ROWS(X)             X(1) X(2) … X(INT8_MR)
 *   EACH_INT8_REGS(X, m)          X(m, r): so many registers of a row, for each column group
 *   int8_begin(zero, sums)        −z·sum of each column: the sums that accumulators begin with
 *   int8_float(c)                 converted to reg; exact below 2^24
 * and either HAS_INT8_GROUP and int8_group, below, or HAS_INT8_STEP and int8_step, or
 *   int8_broadcast(p)             four bytes of a row of A, in every lane
 *   int8_load(p)                  four bytes of each column
 *   int8_dot(c, a, b)             c + the sum of the four products, exactly
 *   int8_hide(a)                  a, but the compiler no longer knows what it is
 */
#define INT8_REGS (INT8_NR / REG_LANES)

/*
 * Rows of the panel between two jumps, and the bytes of the next panel that are prefetched for each
 * row: one tile prefetches a quarter of the panel's weights.
 */
enum { INT8_ROWS = 16, INT8_AHEAD = INT8_NR / 4 };

#if !defined(HAS_INT8_STEP) && !defined(HAS_INT8_GROUP)
/* acc += four columns of A times four rows of the panel */
ALWAYS_INLINE void int8_step(size_t m, size_t regs, const char *a, size_t a_bytes, const char *b,
                             int_reg acc[INT8_MR][INT8_REGS])
{
    byte_reg w[INT8_REGS];

    UNROLL
    for (size_t v = 0; v < regs; v++)
        w[v] = int8_load(b + 4 * REG_LANES * v);
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const byte_reg x = int8_broadcast(a + i * a_bytes);
        UNROLL
        for (size_t v = 0; v < regs; v++)
            acc[i][v] = int8_dot(acc[i][v], x, w[v]);
    }
}
#endif

#ifndef HAS_INT8_GROUP
/*
 * Adds a group of k numbers to the chains [m][INT8_NR] of `regs` registers of columns. Where k
 * is a constant, as in all groups but a shorter last one, compilers leave the second loop out.
 */
ALWAYS_INLINE void int8_group(size_t m, size_t regs, size_t k, const char *a, size_t a_bytes,
                              const char *panel, const char *prefetch, float *chains)
{
    const float *const scales = int8_scales_of(panel);
    const int32_t *const sums = int8_sums_of(panel);
    int_reg acc[INT8_MR][INT8_REGS];
    size_t l = 0;

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < regs; v++)
        acc[i][v] = int8_begin(int8_zero_of(a + i * a_bytes), sums + REG_LANES * v);
    for (; l + INT8_ROWS <= k; l += INT8_ROWS) {
        UNROLL
        for (size_t i = 0; i < INT8_ROWS * INT8_AHEAD; i += 64)
            __builtin_prefetch(prefetch + INT8_AHEAD * l + i, 0, PREFETCH2);
        UNROLL
        for (size_t i = 0; i < INT8_ROWS; i += 4)
            int8_step(m, regs, a + INT8_ROW_HEAD + l + i, a_bytes,
                      panel + INT8_PANEL_HEAD + (l + i) * INT8_NR, acc);
    }
    for (; l < k; l += 4)
        int8_step(m, regs, a + INT8_ROW_HEAD + l, a_bytes, panel + INT8_PANEL_HEAD + l * INT8_NR,
                  acc);
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const float scale = int8_scale_of(a + i * a_bytes);
        UNROLL
        for (size_t v = 0; v < regs; v++)
            int8_add(int8_float(acc[i][v]), scales + REG_LANES * v, scale,
                     chains + i * INT8_NR + REG_LANES * v);
    }
}
#endif

/* A block of k of one tile. */
struct int8_block {
    const char *a; /* the first group of the first row */
    size_t a_bytes, k;
    const char *panel;    /* its first group */
    const char *prefetch; /* INT8_AHEAD·k bytes */
    float *chains;        /* [m][INT8_NR] */
};

/* Functions for each size of a tile, so that the accumulators are registers. */
#define INT8_MULTIPLY(m, regs)                                                                     \
    __attribute__((noinline)) static void int8_multiply_##m##_##regs(const struct int8_block *s)   \
    {                                                                                              \
        size_t l = 0;                                                                              \
        for (; l + GROUP <= s->k; l += GROUP)                                                      \
            int8_group(m, regs, GROUP, s->a + int8_row_bytes(l), s->a_bytes,                       \
                       s->panel + int8_panel_bytes(l), s->prefetch + INT8_AHEAD * l, s->chains);   \
        if (l < s->k)                                                                              \
            int8_group(m, regs, s->k - l, s->a + int8_row_bytes(l), s->a_bytes,                    \
                       s->panel + int8_panel_bytes(l), s->prefetch + INT8_AHEAD * l, s->chains);   \
    }
#define INT8_MULTIPLY_ROWS(m) EACH_INT8_REGS(INT8_MULTIPLY, m)
EACH_INT8_ROWS(INT8_MULTIPLY_ROWS)
#undef INT8_MULTIPLY_ROWS
#undef INT8_MULTIPLY

typedef void int8_function(const struct int8_block *s);

/* That of tiles of m rows and n ≤ INT8_NR columns. */
static int8_function *int8_choose(size_t m, size_t n)
{
    static int8_function *const tiles[INT8_MR][INT8_REGS] = {
#define INT8_ENTRY(m, regs) [(m)-1][(regs)-1] = int8_multiply_##m##_##regs,
#define INT8_ENTRIES(m)     EACH_INT8_REGS(INT8_ENTRY, m)
        EACH_INT8_ROWS(INT8_ENTRIES)
#undef INT8_ENTRIES
#undef INT8_ENTRY
    };
    const size_t groups = (n - 1) / INT8_COLUMN_GROUP + 1;

    return tiles[m - 1][groups * (INT8_COLUMN_GROUP / REG_LANES) - 1];
}

/* Applies the epilogue to m rows of chains, which begin at row `first`, and stores n columns. */
static void int8_finish(size_t m, size_t n, size_t first, float *chains, float *c, size_t ldc,
                        const struct vit_epilogue *e)
{
    const struct vit_epilogue before = { .bias = e->bias };
    const bool activates = e->activation != VIT_ACTIVATION_IDENTITY;

    for (size_t i = 0; i < m; i++) {
        const vec factor = v_set(e->row_scale ? e->row_scale[first + i] : scale_of(e));
        float *const row = chains + i * INT8_NR;
        for (size_t j = 0; j < n; j += LANES)
            finish(v_mul(v_load(row + j), factor), first + i, j, lanes_left(n - j),
                   activates ? row + j : c + i * ldc + j, activates ? &before : e);
    }
    if (activates)
        activate_rows(m, n, INT8_NR, first, chains, c, ldc, e);
}

static void int8_tile(const struct vit_tile *t)
{
    const size_t tiles = t->m / INT8_MR + (t->m % INT8_MR != 0), min_rows = t->m / tiles;
    const size_t taller = t->m % tiles; /* they come first */
    const size_t n = t->acc_out ? INT8_NR : t->n;
    _Alignas(64) float chains[INT8_MR * INT8_NR];
    const float *in = t->acc_in;
    float *out = t->acc_out;
    struct int8_block s = {
        .a = (const char *)t->a + int8_row_bytes(t->k_first),
        .a_bytes = t->a_bytes,
        .k = t->k,
        .panel = (const char *)t->panel + int8_panel_bytes(t->k_first),
        .chains = chains,
    };

    for (size_t i = 0, row = 0, ahead = 0, m; i < tiles;
         i++, row += m, ahead += INT8_AHEAD * t->k) {
        m = min_rows + (i < taller);
        s.prefetch = ahead < t->prefetch_bytes ? (const char *)t->prefetch + ahead : s.panel;
        if (t->prefetch_c && !out)
            prefetch_lines(m, t->c + row * t->ldc, t->ldc, n);
        if (in)
            memcpy(chains, in + row * INT8_NR, m * INT8_NR * sizeof *chains);
        else
            memset(chains, 0, m * INT8_NR * sizeof *chains);
        int8_choose(m, n)(&s);
        if (out)
            memcpy(out + row * INT8_NR, chains, m * INT8_NR * sizeof *chains);
        else
            int8_finish(m, n, row, chains, t->c + row * t->ldc, t->ldc, t->epilogue);
        s.a += m * s.a_bytes;
    }
}

#ifdef int8_hide
/* The accumulators of a whole tile. */
enum { INT8_PEAK_DOTS = INT8_MR * INT8_REGS };

static float int8_peak(size_t rounds)
{
    static const int32_t numbers[LANES] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };
    const byte_reg b = int8_load((const char *)numbers);
    byte_reg a = b;
    int_reg c[INT8_PEAK_DOTS];
    float lanes[REG_LANES], sum = 0.0f;

    UNROLL
    for (size_t i = 0; i < INT8_PEAK_DOTS; i++)
        c[i] = int8_begin(INT8_ZERO(1), numbers);
    for (size_t r = 0; r < rounds; r++)
        UNROLL
    for (size_t i = 0; i < INT8_PEAK_DOTS; i++) {
        int8_hide(a); /* or equal products would be computed once */
        c[i] = int8_dot(c[i], a, b);
    }
    UNROLL
    for (size_t i = 0; i < INT8_PEAK_DOTS; i++) {
        reg_store(lanes, int8_float(c[i]));
        for (size_t l = 0; l < REG_LANES; l++)
            sum += lanes[l];
    }
    return sum;
}
#endif

static inline struct vit_matmul_kernel matmul_kernel_u8_s8(void)
{
    return (struct vit_matmul_kernel){
        .a = VIT_DTYPE_U8,
        .b = VIT_DTYPE_S8,
        .mr = INT8_MR,
        .nr = INT8_NR,
        .gemv_panels = 1,
        .column_group = INT8_COLUMN_GROUP,
        .k_group = GROUP,
        .panel_bytes = int8_panel_bytes,
        .pack = int8_pack,
        .row_bytes = int8_row_bytes,
        .convert = int8_convert,
        .tile = int8_tile,
#ifdef int8_hide
        .peak = int8_peak,
        .peak_ops = INT8_PEAK_DOTS * 8 * REG_LANES,
#endif
    };
}

#endif
