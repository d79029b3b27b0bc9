/* hard_rows.h - rows on which sums lose the most: equal, far from 0, canceling, of one giant … */
#ifndef VIT_CHECK_HARD_ROWS_H
#define VIT_CHECK_HARD_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum hard_row {
    HARD_EQUAL,       /* one number n times, whose sums round in the same direction */
    HARD_LAST_BIT,    /* two neighboring floats */
    HARD_FAR,         /* within ±4 of ±10^6 */
    HARD_GIANT,       /* within ±4, one number of 10^6 */
    HARD_ALTERNATING, /* pairs of x and −x(1 + 2^-20): the sum cancels */
    HARD_STEADY,      /* all 1 or just below: each addition may round up */
    HARD_MAGNITUDES,  /* 2^-40 … 2^10, both signs */
    HARD_SUBNORMAL,
    HARD_LARGE, /* within ±2^54, so that squares of 2^16 deviations do not overflow */
    HARD_ZERO,  /* zeros of both signs, one number that is not */
    HARD_ROWS
};

void fill_hard(size_t n, float *x, enum hard_row kind, uint64_t seed);

#endif
