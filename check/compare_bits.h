/* compare_bits.h - compares floats as bits, and measures errors in units of the last place */
#ifndef VIT_CHECK_COMPARE_BITS_H
#define VIT_CHECK_COMPARE_BITS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The index of the first of n elements whose bits differ, or n. All NaNs are equal: IEEE 754 leaves
 * to the processor which NaN an operation returns (docs/numerics.md).
 */
size_t first_difference(size_t n, const float *a, const float *b);
bool same_bits(size_t n, const float *a, const float *b);

/* The distance from a float to the true value, in units of the last place of the true value. */
double ulps(float found, double truth);

#endif
