/* one_processor.h - a process on one of its processors */
#ifndef VIT_TESTS_ONE_PROCESSOR_H
#define VIT_TESTS_ONE_PROCESSOR_H

#include <criterion/criterion.h>
#include <sched.h>

/* Moves this process to the first processor that it may use. */
static inline void use_one_processor(void)
{
    cpu_set_t set, one;
    int first = 0;

    cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
    while (!CPU_ISSET(first, &set))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
}

#endif
