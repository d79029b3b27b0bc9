/* test_data.c - fills rows of test data, without rounding */
#include "check/test_data.h"

#include <math.h>
#include <string.h>

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
        const float whole = (float)((int32_t)(bits >> 40) - (1 << 23)); /* in [−2^23, 2^23) */
        switch (pattern) {
        case PATTERN_WIDE:
            x[i] = any_finite(bits);
            break;
        case PATTERN_TINY:
            x[i] = bits % 5 ? whole * 0x1p-149f : copysignf(0.0f, whole);
            break;
        case PATTERN_HUGE:
            x[i] = whole * 0x1p104f;
            break;
        case PATTERN_CONSTANT:
            x[i] = 0.7f;
            break;
        default:
            x[i] = whole * 0x1p-21f;
        }
    }
    if (n > 0 && pattern == PATTERN_NAN) {
        const size_t at = next_random(&state) % n;
        x[at] = NAN;
        if (at >= 16) /* the row's maximum, in the same lane, where the NaN could replace it */
            x[at - 16] = 5.0f;
    }
    if (n > 0 && pattern == PATTERN_INFINITE)
        x[next_random(&state) % n] = seed % 2 ? INFINITY : -INFINITY;
}
