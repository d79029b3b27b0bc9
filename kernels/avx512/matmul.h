/* matmul.h - AVX-512 matmul micro-kernel: tiles of up to 6 × 64, 24 accumulators */
#ifndef VIT_KERNELS_AVX512_MATMUL_H
#define VIT_KERNELS_AVX512_MATMUL_H

#include "kernels/avx512/vec.h"

#define MR         6
#define NR         64
#define VECTORS    (NR / 16)
#define ROW_PANELS 4

#include "kernels/simd/tile.h"

/* c += a column of A times a row of the panel. */
__attribute__((always_inline)) static inline void step(size_t m, size_t vectors, const float *a,
                                                       size_t lda, const float *panel,
                                                       __m512 c[MR][VECTORS])
{
    __m512 b[VECTORS];

    UNROLL
    for (size_t v = 0; v < vectors; v++)
        b[v] = _mm512_loadu_ps(panel + 16 * v);
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const __m512 x = _mm512_set1_ps(a[i * lda]);
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            c[i][v] = _mm512_fmadd_ps(x, b[v], c[i][v]);
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
    __m512 c[MR][VECTORS];
    size_t l = 0;

    UNROLL
    for (size_t i = 0; i < m; i++)
        UNROLL
    for (size_t v = 0; v < vectors; v++)
        c[i][v] = t->from ? _mm512_loadu_ps(t->from + i * NR + 16 * v) : _mm512_setzero_ps();

    for (; l + 4 <= k; l += 4) {
        _mm_prefetch((const char *)(next + 4 * l), _MM_HINT_T1);
        UNROLL
        for (size_t q = 0; q < 4; q++)
            step(m, vectors, a + l + q, lda, panel + (l + q) * NR, c);
    }
    for (; l < k; l++)
        step(m, vectors, a + l, lda, panel + l * NR, c);

    if (plain(e) && n == 16 * vectors) {
        UNROLL
        for (size_t i = 0; i < m; i++)
            UNROLL
        for (size_t v = 0; v < vectors; v++)
            _mm512_storeu_ps(out + i * ldo + 16 * v,
                             _mm512_mul_ps(c[i][v], _mm512_set1_ps(factor[i])));
        return;
    }
    UNROLL
    for (size_t i = 0; i < m; i++) {
        const __m512 x = _mm512_set1_ps(factor[i]);
        UNROLL
        for (size_t v = 0; v < vectors; v++)
            finish(_mm512_mul_ps(c[i][v], x), i, 16 * v, v + 1 < vectors ? 16 : n - 16 * v,
                   out + i * ldo + 16 * v, e);
    }
}

/* One row of several whole panels: a stream of memory each, and chains enough to be kept busy. */
__attribute__((always_inline)) static inline void row_of(size_t panels, const struct vit_tile *t,
                                                         float factor, float *out,
                                                         const struct vit_epilogue *e)
{
    __m512 c[ROW_PANELS][VECTORS];

    UNROLL
    for (size_t p = 0; p < panels; p++)
        UNROLL
    for (size_t v = 0; v < VECTORS; v++)
        c[p][v] = _mm512_setzero_ps();

    for (size_t l = 0; l < t->k; l++) {
        const __m512 x = _mm512_set1_ps(t->a[l]);
        UNROLL
        for (size_t p = 0; p < panels; p++) {
            const float *b = t->panel + p * t->panel_stride + l * NR;
            UNROLL
            for (size_t v = 0; v < VECTORS; v++)
                c[p][v] = _mm512_fmadd_ps(x, _mm512_loadu_ps(b + 16 * v), c[p][v]);
        }
    }
    UNROLL
    for (size_t p = 0; p < panels; p++)
        UNROLL
    for (size_t v = 0; v < VECTORS; v++)
        finish(_mm512_mul_ps(c[p][v], _mm512_set1_ps(factor)), 0, p * NR + 16 * v, LANES,
               out + p * NR + 16 * v, e);
}

#define CASE(m, v)                                                                                 \
    case (m)*8 + (v):                                                                              \
        chains_of(m, v, t, n, factor, out, ldo, e);                                                \
        break;
#define ROW_CASE(p)                                                                                \
    case p:                                                                                        \
        row_of(p, t, *factor, out, e);                                                             \
        return;
#define CASES(m) CASE(m, 1) CASE(m, 2) CASE(m, 3) CASE(m, 4)

static inline void tile_chains(const struct vit_tile *t, size_t n, const float *factor, float *out,
                               size_t ldo, const struct vit_epilogue *e)
{
    switch (n > NR ? n / NR : 0) {
        ROW_CASE(2)
        ROW_CASE(3)
        ROW_CASE(4)
    }
    switch (t->m * 8 + (n + 15) / 16) {
        CASES(1)
        CASES(2)
        CASES(3)
        CASES(4)
        CASES(5)
        CASES(6)
    }
}

#undef CASES
#undef CASE
#undef ROW_CASE

#endif
