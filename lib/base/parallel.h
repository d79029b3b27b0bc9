/* parallel.h - how operations use threads; OpenMP is called nowhere else */
#ifndef VIT_BASE_PARALLEL_H
#define VIT_BASE_PARALLEL_H

#include <stddef.h>

#include "vit/parallel.h"

typedef void parallel_task(void *arg, size_t i);

/*
 * The number of threads for an operation of `units` equal parts: at least 1, at most `units` and
 * what `parallel` has, and few enough that each does at least `min_work` of the `work`: less would
 * cost more to wake a thread for than it saves.
 */
size_t parallel_threads(const struct vit_parallel *parallel, size_t units, double work,
                        double min_work);

/*
 * The number of tasks for such an operation: a few per thread, so that the others take over the
 * tasks of a thread that is delayed.
 */
size_t parallel_tasks(size_t threads, size_t units);

/*
 * Calls task(arg, i) once for every i < tasks, in ascending order, each on the next free thread; on
 * the calling thread alone if `parallel` is NULL or threads is 1. On other threads each task runs
 * in the default floating-point environment.
 */
void parallel_run(const struct vit_parallel *parallel, size_t threads, size_t tasks,
                  parallel_task *task, void *arg);

/* Divides units evenly: part i of `parts` is units [share(i), share(i + 1)). */
size_t parallel_share(size_t units, size_t parts, size_t i);

/*
 * The number of processors that CPU quotas allow, rounded up: the minimum over this process's
 * cgroup and its ancestors, of cgroup version 2 or 1; 0 if there is no quota. cgroup_file is
 * /proc/self/cgroup, root /sys/fs/cgroup.
 */
size_t parallel_quota(const char *cgroup_file, const char *root);

/* The number of threads that OpenMP would use (OMP_NUM_THREADS or the cpuset), within the quota. */
size_t parallel_default_threads(void);

#endif
