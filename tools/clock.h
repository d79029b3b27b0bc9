/* clock.h - the time that measurements are taken by */
#ifndef VIT_TOOLS_CLOCK_H
#define VIT_TOOLS_CLOCK_H

/* Seconds of a clock that only runs forward. */
double now(void);

/* Seconds of this thread alone: what else the machine does meanwhile is not in them. */
double thread_now(void);

#endif
