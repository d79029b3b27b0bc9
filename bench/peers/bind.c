/* bind.c - which processors threads run on */
#include "bind.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "vit/kernels.h"

static cpu_set_t allowed;

void bind_prepare(struct machine *machine)
{
    machine->cpu_count = 0;
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        fatal("cannot get the processors of this process: %s", strerror(errno));
    for (int cpu = 0; cpu < CPU_SETSIZE && machine->cpu_count < 2; cpu++)
        if (CPU_ISSET(cpu, &allowed))
            machine->cpus[machine->cpu_count++] = cpu;
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
    bind_to(0, ((const struct machine *)arg)->cpus[thread]);
}

void bind_threads(struct machine *machine)
{
    if (machine->cpu_count > 1) /* OpenMP reuses its threads, and each gets the same part again */
        vit_parallel_openmp(NULL, machine->cpu_count, bind_this, machine);
    else
        bind_this(machine, 0);
}

void bind_process(const struct machine *machine, int pid)
{
    bind_to(pid, machine->cpus[0]);
}

void unbind(void)
{
    sched_setaffinity(0, sizeof allowed, &allowed);
}
