/* pack.h - packs columns of B into a panel [k][NR] of weights, over vec.h; see matmul.h */
#include "kernels/simd/lanes.h"

static size_t PAIR(panel_bytes)(size_t k)
{
    return k * NR * sizeof(weight_type);
}

/* 16 rows and 16 columns of a panel, from contiguous columns of B. */
static inline void PAIR(pack_block)(const float *b, size_t n_stride, weight_type *restrict panel)
{
    vec r[LANES];

    UNROLL
    for (size_t j = 0; j < LANES; j++)
        r[j] = v_load(b + j * n_stride);
    v_transpose(r);
    UNROLL
    for (size_t i = 0; i < LANES; i++)
        store_weights(panel + i * NR, r[i], LANES);
}

/* The same for fewer rows or columns; the other columns, up to `width`, become 0. */
static void PAIR(pack_edge)(size_t rows, size_t columns, size_t width, const float *b,
                            size_t n_stride, weight_type *restrict panel)
{
    vec r[LANES];

    for (size_t j = 0; j < LANES; j++)
        r[j] = j < columns ? load_lanes(b + j * n_stride, rows) : v_set(0.0f);
    v_transpose(r);
    for (size_t i = 0; i < rows; i++)
        store_weights(panel + i * NR, r[i], width);
}

/* `width` columns of a panel from `columns` contiguous columns of B; the others become 0. */
static void PAIR(pack_columns)(size_t columns, size_t width, size_t k, const float *b,
                               size_t n_stride, weight_type *restrict panel)
{
    for (size_t i = 0; i < k; i += LANES)
        if (columns == LANES && i + LANES <= k)
            PAIR(pack_block)(b + i, n_stride, panel + i * NR);
        else
            PAIR(pack_edge)(lanes_left(k - i), columns, width, b + i, n_stride, panel + i * NR);
}

/* The same from contiguous rows of B. */
static void PAIR(pack_rows)(size_t columns, size_t width, size_t k, const float *b, size_t k_stride,
                            weight_type *restrict panel)
{
    for (size_t i = 0; i < k; i++)
        store_weights(panel + i * NR, load_lanes(b + i * k_stride, columns), width);
}

static void PAIR(pack)(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                       void *restrict panel)
{
    for (size_t j = 0; j < NR; j += LANES) {
        const size_t width = lanes_left(NR - j), columns = j < n ? lanes_left(n - j) : 0;
        const float *const source = b + (columns ? j * n_stride : 0);
        weight_type *const out = (weight_type *)panel + j;

        if (k_stride == 1)
            PAIR(pack_columns)(columns, width, k, source, n_stride, out);
        else if (n_stride == 1)
            PAIR(pack_rows)(columns, width, k, source, k_stride, out);
        else
            for (size_t i = 0; i < k; i++)
                for (size_t l = 0; l < width; l++)
                    store_weights(out + i * NR + l,
                                  v_set(l < columns ? source[i * k_stride + l * n_stride] : 0.0f),
                                  1);
    }
}
