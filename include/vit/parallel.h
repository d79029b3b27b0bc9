/* vit/parallel.h - how an operation uses threads: the caller's, OpenMP's, the library's; stable */
#ifndef VIT_PARALLEL_H
#define VIT_PARALLEL_H

#include <stddef.h>

#include "vit/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The threads of an operation. run calls task(arg, i) once for every i < tasks, in any order, on
 * any threads, and returns after all calls have returned. With a NULL struct or threads ≤ 1 the
 * operation runs on the calling thread alone and calls nothing. This struct never grows.
 */
struct vit_parallel {
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
    void *user;
    size_t threads; /* at most this many tasks run at the same time */
};

/* The most threads of a context, of a pool and of an operation. */
enum { VIT_MAX_THREADS = 1024 };

/*
 * A `run` for struct vit_parallel that uses OpenMP's threads, at most VIT_MAX_THREADS; ignores
 * `user`. Thread-safe. Before a thread calls it with more tasks than before, so many threads are
 * tried; if they cannot be started, the calling thread runs every task. What remains is said at
 * vit_context_create; a pool has no such case. In a build without OpenMP each call starts and ends
 * threads of its own; if it cannot, the calling thread runs every task.
 */
VIT_API void vit_parallel_openmp(void *user, size_t tasks, void (*task)(void *arg, size_t i),
                                 void *arg);

/*
 * Threads of the library's own, without OpenMP. They sleep when there is nothing to do, block the
 * signals of the program, and are all started by vit_pool_create. With a pool, a context is:
 *
 *   const struct vit_context_options options = { .size = sizeof options,
 *                                                .threads = vit_pool_threads(pool),
 *                                                .run = vit_pool_run,
 *                                                .user = pool };
 */
struct vit_thread_pool;

struct vit_pool_options {
    size_t size;    /* sizeof(struct vit_pool_options) */
    size_t threads; /* with the calling one, at most VIT_MAX_THREADS; 0: as for a context */
    /*
     * The stack of each thread that is started, for tasks of your own. 0: 256 KiB, which suffices
     * for every task of the library.
     */
    size_t stack_bytes;
    unsigned char reserved[8];
};

/*
 * options may be NULL. The threads have the floating-point environment of the calling one.
 * VIT_EINVAL: too many threads, or a stack of a size that the system does not accept. VIT_ENOMEM:
 * no memory, or a thread cannot be started, with the system's reason; then none remains.
 */
VIT_API enum vit_status vit_pool_create(const struct vit_pool_options *options,
                                        struct vit_thread_pool **pool, struct vit_error *err);

/*
 * A `run` for struct vit_parallel whose `user` is a pool. Any thread may call it at any time, also
 * a task: while the pool serves another call, the calling thread runs its tasks alone. So it does
 * in a child process that was forked with the pool, which has none of its threads; such a process
 * creates a pool of its own.
 */
VIT_API void vit_pool_run(void *pool, size_t tasks, void (*task)(void *arg, size_t i), void *arg);

/* The number of threads, the calling one included. */
VIT_API size_t vit_pool_threads(const struct vit_thread_pool *pool);

/*
 * Ends the threads and frees the pool, which nothing uses any more; contexts that run on it are
 * freed first. A forked child may free its parent's pool. NULL is allowed.
 */
VIT_API void vit_pool_free(struct vit_thread_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
