/* local_response.h - local response normalization across rows, over vec.h; not in place */
#ifndef VIT_KERNELS_SIMD_LOCAL_RESPONSE_H
#define VIT_KERNELS_SIMD_LOCAL_RESPONSE_H

#include "kernels/local_response.h"
#include "kernels/simd/lanes.h"

/* d^(quarters/4), each step rounded as in the scalar kernel */
ALWAYS_INLINE vec v_quarter_power(vec d, unsigned quarters)
{
    vec power = v_set(1.0f);

    for (unsigned whole = quarters / 4; whole > 0; whole--)
        power = v_mul(power, d);
    if (quarters & 2)
        power = v_mul(power, v_sqrt(d));
    if (quarters & 1)
        power = v_mul(power, v_sqrt(v_sqrt(d)));
    return power;
}

/* `count` columns from column j on; count is LANES, or any below. */
ALWAYS_INLINE void local_response_columns(const struct vit_local_response_args *args, size_t j,
                                          size_t count)
{
    const vec rate = v_set(args->alpha / (float)args->size), k = v_set(args->k);
    const float *const x = args->x + j;
    struct local_window summed = { 0, 0 };
    vec squares = v_set(0.0f);

    for (size_t i = 0; i < args->rows; i++) {
        const struct local_window w = local_window_of(args->rows, args->size, i);
        /* where the window has all rows, as that of a wide token has, one sum is that of many */
        if (w.first != summed.first || w.end != summed.end) {
            squares = v_set(0.0f);
            for (size_t row = w.first; row < w.end; row++) {
                const vec a = load_lanes(x + row * args->ldx, count);
                squares = v_fma(a, a, squares);
            }
            summed = w;
        }
        const vec power = v_quarter_power(v_fma(squares, rate, k), args->quarters);
        const vec y = v_div(load_lanes(x + i * args->ldx, count), power);
        store_lanes(args->y + i * args->ldy + j, y, count);
    }
}

static void local_response(const struct vit_local_response_args *args)
{
    size_t j = 0;

    for (; j + LANES <= args->n; j += LANES)
        local_response_columns(args, j, LANES);
    if (j < args->n)
        local_response_columns(args, j, args->n - j);
}

#endif
