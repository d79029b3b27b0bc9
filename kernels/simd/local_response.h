/* local_response.h - local response normalization across rows, over vec.h; not in place */
#ifndef VIT_KERNELS_SIMD_LOCAL_RESPONSE_H
#define VIT_KERNELS_SIMD_LOCAL_RESPONSE_H

#include "kernels/local_response.h"
#include "kernels/simd/lanes.h"

/* d^(quarters/4), each step rounded as in the scalar kernel */
ALWAYS_INLINE wide w_quarter_power(wide d, unsigned quarters)
{
    wide power = w_set(1.0);

    for (unsigned whole = quarters / 4; whole > 0; whole--)
        power = w_mul(power, d);
    if (quarters & 2)
        power = w_mul(power, w_sqrt(d));
    if (quarters & 1)
        power = w_mul(power, w_sqrt(w_sqrt(d)));
    return power;
}

/* `count` columns from column j on; count is LANES, or any below. */
ALWAYS_INLINE void local_response_columns(const struct vit_local_response_args *args, size_t j,
                                          size_t count)
{
    const wide rate = w_set((double)args->alpha / (double)args->size), k = w_set((double)args->k);
    const float *const x = args->x + j;
    struct local_window summed = { 0, 0 };
    wide squares = w_set(0.0);

    for (size_t i = 0; i < args->rows; i++) {
        const struct local_window w = local_window_of(args->rows, args->size, i);
        /* where the window has all rows, as that of a wide token has, one sum is that of many */
        if (w.first != summed.first || w.end != summed.end) {
            squares = w_set(0.0);
            for (size_t row = w.first; row < w.end; row++) {
                const wide a = w_widen(load_lanes(x + row * args->ldx, count));
                squares = w_add(squares, w_mul(a, a));
            }
            summed = w;
        }
        const wide d = w_add(w_mul(squares, rate), k);
        const wide a = w_widen(load_lanes(x + i * args->ldx, count));
        const wide y = w_div(a, w_quarter_power(d, args->quarters));
        store_lanes(args->y + i * args->ldy + j, w_narrow(y), count);
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
