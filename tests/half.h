/* half.h - rounding to float16, by another method than the kernels */
#ifndef VIT_TESTS_HALF_H
#define VIT_TESTS_HALF_H

#include <math.h>
#include <stdint.h>

/* To the nearest number of 11 digits, or multiple of 2^-24, ties to even. */
static inline float half_rounded(float x)
{
    int exponent;

    frexp((double)x, &exponent);
    const double last = ldexp(1.0, exponent - 11 > -24 ? exponent - 11 : -24);
    const double result = nearbyint((double)x / last) * last;
    return fabs(result) > 65504.0 ? copysignf(INFINITY, x) : (float)result;
}

/* The bits of a float16 that is finite. */
static inline uint16_t half_bits(float x)
{
    const unsigned sign = signbit(x) ? 0x8000 : 0;
    int exponent;
    const double fraction = frexp(fabs((double)x), &exponent);

    if (x == 0.0f || exponent < -13) /* zero or subnormal */
        return (uint16_t)(sign + (unsigned)ldexp(fabs((double)x), 24));
    return (uint16_t)(sign + ((unsigned)(exponent + 13) << 10) + (unsigned)ldexp(fraction, 11));
}

#endif
