/* counters.h - what opening a model costs: bytes of memory, read, unpacked, parsed, compared */
#ifndef VIT_TESTS_BUDGETS_COUNTERS_H
#define VIT_TESTS_BUDGETS_COUNTERS_H

#include <stddef.h>

struct costs {
    size_t memory; /* the most that was allocated at one time */
    size_t read, unpacked, parsed, compared;
};

/* What is allocated between them, and what the functions of COUNTED in the Makefile do. */
void costs_start(void);
struct costs costs_stop(void);

#endif
