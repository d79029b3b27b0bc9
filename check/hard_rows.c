/* hard_rows.c - rows on which sums lose the most: equal, far from 0, canceling, of one giant … */
#include "check/hard_rows.h"

#include <math.h>

#include "check/test_data.h"

/* Element i of the row; x is within ±4, `first` the same for the whole row. */
static float element(enum hard_row kind, size_t i, float x, float first, float before)
{
    switch (kind) {
    case HARD_EQUAL:
        return first;
    case HARD_LAST_BIT:
        return x < 0.0f ? first : nextafterf(first, INFINITY);
    case HARD_FAR:
        return copysignf(1e6f, first) + x;
    case HARD_GIANT:
        return i == 0 ? 1e6f : x;
    case HARD_ALTERNATING:
        return i % 2 ? -before * (1.0f + 0x1p-20f) : 1000.0f * x;
    case HARD_STEADY:
        return i == 0 ? 1.0f : 1.0f - 0x1p-24f * (float)(40 + (int)(fabsf(first) * 8.0f));
    case HARD_MAGNITUDES:
        return ldexpf(x, (int)((i * 7 + (size_t)(fabsf(first) * 16.0f)) % 50) - 40);
    case HARD_SUBNORMAL:
        return x * 0x1p-140f;
    case HARD_LARGE:
        return x * 0x1p52f;
    default:
        return i == 0 ? first : copysignf(0.0f, x);
    }
}

void fill_hard(size_t n, float *x, enum hard_row kind, uint64_t seed)
{
    fill_pattern(n, x, PATTERN_NORMAL, seed);

    const float first = n > 0 ? x[0] : 0.0f;
    for (size_t i = 0; i < n; i++)
        x[i] = element(kind, i, x[i], first, i > 0 ? x[i - 1] : 0.0f);
}
