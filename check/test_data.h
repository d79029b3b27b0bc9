/* test_data.h - rows of test data of several kinds, generated without rounding */
#ifndef VIT_CHECK_TEST_DATA_H
#define VIT_CHECK_TEST_DATA_H

#include <stddef.h>
#include <stdint.h>

enum pattern {
    PATTERN_NORMAL,   /* within ±4 */
    PATTERN_WIDE,     /* all magnitudes, both signs */
    PATTERN_TINY,     /* subnormals and zeros of both signs */
    PATTERN_HUGE,     /* near the largest float: sums overflow */
    PATTERN_NAN,      /* as normal, one NaN */
    PATTERN_INFINITE, /* as normal, one infinity */
    PATTERN_CONSTANT, /* all the same */
    PATTERNS
};
const char *pattern_name(enum pattern pattern);

/*
 * Fills x, with the same numbers for the same seed on every machine: whole numbers of at most 24
 * bits times a power of two, so that nothing depends on the rounding mode.
 */
void fill_pattern(size_t n, float *x, enum pattern pattern, uint64_t seed);

/* A uniform 64-bit number, stepping *state: SplitMix64. */
uint64_t next_random(uint64_t *state);

#endif
