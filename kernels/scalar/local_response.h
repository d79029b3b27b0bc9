/* local_response.h - local response normalization across rows: the reference for all other levels */
#ifndef VIT_KERNELS_SCALAR_LOCAL_RESPONSE_H
#define VIT_KERNELS_SCALAR_LOCAL_RESPONSE_H

#include <math.h>

#include "kernels/local_response.h"
#include "vit/kernels.h"

/* d^(quarters/4), by square roots, which are exact to half an ulp on every level */
static float quarter_power(float d, unsigned quarters)
{
    float power = 1.0f;

    for (unsigned whole = quarters / 4; whole > 0; whole--)
        power *= d;
    if (quarters & 2)
        power *= sqrtf(d);
    if (quarters & 1)
        power *= sqrtf(sqrtf(d));
    return power;
}

static void local_response(const struct vit_local_response_args *args)
{
    const size_t rows = args->rows, ldx = args->ldx;
    const float rate = args->alpha / (float)args->size;

    for (size_t i = 0; i < rows; i++) {
        const struct local_window w = local_window_of(rows, args->size, i);
        for (size_t j = 0; j < args->n; j++) {
            float squares = 0.0f;
            for (size_t row = w.first; row < w.end; row++)
                squares = fmaf(args->x[row * ldx + j], args->x[row * ldx + j], squares);
            args->y[i * args->ldy + j] =
                args->x[i * ldx + j] / quarter_power(fmaf(squares, rate, args->k), args->quarters);
        }
    }
}

#endif
