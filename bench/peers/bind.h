/* bind.h - which processors threads run on */
#ifndef VIT_BENCH_PEERS_BIND_H
#define VIT_BENCH_PEERS_BIND_H

#include "peers.h"

/* Finds the processors that this process may use; fills cpus and cpu_count of the machine. */
void bind_prepare(struct machine *machine);

/* Binds this thread to the first, and OpenMP's second thread to the second if there is one. */
void bind_threads(struct machine *machine);

/* Binds the first thread of another process, or for 0 this thread, to the first processor. */
void bind_process(const struct machine *machine, int pid);

/* Allows this thread all processors again: a child process inherits that. */
void unbind(void);

#endif
