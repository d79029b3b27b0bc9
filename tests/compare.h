/* compare.h - bits as an assertion, the levels of this machine, and the cases that check/ has */
#ifndef VIT_TESTS_COMPARE_H
#define VIT_TESTS_COMPARE_H

#include <stddef.h>

#include "check/compare_bits.h"
#include "check/test_data.h"
#include "vit/kernels.h"

/* Ends the test unless same_bits, saying where and what; the text goes before. Tallies n. */
void expect_same_bits(size_t n, const float *expected, const float *found, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Ends the test unless every case of a kernel of check/ passes on every level. Tallies them. */
void expect_cases(const char *kernel);

/*
 * The next level above scalar that this machine can run, or NULL past the last; *i counts them.
 * Those that it lacks are tallied as skipped when they are passed, with `checks` each: an estimate,
 * since how many tiles a level has is known only where it runs.
 */
const struct vit_kernels *next_level(size_t *i, size_t checks);
const struct vit_kernels *scalar_level(void);

#endif
