/* convert.c - conversion to float32 from the number types that checkpoints store */
#include "files/convert.h"

#include <string.h>

/* IEEE 754 binary16: 1 sign bit, 5 exponent bits (bias 15), 10 fraction bits. */
void widen_f16(size_t n, const uint16_t *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t sign = (uint32_t)(x[i] & 0x8000) << 16;
        const uint32_t magnitude = x[i] & 0x7fff;
        /* an exponent of 31 is infinity or NaN in binary16, 255 in binary32 */
        const uint32_t rebias = magnitude >= 0x7c00 ? 255 - 31 : 127 - 15;
        const float subnormal = (float)magnitude * 0x1p-24f;
        uint32_t bits;
        memcpy(&bits, &subnormal, sizeof bits);
        bits = magnitude < 0x400 ? bits : (magnitude << 13) + (rebias << 23);
        bits |= sign;
        memcpy(&y[i], &bits, sizeof bits);
    }
}

/* bfloat16 is the upper half of a binary32. */
void widen_bf16(size_t n, const uint16_t *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = (uint32_t)x[i] << 16;
        memcpy(&y[i], &bits, sizeof bits);
    }
}

void narrow_f64(size_t n, const double *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (float)x[i];
}
