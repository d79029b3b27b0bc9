/* rotate.h - rotary positions: each pair of a row's numbers turns by an angle; in place allowed */
#ifndef VIT_KERNELS_SCALAR_ROTATE_H
#define VIT_KERNELS_SCALAR_ROTATE_H

#include <math.h>
#include <stddef.h>

/* The pairs are (i, i + n/2). */
static void rotate_halves(size_t n, const float *x, const float *cosines, const float *sines,
                          float *y)
{
    const size_t half = n / 2;

    for (size_t i = 0; i < half; i++) {
        const float a = x[i], b = x[half + i];
        y[i] = fmaf(a, cosines[i], b * sines[i]);
        y[half + i] = fmaf(b, cosines[half + i], a * sines[half + i]);
    }
}

/* The pairs are (2i, 2i + 1). */
static void rotate_neighbors(size_t n, const float *x, const float *cosines, const float *sines,
                             float *y)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        const float a = x[i], b = x[i + 1];
        y[i] = fmaf(a, cosines[i], b * sines[i]);
        y[i + 1] = fmaf(b, cosines[i + 1], a * sines[i + 1]);
    }
}

#endif
