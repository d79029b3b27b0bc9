/* clock.h - the monotonic clock, in nanoseconds and as conditions wait for it */
#ifndef VIT_SERVER_CLOCK_H
#define VIT_SERVER_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

uint64_t clock_ns(void);

/* Begins a condition whose waits end by the monotonic clock. false: no memory. */
bool clock_condition(pthread_cond_t *condition);

/* Waits until signalled or until the clock is at `until_ns`; UINT64_MAX: no end. */
void clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until_ns);

#endif
