/* compare.c - bits, ulps, test data and the levels of this machine */
#include "compare.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tally.h"

static bool same(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

bool same_bits(size_t n, const float *a, const float *b)
{
    for (size_t i = 0; i < n; i++)
        if (!same(a[i], b[i]))
            return false;
    return true;
}

void expect_same_bits(size_t n, const float *expected, const float *found, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);

    for (size_t i = 0; i < n; i++)
        cr_assert(same(expected[i], found[i]), "%s: element %zu is %a, expected %a", what, i,
                  (double)found[i], (double)expected[i]);
    tally(n);
}

double ulps(float found, double truth)
{
    int exponent;

    if (found != found || truth != truth)
        return found != found && truth != truth ? 0.0 : INFINITY;
    if (isinf(found)) /* right where the truth rounds to it */
        return found == (float)truth ? 0.0 : INFINITY;
    frexp(truth, &exponent);
    return fabs((double)found - truth) / ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
}

const char *pattern_name(enum pattern pattern)
{
    static const char *const names[PATTERNS] = { "normal", "wide",     "tiny",    "huge",
                                                 "NaN",    "infinite", "constant" };
    return names[pattern];
}

uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static float any_finite(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float f;
    if ((low >> 23 & 0xff) == 0xff)
        low ^= 1u << 23;
    memcpy(&f, &low, sizeof f);
    return f;
}

void fill_pattern(size_t n, float *x, enum pattern pattern, uint64_t seed)
{
    uint64_t state = seed * 31 + (uint64_t)pattern;

    for (size_t i = 0; i < n; i++) {
        const uint64_t bits = next_random(&state);
        const float unit = (float)((double)(bits >> 11) * 0x1p-52 - 1.0); /* in [−1, 1) */
        switch (pattern) {
        case PATTERN_WIDE:
            x[i] = any_finite(bits);
            break;
        case PATTERN_TINY:
            x[i] = bits % 5 ? unit * 0x1p-126f : copysignf(0.0f, unit);
            break;
        case PATTERN_HUGE:
            x[i] = unit * 0x1.fp127f;
            break;
        case PATTERN_CONSTANT:
            x[i] = 0.7f;
            break;
        default:
            x[i] = 3.0f * unit;
        }
    }
    if (n > 0 && pattern == PATTERN_NAN)
        x[next_random(&state) % n] = NAN;
    if (n > 0 && pattern == PATTERN_INFINITE)
        x[next_random(&state) % n] = seed % 2 ? INFINITY : -INFINITY;
}

const struct vit_kernels *scalar_level(void)
{
    const struct vit_kernels *kernels = NULL;
    cr_assert(vit_kernels_get("scalar", &kernels, NULL) == VIT_OK);
    return kernels;
}

const struct vit_kernels *next_level(size_t *i, size_t checks)
{
    const struct vit_kernels *kernels = NULL;
    const char *name;
    int usable;

    while ((name = vit_isa_level(++*i, &usable))) {
        if (usable) {
            cr_assert(vit_kernels_get(name, &kernels, NULL) == VIT_OK);
            return kernels;
        }
        char why[64];
        snprintf(why, sizeof why, "%s: this CPU lacks it", name);
        tally_skip(why, checks);
    }
    return NULL;
}
