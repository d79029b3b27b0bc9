/* clock.h - the time, for the observer of a forward pass */
#ifndef VIT_BASE_CLOCK_H
#define VIT_BASE_CLOCK_H

#include <stdint.h>

/* Nanoseconds of a monotonic clock. */
uint64_t clock_nanoseconds(void);

#endif
