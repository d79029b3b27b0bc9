/* counters.h - what opening a model costs: bytes of memory, read, unpacked, parsed, compared */
#ifndef VIT_TESTS_BUDGETS_COUNTERS_H
#define VIT_TESTS_BUDGETS_COUNTERS_H

#include <stddef.h>

struct costs {
    size_t memory; /* the most that was allocated at one time */
    size_t read, unpacked, parsed, compared;
};

/* Between them the program's malloc and its siblings count, and COUNTED of the Makefile. */
void costs_start(void);
struct costs costs_stop(void);

#endif
