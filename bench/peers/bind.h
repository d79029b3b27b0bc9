/* bind.h - which processors threads run on */
#ifndef VIT_BENCH_PEERS_BIND_H
#define VIT_BENCH_PEERS_BIND_H

#include "peers.h"

/* Finds the processors that this process may use; cpus and cpu_count of the place. */
void bind_prepare(struct place *place);

/* This thread to the first, and OpenMP's next thread to the second if there is one. */
void bind_threads(struct place *place);

/* Another process's first thread to the first processor. */
void bind_process(const struct place *place, int pid);

/* This thread to all of them again: a child process inherits that. */
void unbind(void);

#endif
