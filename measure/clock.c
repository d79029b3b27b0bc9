/* clock.c - the clocks of the measurements */
#include "measure/clock.h"

#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double now(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double thread_now(void)
{
    return seconds(CLOCK_THREAD_CPUTIME_ID);
}
