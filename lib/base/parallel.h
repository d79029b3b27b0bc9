/* parallel.h - the only place that knows of threads */
#ifndef VIT_BASE_PARALLEL_H
#define VIT_BASE_PARALLEL_H

#include <stddef.h>

#include "vit/kernels.h"

typedef void parallel_task(void *arg, size_t i);

/* task(arg, i) for every i < tasks; on the calling thread if `parallel` is NULL or tasks is 1. */
void parallel_run(const struct vit_parallel *parallel, size_t tasks, parallel_task *task,
                  void *arg);

/*
 * How many tasks to cut an operation of `units` equal parts into: at least 1, no more than the
 * threads, and so few that each has `least` of its `work`, or waking a thread costs more than it
 * does.
 */
size_t parallel_tasks(const struct vit_parallel *parallel, size_t units, double work, double least);

/* Units shared out evenly: part i of parts is units [share(i), share(i + 1)). */
size_t parallel_share(size_t units, size_t parts, size_t i);

/*
 * The processors that the smallest CPU quota from this process's cgroup up to the root grants, of
 * version 2 or 1; 0 for none. cgroup_file is /proc/self/cgroup, root /sys/fs/cgroup.
 */
size_t parallel_quota(const char *cgroup_file, const char *root);

/* OMP_NUM_THREADS or the cpuset's processors, as OpenMP decides, within the cgroup's CPU quota. */
size_t parallel_default_threads(void);

#endif
