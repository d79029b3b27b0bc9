/* thread_facts.h - what Linux tells about the other threads of this process */
#ifndef VIT_TESTS_THREAD_FACTS_H
#define VIT_TESTS_THREAD_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The sum over all threads but the calling one. */
struct thread_facts {
    size_t threads;
    size_t asleep;            /* now */
    size_t voluntary;         /* context switches: how often they went to sleep */
    unsigned long long ticks; /* of CPU time; 100 a second */
};

struct thread_facts other_threads(void);

/* Waits until they are all asleep; false: one is not, after 10 s of this thread's CPU time. */
bool others_fall_asleep(void);

/*
 * Forks when no other thread runs. A child has its parent's locks as they were, and a thread that
 * starts may hold those of a sanitizer's allocator. -1: fork failed, or a thread never slept.
 */
pid_t fork_while_others_sleep(void);

/* Computes for so many seconds of this thread's CPU time, whatever else the processor does. */
void use_cpu(double seconds);

#endif
