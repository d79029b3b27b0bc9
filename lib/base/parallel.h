/* parallel.h - how operations use threads */
#ifndef VIT_BASE_PARALLEL_H
#define VIT_BASE_PARALLEL_H

#include <stddef.h>

#include "vit/parallel.h"

typedef void parallel_task(void *arg, size_t i);

/*
 * The number of threads for an operation of `units` equal parts: at least 1, at most `units`,
 * VIT_MAX_THREADS and what `parallel` has, and few enough that each does at least `min_work` of the
 * `work`: less would cost more to wake a thread for than it saves.
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

#endif
