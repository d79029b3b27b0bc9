/* compare.h - bits, ulps, test data and the levels of this machine */
#ifndef VIT_COMPARE_H
#define VIT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/kernels.h"

/*
 * Whether two arrays are the same bits, any NaN equal to any other: which NaN an operation gives is
 * the one thing IEEE 754 leaves to the processor (docs/numerics.md).
 */
bool same_bits(size_t n, const float *a, const float *b);

/* Ends the test unless same_bits, saying where and what; the text goes before. Tallies n. */
void expect_same_bits(size_t n, const float *expected, const float *found, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The distance from a float to the true value, in units of the last place of the true value. */
double ulps(float found, double truth);

/* What a row may hold. */
enum pattern {
    PATTERN_NORMAL,   /* around ±1 */
    PATTERN_WIDE,     /* every magnitude there is, both signs */
    PATTERN_TINY,     /* subnormals and zeros of both signs */
    PATTERN_HUGE,     /* near the largest float: sums overflow */
    PATTERN_NAN,      /* around ±1, one NaN */
    PATTERN_INFINITE, /* around ±1, one infinity */
    PATTERN_CONSTANT, /* all the same */
    PATTERNS
};
const char *pattern_name(enum pattern pattern);

/* Fills x by a generator of its own: the same for the same seed. */
void fill_pattern(size_t n, float *x, enum pattern pattern, uint64_t seed);

/* A uniform 64-bit number, stepping *state: SplitMix64. */
uint64_t next_random(uint64_t *state);

/*
 * The next level above scalar that this machine can run, or NULL past the last; *i counts them.
 * Those that it lacks are tallied as skipped when they are passed, with `checks` each: an estimate,
 * since how many tiles a level has is known only where it runs.
 */
const struct vit_kernels *next_level(size_t *i, size_t checks);
const struct vit_kernels *scalar_level(void);

#endif
