/* matmul.h - AVX2 matmul micro-kernel: tiles of up to 4 × 24, 12 accumulators */
#ifndef VIT_KERNELS_AVX2_MATMUL_H
#define VIT_KERNELS_AVX2_MATMUL_H

#include "kernels/avx2/vec.h"

#define MR         4
#define NR         24
#define VECTORS    (NR / 8)
#define ROW_PANELS 4

#include "kernels/simd/tile.h"

/* c += a column of A times a row of the panel. */
__attribute__((always_inline)) static inline void step(size_t m, size_t vectors, const float *a,
                                                       size_t lda, const float *panel,
                                                       __m256 c[MR][VECTORS])
{
    __m256 b[VECTORS];

    UNROLL
    for (size_t v = 0; v < vectors; v++)
        b[v] = _mm256_loadu_ps(panel + 8 * v);
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const __m256 x = _mm256_broadcast_ss(a + i * lda);
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            c[i][v] = _mm256_fmadd_ps(x, b[v], c[i][v]);
    }
}

/* m and vectors are constants at every call, so the accumulators are registers. */
__attribute__((always_inline)) static inline void chains_of(size_t m, size_t vectors,
                                                            const struct vit_tile *t, size_t n,
                                                            const float *factor, float *out,
                                                            size_t ldo,
                                                            const struct vit_epilogue *e)
{
    const float *a = t->a, *panel = t->panel, *next = t->next;
    const size_t lda = t->lda, k = t->k;
    __m256 c[MR][VECTORS];
    size_t l = 0;

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < vectors; v++)
        c[i][v] = t->from ? _mm256_loadu_ps(t->from + i * NR + 8 * v) : _mm256_setzero_ps();

    for (; l + 4 <= k; l += 4) {
        _mm_prefetch((const char *)(next + 4 * l), _MM_HINT_T1);
        UNROLL
        for (size_t q = 0; q < 4; q++)
            step(m, vectors, a + l + q, lda, panel + (l + q) * NR, c);
    }
    for (; l < k; l++)
        step(m, vectors, a + l, lda, panel + l * NR, c);

    UNROLL
    for (size_t i = 0; i < m; i++) {
        const vec x = v_set(factor[i]);
        UNROLL
        for (size_t v = 0; v < vectors; v += 2) {
            const vec pair = { c[i][v], v + 1 < vectors ? c[i][v + 1] : _mm256_setzero_ps() };
            finish(v_mul(pair, x), i, 8 * v, v + 2 < vectors ? LANES : n - 8 * v,
                   out + i * ldo + 8 * v, e);
        }
    }
}

/* One row of several whole panels: a stream of memory each, and chains enough to be kept busy. */
__attribute__((always_inline)) static inline void row_of(size_t panels, const struct vit_tile *t,
                                                         float factor, float *out,
                                                         const struct vit_epilogue *e)
{
    __m256 c[ROW_PANELS][VECTORS];

    UNROLL
    for (size_t p = 0; p < panels; p++)
        UNROLL
    for (size_t v = 0; v < VECTORS; v++)
        c[p][v] = _mm256_setzero_ps();

    for (size_t l = 0; l < t->k; l++) {
        const __m256 x = _mm256_broadcast_ss(t->a + l);
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            const float *b = t->panel + p * t->panel_stride + l * NR;
            UNROLL
            for (size_t v = 0; v < VECTORS; v++)
                c[p][v] = _mm256_fmadd_ps(x, _mm256_loadu_ps(b + 8 * v), c[p][v]);
        }
    }
    UNROLL
    for (size_t p = 0; p < panels; p++)
        UNROLL
    for (size_t v = 0; v < VECTORS; v += 2) {
        const vec pair = { c[p][v], v + 1 < VECTORS ? c[p][v + 1] : _mm256_setzero_ps() };
        finish(v_mul(pair, v_set(factor)), 0, p * NR + 8 * v, v + 1 < VECTORS ? LANES : 8,
               out + p * NR + 8 * v, e);
    }
}

#define CASE(m, v)                                                                                 \
    case (m)*4 + (v):                                                                              \
        chains_of(m, v, t, n, factor, out, ldo, e);                                                \
        break;
#define ROW_CASE(p)                                                                                \
    case p:                                                                                        \
        row_of(p, t, *factor, out, e);                                                             \
        return;
#define CASES(m) CASE(m, 1) CASE(m, 2) CASE(m, 3)

static inline void tile_chains(const struct vit_tile *t, size_t n, const float *factor, float *out,
                               size_t ldo, const struct vit_epilogue *e)
{
    switch (n > NR ? n / NR : 0) {
        ROW_CASE(2)
        ROW_CASE(3)
        ROW_CASE(4)
    }
    switch (t->m * 4 + (n + 7) / 8) {
        CASES(1)
        CASES(2)
        CASES(3)
        CASES(4)
    }
}

#undef CASES
#undef CASE
#undef ROW_CASE

#endif
