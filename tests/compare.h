/* compare.h - assertions on equal bits, the levels of this machine, and the cases of check/ */
#ifndef VIT_TESTS_COMPARE_H
#define VIT_TESTS_COMPARE_H

#include <stddef.h>

#include "check/compare_bits.h"
#include "check/test_data.h"
#include "vit/kernels.h"

/*
 * Ends the test unless the arrays have the same bits; the message begins with the text. Counts n
 * checks.
 */
void expect_same_bits(size_t n, const float *expected, const float *found, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Ends the test unless every case of a kernel of check/ passes on every level. Counts them. */
void expect_cases(const char *kernel);

/*
 * The next level above scalar that this machine can run, or NULL past the last; *i counts them. For
 * each level that it lacks, counts `checks` skipped checks. This is an estimate: the number of
 * tiles is known only where the level runs.
 */
const struct vit_kernels *next_level(size_t *i, size_t checks);
const struct vit_kernels *scalar_level(void);

#endif
