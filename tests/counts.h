/* counts.h - counts the checks that the tests made and those that they skipped */
#ifndef VIT_TESTS_COUNTS_H
#define VIT_TESTS_COUNTS_H

#include <stddef.h>

/* Adds checks that passed: a failed one ends its test before this call. */
void count_checks(size_t checks);

/* Adds checks that could not run; `what` includes the reason: "avx512: this CPU lacks it". */
void count_skipped(const char *what, size_t checks);

#endif
