/* init_weights.c - random weights, each a function of the seed, its tensor and its index alone */
#include "model/init_weights.h"

#include <math.h>
#include <stdbool.h>

#define STD         0.02 /* timm's trunc_normal_ of a ViT */
#define CUT         2.0  /* ±2 and not 2 standard deviations, as timm and the article series cut */
#define LAYER_SCALE 1e-5f /* timm's init_values of DINOv2 */

/* SplitMix64, Vigna 2015: a bijection of 64 bits; its outputs for a counter pass tests of
 * randomness. */
static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* numerator(r)/denominator(r), cubic each, constant term first */
static double rational(const double top[4], const double bottom[4], double r)
{
    return (((top[3] * r + top[2]) * r + top[1]) * r + top[0]) /
           (((bottom[3] * r + bottom[2]) * r + bottom[1]) * r + bottom[0]);
}

/*
 * The natural logarithm of a normal x > 0, to 2 ulp or 1e-16, whichever is more. Only + - * / of
 * IEEE 754: the same bits from every C library. With x = m·2^e, m in [√½, √2), and
 * s = (m − 1)/(m + 1), |s| < 0.172: ln m = 2·(s + s³/3 + s⁵/5 + …), of which s²³/23 is 1e-19.
 */
static double natural_log(double x)
{
    const double ln2 = 0x1.62e42fefa39efp-1;
    int e;
    double m = frexp(x, &e), sum = 0.0;

    if (m < 0x1.6a09e667f3bcdp-1) { /* √½ */
        m *= 2.0;
        e--;
    }
    const double s = (m - 1.0) / (m + 1.0), square = s * s;
    for (int n = 21; n >= 1; n -= 2)
        sum = sum * square + 1.0 / n;
    return 2.0 * s * sum + e * ln2;
}

/*
 * The standard normal's quantile at p in (0, 1), to about 7 digits: algorithm AS 241 (PPND7),
 * Wichura 1988, Applied Statistics 37.
 */
static double normal_quantile(double p)
{
    static const double middle[2][4] = { { 3.3871327179, 50.434271938, 159.29113202, 59.109374720 },
                                         { 1.0, 17.895169469, 78.757757664, 67.187563600 } };
    static const double side[2][4] = { { 1.4234372777, 2.7568153900, 1.3067284816, 0.17023821103 },
                                       { 1.0, 0.73700164250, 0.12021132975, 0.0 } };
    static const double tail[2][4] = { { 6.6579051150, 3.0812263860, 0.42868294337,
                                         0.017337203997 },
                                       { 1.0, 0.24197894225, 0.012258202635, 0.0 } };
    const double q = p - 0.5;

    if (fabs(q) <= 0.425)
        return q * rational(middle[0], middle[1], 0.180625 - q * q);
    const double r = sqrt(-natural_log(q < 0.0 ? p : 1.0 - p));
    const double z =
        r <= 5.0 ? rational(side[0], side[1], r - 1.6) : rational(tail[0], tail[1], r - 5.0);
    return q < 0.0 ? -z : z;
}

/* FNV-1a, 64 bits. A tensor's numbers follow from its name: tensors that later versions add do not
 * change those of others. */
static uint64_t hash_name(enum tensor_slot slot, size_t index)
{
    uint64_t hash = 0xcbf29ce484222325;
    char name[64];

    slots_name(slot, index, name);
    for (const char *c = name; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
    return hash;
}

static float truncated_normal(uint64_t bits)
{
    const double p = ((double)(bits >> 12) + 0.5) * 0x1p-52; /* never 0 or 1 */
    const double x = STD * normal_quantile(p);
    return (float)(x < -CUT ? -CUT : x > CUT ? CUT : x);
}

enum vit_status random_weights_read(void *from, enum tensor_slot slot, size_t index, size_t first,
                                    size_t count, float *out, struct vit_error *err)
{
    const struct random_weights *weights = from;
    const uint64_t stream = mix(mix(weights->seed) ^ hash_name(slot, index));
    const enum slot_init init = slots_init(slot);
    const bool directions = init == SLOT_INIT_DIRECTIONS;
    const bool drawn = directions || init == SLOT_INIT_NORMAL;
    const float constant = init == SLOT_INIT_ONES      ? 1.0f
                           : init == SLOT_INIT_SMALL   ? LAYER_SCALE
                           : init == SLOT_INIT_QUARTER ? 0.25f
                                                       : 0.0f;

    (void)err;
    for (size_t i = 0; i < count; i++)
        out[i] = drawn ? truncated_normal(mix(stream + first + i)) : constant;
    for (size_t i = 0; directions && i < count; i++)
        out[i] /= (float)STD; /* standard normal, as a performer draws them */
    return VIT_OK;
}
