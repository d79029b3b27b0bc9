/* parallel.h - the only place that knows of threads */
#ifndef VIT_BASE_PARALLEL_H
#define VIT_BASE_PARALLEL_H

#include <stddef.h>

#include "vit/kernels.h"

typedef void parallel_task(void *arg, size_t i);

/* task(arg, i) for every i < tasks; on the calling thread where `parallel` is NULL or tasks is 1. */
void parallel_run(const struct vit_parallel *parallel, size_t tasks, parallel_task *task,
                  void *arg);

/* How many tasks to cut an operation of `units` equal parts into: at least 1. */
size_t parallel_tasks(const struct vit_parallel *parallel, size_t units);

/* The first unit of part i of parts, units shared out evenly: part i is [share(i), share(i + 1)). */
size_t parallel_share(size_t units, size_t parts, size_t i);

/* vit_parallel's run on OpenMP's threads. */
void parallel_openmp(void *user, size_t tasks, parallel_task *task, void *arg);

/* OMP_NUM_THREADS or the cpuset's processors, whichever OpenMP takes, within the cgroup's CPU quota. */
size_t parallel_default_threads(void);

#endif
