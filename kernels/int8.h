/* int8.h - groups of numbers in 8 bits, as docs/numerics.md defines them, for every level */
#ifndef VIT_KERNELS_INT8_H
#define VIT_KERNELS_INT8_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

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

/* n ≤ GROUP weights: w ≈ scale·q, |q| ≤ 127; then zeros. */
struct int8_weights {
    float scale;
    int32_t sum; /* of q; within ±8192 */
    int8_t q[GROUP];
};

/*
 * The scale: no weight exceeds 127, no pair of neighbors adds up to more than 128, but for
 * rounding. Half of each, because their sum could be infinite. NaN if a weight is not finite.
 */
static inline float int8_weight_scale(size_t n, const float *w)
{
    float top = 0.0f, pair = 0.0f, poison = 0.0f;

    for (size_t i = 0; i < n; i += 2) {
        const float a = w[i], b = i + 1 < n ? w[i + 1] : 0.0f;
        const float half = fabsf(0.5f * a + 0.5f * b);
        const float larger = fabsf(a) > fabsf(b) ? fabsf(a) : fabsf(b);
        poison = fmaf(a, 0.0f, fmaf(b, 0.0f, poison)); /* 0, or NaN */
        top = larger > top ? larger : top;
        pair = half > pair ? half : pair;
    }
    const float by_top = top / 127.0f, by_pair = pair / 64.0f;
    return (by_top > by_pair ? by_top : by_pair) + poison;
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

static inline void int8_quantize_weights(size_t n, const float *w, struct int8_weights *out)
{
    const float s = int8_weight_scale(n, w);

    *out = (struct int8_weights){ .scale = s < INT8_TINY ? 0.0f : s };
    if (!(s >= INT8_TINY))
        return; /* zeros, or NaN */
    for (size_t i = 0; i < n; i += 2) {
        const float r[2] = { w[i] / s, i + 1 < n ? w[i + 1] / s : 0.0f };
        out->q[i] = (int8_t)nearest(r[0]);
        out->q[i + 1] = (int8_t)nearest(r[1]);
        int8_limit_pair(r, out->q + i);
        out->sum += out->q[i] + out->q[i + 1];
    }
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
