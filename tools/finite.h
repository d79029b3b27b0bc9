/* finite.h - the first number of an array that is infinite or NaN */
#ifndef VIT_TOOLS_FINITE_H
#define VIT_TOOLS_FINITE_H

#include <math.h>
#include <stddef.h>

/* How many of x[count] come before it: its index, or count if all are finite. */
static inline size_t finite_count(size_t count, const float *x)
{
    size_t i = 0;

    while (i < count && isfinite(x[i]))
        i++;
    return i;
}

#endif
