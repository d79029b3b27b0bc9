/* cores.h - two processors of this process that are different cores */
#ifndef VIT_BENCH_NEIGHBORS_CORES_H
#define VIT_BENCH_NEIGHBORS_CORES_H

#include <stdbool.h>
#include <stddef.h>

struct cores {
    int cpus[2];
    size_t count;  /* 1 if this process may use no more, 0 if the system does not say */
    bool one_core; /* they are hardware threads of one core: there is no other */
};

struct cores cores_find(void);

/* Binds a process, or for 0 this thread, to one processor; false: errno says why. */
bool cores_bind(int pid, int cpu);

#endif
