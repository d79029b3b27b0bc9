/* threads.h - how many threads this process may use, and how they are started */
#ifndef VIT_BASE_THREADS_H
#define VIT_BASE_THREADS_H

#include <pthread.h>
#include <stddef.h>

#include "vit/status.h"

/*
 * The number of processors that CPU quotas allow, rounded up: the minimum over this process's
 * cgroups and their ancestors, of cgroup version 2 or 1; 0 if there is no quota. cgroup_file is
 * /proc/self/cgroup, root /sys/fs/cgroup.
 */
size_t threads_quota(const char *cgroup_file, const char *root);

/* The number of processors that the cpuset and the quota allow: threads that can run at once. */
size_t threads_at_once(void);

/*
 * The first number of a list such as "4,2", as OMP_NUM_THREADS has it; 0, no limit, for NULL and
 * for text that is not a number.
 */
size_t threads_listed(const char *list);

/*
 * The number of bytes in text such as "512k" or "4 M", as OMP_STACKSIZE has it: without a letter,
 * of KiB. 0 for NULL and for other text.
 */
size_t threads_stack_bytes(const char *text);

/*
 * The default number of threads: the least of threads_at_once, OMP_NUM_THREADS, VIT_MAX_THREADS
 * and, in a build with OpenMP, what the program has set with omp_set_num_threads.
 */
size_t threads_default(void);

/*
 * Starts a thread that blocks every signal, except those that its own instructions raise: the
 * program's handlers run on the program's threads. stack_bytes 0: the system's default. Returns 0,
 * or the error number.
 */
int threads_start(pthread_t *thread, size_t stack_bytes, void *(*run)(void *arg), void *arg);

/* VIT_ENOMEM, for thread i of `threads` of `what`, with the system's reason. */
enum vit_status threads_fail(struct vit_error *err, const char *what, size_t threads, size_t i,
                             int error);

/* The size of the stacks of OpenMP's threads, from OMP_STACKSIZE; 0: the system's default. */
size_t threads_openmp_stack(void);

/*
 * Starts so many threads as OpenMP would, all at once, and ends them again: OpenMP's runtime ends
 * the process where it cannot start one. VIT_ENOMEM.
 */
enum vit_status threads_try(size_t threads, struct vit_error *err);

#endif
