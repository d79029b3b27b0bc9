/* int8.h - groups of numbers in 8 bits, as docs/numerics.md defines them, for every level */
#ifndef VIT_KERNELS_INT8_H
#define VIT_KERNELS_INT8_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/constants.h"

#define GROUP     VIT_INT8_GROUP
#define INT8_TINY 0x1p-100f /* a group of smaller numbers is 0: 255 / range stays finite */

/* To the nearest integer, ties to even; |x| ≤ 2^22. */
static inline int32_t nearest(float x)
{
    return (int32_t)((x + EXP_ROUND) - EXP_ROUND);
}

static inline size_t int8_groups(size_t k)
{
    return k / GROUP + (k % GROUP != 0);
}

/* The numbers of the group that begins at l. */
static inline size_t int8_length(size_t k, size_t l)
{
    return k - l < GROUP ? k - l : GROUP;
}

/* GROUP weights: w ≈ scale·q, |q| ≤ 127. */
struct int8_weights {
    float scale;
    int32_t sum; /* of q; within ±8192 */
    int8_t q[GROUP];
};

/* Of the magnitude; in the order of the magnitudes, with infinity and NaN above every other. */
static inline uint32_t magnitude_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits & 0x7fffffff;
}

static inline float float_of_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

/*
 * The scale: no weight exceeds 127, no pair of neighbors adds up to more than 128, but for
 * rounding. Half of each, because their sum could be infinite. NaN if a weight is not finite.
 * The largest are found among bits, which compilers vectorize.
 */
static inline float int8_weight_scale(const float *w)
{
    uint32_t top = 0, pair = 0;

    for (size_t i = 0; i < GROUP; i++)
        top = magnitude_bits(w[i]) > top ? magnitude_bits(w[i]) : top;
    for (size_t i = 0; i < GROUP; i += 2) {
        const uint32_t half = magnitude_bits(0.5f * w[i] + 0.5f * w[i + 1]);
        pair = half > pair ? half : pair;
    }
    if (top >= magnitude_bits(INFINITY))
        return NAN;
    const float by_top = float_of_bits(top) / 127.0f, by_pair = float_of_bits(pair) / 64.0f;
    return by_top > by_pair ? by_top : by_pair;
}

/*
 * Two neighbors whose sum was rounded to ±129: the one that rounding moved away from 0 the furthest
 * moves one toward 0. So 255·|q[0] + q[1]| fits in 16 bits, which vpmaddubsw saturates to.
 */
static inline void int8_limit_pair(const float *r, int8_t *q)
{
    if (abs(q[0] + q[1]) <= 128)
        return;
    const float first = fabsf((float)q[0]) - fabsf(r[0]);
    const float second = fabsf((float)q[1]) - fabsf(r[1]);
    const size_t moved = second > first;
    q[moved] = (int8_t)(q[moved] > 0 ? q[moved] - 1 : q[moved] + 1);
}

/* Zeros behind the last weight of a shorter group change nothing. */
static inline void int8_quantize_weights(const float *w, struct int8_weights *out)
{
    const float s = int8_weight_scale(w);
    float r[GROUP];
    int32_t largest = 0;

    *out = (struct int8_weights){ .scale = s < INT8_TINY ? 0.0f : s };
    if (!(s >= INT8_TINY))
        return; /* zeros, or NaN */
    for (size_t i = 0; i < GROUP; i++) {
        r[i] = w[i] / s;
        out->q[i] = (int8_t)nearest(r[i]);
    }
    for (size_t i = 0; i < GROUP; i += 2) {
        const int32_t pair = abs(out->q[i] + out->q[i + 1]);
        largest = pair > largest ? pair : largest;
    }
    for (size_t i = 0; i < GROUP && largest > 128; i += 2)
        int8_limit_pair(r + i, out->q + i);
    for (size_t i = 0; i < GROUP; i++)
        out->sum += out->q[i];
}

/* The group of the column that begins at w, and zeros behind it. */
static inline void int8_quantize_column(size_t n, const float *w, size_t stride,
                                        struct int8_weights *out)
{
    float column[GROUP] = { 0 };

    if (stride == 1)
        memcpy(column, w, n * sizeof *w);
    else
        for (size_t i = 0; i < n; i++)
            column[i] = w[i * stride];
    int8_quantize_weights(column, out);
}

/* What a group of activations has in common: x ≈ scale·(q − zero). */
struct int8_activations {
    float scale, inverse; /* the scale is NaN if a number is not finite */
    int32_t zero;         /* 0 … 255 */
};

/* From the smallest and the largest of the numbers and 0, and 0 or NaN. */
static inline struct int8_activations int8_activations(float low, float high, float poison)
{
    const float range = high - low;
    struct int8_activations a = { .scale = poison };

    if (range >= INT8_TINY) {
        a.inverse = 255.0f / range; /* 0 if the range is infinite: then the row becomes NaN */
        a.scale += range / 255.0f;
    }
    if (a.scale == a.scale)
        a.zero = nearest(-low * a.inverse);
    return a;
}

#endif
