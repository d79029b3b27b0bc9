/* parallel.h - the only place that knows of threads */
#ifndef VIT_BASE_PARALLEL_H
#define VIT_BASE_PARALLEL_H

#include <stddef.h>

#include "vit/parallel.h"

typedef void parallel_task(void *arg, size_t i);

/*
 * How many threads to spread an operation of `units` equal parts over: at least 1, no more than
 * there are, and so few that each has `least` of its `work`, or waking a thread costs more than it
 * does.
 */
size_t parallel_threads(const struct vit_parallel *parallel, size_t units, double work,
                        double least);

/*
 * How many tasks to cut such an operation into: a few for each thread, so that one that is held up
 * does less and the others do not wait for it.
 */
size_t parallel_tasks(size_t threads, size_t units);

/*
 * task(arg, i) once for every i < tasks, in order of i, by whichever of the threads comes next; on
 * the calling thread alone if `parallel` is NULL or threads is 1. Else each runs in the default
 * floating-point environment.
 */
void parallel_run(const struct vit_parallel *parallel, size_t threads, size_t tasks,
                  parallel_task *task, void *arg);

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
