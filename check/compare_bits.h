/* compare_bits.h - floats compared: as bits, and in units of the last place */
#ifndef VIT_CHECK_COMPARE_BITS_H
#define VIT_CHECK_COMPARE_BITS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The first of n elements at which two arrays are not the same bits, or n. Any NaN equals any
 * other: which NaN an operation gives is the one thing IEEE 754 leaves to the processor
 * (docs/numerics.md).
 */
size_t first_difference(size_t n, const float *a, const float *b);
bool same_bits(size_t n, const float *a, const float *b);

/* The distance from a float to the true value, in units of the last place of the true value. */
double ulps(float found, double truth);

#endif
