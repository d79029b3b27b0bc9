/* filters.h - the interpolation filters of images and of position embeddings */
#ifndef VIT_MODEL_FILTERS_H
#define VIT_MODEL_FILTERS_H

#include <math.h>

/*
 * Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing"; 0 from |x| = 2 on.
 * `a` is the slope at |x| = 1: −1/2 reproduces quadratics (Pillow), −3/4 is sharper (OpenCV,
 * PyTorch).
 */
static inline double filter_cubic(double x, double a)
{
    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0)
        return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

/* Linear interpolation; 0 from |x| = 1 on. */
static inline double filter_triangle(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

#endif
