/* measurements.h - what is measured quiet and beside a neighbor */
#ifndef VIT_BENCH_NEIGHBORS_MEASUREMENTS_H
#define VIT_BENCH_NEIGHBORS_MEASUREMENTS_H

#include "measure/samples.h"
#include "neighbor.h"

enum { QUIET = 0, BESIDE = 1, STATES = 2 };

/* Lets the neighbors run, or stops them. */
void enter_state(size_t state);

/* Of the samples, which it sorts. */
double median(struct samples *s);

/* Prints an error, ends the neighbors and the program. */
#ifdef __GNUC__
__attribute__((noreturn, format(printf, 1, 2)))
#endif
void fatal(const char *format, ...);

/* ViT-Ti with every way to use threads; the neighbor is on each of `count` processors. */
void measure_ways(const struct neighbor *neighbor, size_t count, size_t rounds);

/* One thread: linear layers and a forward pass, on a level or, for NULL, on all but scalar. */
void measure_kept(size_t rounds, const char *isa);
size_t kept_count(const char *isa);

#endif
