/* activation_rows.h - the row kernel of each activation, over vec.h; in place allowed */
#ifndef VIT_KERNELS_SIMD_ACTIVATION_ROWS_H
#define VIT_KERNELS_SIMD_ACTIVATION_ROWS_H

#include "kernels/simd/activation.h"
#include "kernels/simd/lanes.h"

/*
 * Vectors at a time. On Zen 4, two take 0 to 4 % less time than one; with four, AVX2's GELU takes
 * another 5 % less and AVX-512's 2 % more.
 */
#define ROW_VECTORS 2

#define ACTIVATION_ROW(IDENTIFIER, name, value, args, weights)                                     \
    static void name##_row(size_t n, const float *x, const struct vit_activation_args *p,          \
                           float *y)                                                               \
    {                                                                                              \
        struct v_operands o = { .a = v_set(p->a), .b = v_set(p->b) };                              \
        vec v[ROW_VECTORS];                                                                        \
        size_t i = 0;                                                                              \
        for (; i + ROW_VECTORS * LANES <= n; i += ROW_VECTORS * LANES) {                           \
            UNROLL                                                                                 \
            for (size_t j = 0; j < ROW_VECTORS; j++) {                                             \
                v[j] = v_load(x + i + j * LANES);                                                  \
                if (weights)                                                                       \
                    o.weight[j] = v_load(p->weight + i + j * LANES);                               \
            }                                                                                      \
            v_activation_##name(ROW_VECTORS, v, &o);                                               \
            UNROLL                                                                                 \
            for (size_t j = 0; j < ROW_VECTORS; j++)                                               \
                v_store(y + i + j * LANES, v[j]);                                                  \
        }                                                                                          \
        for (; i < n; i += LANES) {                                                                \
            const size_t lanes = lanes_left(n - i);                                                \
            v[0] = load_lanes(x + i, lanes);                                                       \
            if (weights)                                                                           \
                o.weight[0] = load_lanes(p->weight + i, lanes);                                    \
            v_activation_##name(1, v, &o);                                                         \
            store_lanes(y + i, v[0], lanes);                                                       \
        }                                                                                          \
    }
VIT_ACTIVATION_LIST(ACTIVATION_ROW)

/* The row kernels by activation, for the table of kernels and for the epilogue of a matmul. */
typedef void activation_row(size_t n, const float *x, const struct vit_activation_args *p,
                            float *y);

static inline activation_row *choose_activation(enum vit_activation f)
{
#define ACTIVATION_ENTRY(IDENTIFIER, name, value, args, weights) [value] = name##_row,
    static activation_row *const rows[VIT_ACTIVATIONS] = { VIT_ACTIVATION_LIST(ACTIVATION_ENTRY) };
#undef ACTIVATION_ENTRY
    return rows[f];
}

#endif
