/* vit/parallel.h - how an operation uses threads: the caller's own, or OpenMP's; stable */
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

/* A `run` for struct vit_parallel that uses OpenMP's threads; ignores `user`. Thread-safe. */
VIT_API void vit_parallel_openmp(void *user, size_t tasks, void (*task)(void *arg, size_t i),
                                 void *arg);

#ifdef __cplusplus
}
#endif
#endif
