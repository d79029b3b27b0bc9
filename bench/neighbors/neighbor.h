/* neighbor.h - programs that run on other processors while something is measured */
#ifndef VIT_BENCH_NEIGHBORS_NEIGHBOR_H
#define VIT_BENCH_NEIGHBORS_NEIGHBOR_H

#include <stdbool.h>
#include <stddef.h>

struct neighbor {
    const char *name, *title;
    bool everywhere; /* on every processor, also on that of the measured thread */
    void (*run)(void);
};

enum { NEIGHBORS = 4 };
extern const struct neighbor neighbors[NEIGHBORS];

/* NULL if none has the name. */
const struct neighbor *neighbor_find(const char *name);

/*
 * Starts one on a processor, before this process has threads; it is stopped until neighbors_go.
 * False: errno says why, or is 0 if it could not be bound or had no memory.
 */
bool neighbor_start(const struct neighbor *neighbor, int cpu);

/* Let all of them run, and stop them; both return when they do. They end with this process. */
void neighbors_go(void);
void neighbors_stop(void);
void neighbors_end(void);

#endif
