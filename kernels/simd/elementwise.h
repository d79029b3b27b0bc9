/* elementwise.h - sums and products of two rows, over vec.h; in place allowed */
#ifndef VIT_KERNELS_SIMD_ELEMENTWISE_H
#define VIT_KERNELS_SIMD_ELEMENTWISE_H

#include "kernels/simd/lanes.h"

static void add(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i += LANES) {
        const size_t lanes = lanes_left(n - i);
        store_lanes(y + i, v_add(load_lanes(a + i, lanes), load_lanes(b + i, lanes)), lanes);
    }
}

static void multiply(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i += LANES) {
        const size_t lanes = lanes_left(n - i);
        store_lanes(y + i, v_mul(load_lanes(a + i, lanes), load_lanes(b + i, lanes)), lanes);
    }
}

#endif
