/* bind.c - which processors threads run on */
#include "bind.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "neighbors/cores.h"
#include "vit/kernels.h"

static cpu_set_t allowed;

void bind_prepare(struct machine *machine)
{
    const struct cores cores = cores_find();

    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0)
        fatal("cannot get the processors of this process: %s", strerror(errno));
    memcpy(machine->cpus, cores.cpus, sizeof machine->cpus);
    machine->cpu_count = cores.count;
    machine->one_core = cores.one_core;
}

static void bind_to(int pid, int cpu)
{
    if (!cores_bind(pid, cpu))
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
