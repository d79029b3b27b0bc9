/* local_response.h - local response normalization: the reference for all other levels */
#ifndef VIT_KERNELS_SCALAR_LOCAL_RESPONSE_H
#define VIT_KERNELS_SCALAR_LOCAL_RESPONSE_H

#include <math.h>

#include "kernels/local_response.h"
#include "vit/kernels.h"

/* d^(quarters/4): square roots are rounded as products are, on every level */
static double quarter_power(double d, unsigned quarters)
{
    double power = 1.0;

    for (unsigned whole = quarters / 4; whole > 0; whole--)
        power *= d;
    if (quarters & 2)
        power *= sqrt(d);
    if (quarters & 1)
        power *= sqrt(sqrt(d));
    return power;
}

static void local_response(const struct vit_local_response_args *args)
{
    const size_t rows = args->rows, ldx = args->ldx;
    const double rate = (double)args->alpha / (double)args->size;

    for (size_t i = 0; i < rows; i++) {
        const struct local_window w = local_window_of(rows, args->size, i);
        for (size_t j = 0; j < args->n; j++) {
            double squares = 0.0;
            for (size_t row = w.first; row < w.end; row++)
                squares += (double)args->x[row * ldx + j] * (double)args->x[row * ldx + j];
            const double d = squares * rate + (double)args->k;
            args->y[i * args->ldy + j] =
                (float)((double)args->x[i * ldx + j] / quarter_power(d, args->quarters));
        }
    }
}

#endif
