/* lanes.h - loads and stores of up to 16 lanes, over vec.h */
#ifndef VIT_KERNELS_SIMD_LANES_H
#define VIT_KERNELS_SIMD_LANES_H

#include <stdint.h>

static inline size_t lanes_left(size_t n)
{
    return n < LANES ? n : LANES;
}

static inline vec load_lanes(const float *p, size_t n) /* n ≤ 16 */
{
    return n == LANES ? v_load(p) : v_load_tail(p, n);
}

static inline void store_lanes(float *p, vec a, size_t n)
{
    if (n == LANES)
        v_store(p, a);
    else
        v_store_tail(p, a, n);
}

/*
 * Numbers, 1 to 16, from p to the next multiple of 64 bytes: from there on a vector touches one
 * cache line. One that touches two takes two accesses to L1.
 */
static inline size_t to_line(const float *p)
{
    return LANES - (uintptr_t)p / sizeof *p % LANES;
}

#endif
