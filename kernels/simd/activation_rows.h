/* activation_rows.h - the row kernel of each activation, over vec.h; in place allowed */
#ifndef VIT_KERNELS_SIMD_ACTIVATION_ROWS_H
#define VIT_KERNELS_SIMD_ACTIVATION_ROWS_H

#include "kernels/simd/activation.h"

#define ACTIVATION_ROW(IDENTIFIER, name, value, args, weights)                                     \
    static void name##_row(size_t n, const float *x, const struct vit_activation_args *p,          \
                           float *y)                                                               \
    {                                                                                              \
        struct v_operands o = { .a = v_set(p->a), .b = v_set(p->b) };                              \
        size_t i = 0;                                                                              \
        for (; i + LANES <= n; i += LANES) {                                                       \
            o.x = v_load(x + i);                                                                   \
            if (weights)                                                                           \
                o.weight = v_load(p->weight + i);                                                  \
            v_store(y + i, v_activation_##name(o));                                                \
        }                                                                                          \
        if (i < n) {                                                                               \
            o.x = v_load_tail(x + i, n - i);                                                       \
            if (weights)                                                                           \
                o.weight = v_load_tail(p->weight + i, n - i);                                      \
            v_store_tail(y + i, v_activation_##name(o), n - i);                                    \
        }                                                                                          \
    }
VIT_ACTIVATION_LIST(ACTIVATION_ROW)

#endif
