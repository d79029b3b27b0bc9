/* rotate.h - rotary positions over vec.h: pairs of a row's numbers turn; in place allowed */
#ifndef VIT_KERNELS_SIMD_ROTATE_H
#define VIT_KERNELS_SIMD_ROTATE_H

/* x·cosines + partner·sines, with one rounding of the product and one of the sum */
static inline vec rotated(vec x, vec cosines, vec partner, vec sines)
{
    return v_fma(x, cosines, v_mul(partner, sines));
}

/* Both halves are loaded before either is stored. */
static void rotate_halves(size_t n, const float *x, const float *cosines, const float *sines,
                          float *y)
{
    const size_t half = n / 2;
    size_t i = 0;

    for (; i + LANES <= half; i += LANES) {
        const vec a = v_load(x + i), b = v_load(x + half + i);
        v_store(y + i, rotated(a, v_load(cosines + i), b, v_load(sines + i)));
        v_store(y + half + i, rotated(b, v_load(cosines + half + i), a, v_load(sines + half + i)));
    }
    if (i < half) {
        const size_t rest = half - i;
        const vec a = v_load_tail(x + i, rest), b = v_load_tail(x + half + i, rest);
        v_store_tail(y + i,
                     rotated(a, v_load_tail(cosines + i, rest), b, v_load_tail(sines + i, rest)),
                     rest);
        v_store_tail(y + half + i,
                     rotated(b, v_load_tail(cosines + half + i, rest), a,
                             v_load_tail(sines + half + i, rest)),
                     rest);
    }
}

static void rotate_neighbors(size_t n, const float *x, const float *cosines, const float *sines,
                             float *y)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        const vec a = v_load(x + i);
        v_store(y + i, rotated(a, v_load(cosines + i), v_swap_neighbors(a), v_load(sines + i)));
    }
    if (i < n) {
        const size_t rest = n - i;
        const vec a = v_load_tail(x + i, rest);
        v_store_tail(y + i,
                     rotated(a, v_load_tail(cosines + i, rest), v_swap_neighbors(a),
                             v_load_tail(sines + i, rest)),
                     rest);
    }
}

#endif
