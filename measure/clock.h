/* clock.h - the clocks of the measurements */
#ifndef VIT_MEASURE_CLOCK_H
#define VIT_MEASURE_CLOCK_H

/* Seconds of a monotonic clock. */
double now(void);

/* CPU seconds of this thread: other programs' use of the CPU does not count. */
double thread_now(void);

#endif
