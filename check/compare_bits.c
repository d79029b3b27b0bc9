/* compare_bits.c - compares floats as bits, and measures errors in units of the last place */
#include "check/compare_bits.h"

#include <math.h>
#include <string.h>

size_t first_difference(size_t n, const float *a, const float *b)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(a[i] != a[i] && b[i] != b[i]))
            return i;
    return n;
}

bool same_bits(size_t n, const float *a, const float *b)
{
    return first_difference(n, a, b) == n;
}

double ulps(float found, double truth)
{
    int exponent;

    if (found != found || truth != truth)
        return found != found && truth != truth ? 0.0 : INFINITY;
    if (isinf(found)) /* correct if the true value rounds to infinity */
        return found == (float)truth ? 0.0 : INFINITY;
    frexp(truth, &exponent);
    return fabs((double)found - truth) / ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
}
