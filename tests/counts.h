/* counts.h - counts what the tests checked and what they could not */
#ifndef VIT_TESTS_COUNTS_H
#define VIT_TESTS_COUNTS_H

#include <stddef.h>

/*
 * Adds comparisons that were made (a failed one ends its test with cr_assert before it gets
 * here).
 */
void tally(size_t checks);

/* Says that `checks` checks of `what` could not run, and why: "avx512: this CPU lacks it". */
void tally_skip(const char *what, size_t checks);

#endif
