/* bind.c - which processors threads run on */
#include "bind.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "vit/kernels.h"

static cpu_set_t allowed;

void bind_prepare(struct place *place)
{
    place->cpu_count = 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        fatal("the processors of this process are not to be had: %s", strerror(errno));
    for (int cpu = 0; cpu < CPU_SETSIZE && place->cpu_count < 2; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            place->cpus[place->cpu_count++] = cpu;
}

static void bind_to(int pid, int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(pid, sizeof set, &set) < 0)
        fatal("process %d cannot be bound to processor %d: %s", pid, cpu, strerror(errno));
}

static void bind_this(void *arg, size_t thread)
{
    bind_to(0, ((const struct place *)arg)->cpus[thread]);
}

void bind_threads(struct place *place)
{
    if (place->cpu_count > 1) /* OpenMP keeps its threads, and gives each the same part again */
        vit_parallel_openmp(NULL, place->cpu_count, bind_this, place);
    else
        bind_this(place, 0);
}

void bind_process(const struct place *place, int pid)
{
    bind_to(pid, place->cpus[0]);
}

void unbind(void)
{
    sched_setaffinity(0, sizeof allowed, &allowed);
}
