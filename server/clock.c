/* clock.c - the monotonic clock, in nanoseconds and as conditions wait for it */
#include "server/clock.h"

#include <time.h>

enum { SECOND = 1000000000 };

uint64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

bool clock_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    if (pthread_condattr_init(&attributes) != 0)
        return false;
    const bool ok = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                    pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return ok;
}

void clock_wait(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until_ns)
{
    if (until_ns == UINT64_MAX) {
        pthread_cond_wait(condition, lock);
        return;
    }
    const struct timespec until = { .tv_sec = (time_t)(until_ns / SECOND),
                                    .tv_nsec = (long)(until_ns % SECOND) };
    pthread_cond_timedwait(condition, lock, &until);
}
