/* elementwise.h - sums and products of two rows, over vec.h; in place allowed */
#ifndef VIT_KERNELS_SIMD_ELEMENTWISE_H
#define VIT_KERNELS_SIMD_ELEMENTWISE_H

#define BINARY_ROW(name, operation)                                                                \
    static void name(size_t n, const float *a, const float *b, float *y)                           \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (; i + LANES <= n; i += LANES)                                                         \
            v_store(y + i, operation(v_load(a + i), v_load(b + i)));                               \
        if (i < n)                                                                                 \
            v_store_tail(y + i, operation(v_load_tail(a + i, n - i), v_load_tail(b + i, n - i)),   \
                         n - i);                                                                   \
    }
BINARY_ROW(add, v_add)
BINARY_ROW(multiply, v_mul)

#endif
