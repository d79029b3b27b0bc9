/* crew.h - threads that work for one another: a leader has tasks, helpers take some of them */
#ifndef VIT_BASE_CREW_H
#define VIT_BASE_CREW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/gate.h"

typedef void crew_task(void *arg, size_t i);

/*
 * One leader at a time, and any number of helpers, even none: the leader takes every task that no
 * helper has taken yet, and waits for those alone that a helper has begun.
 */
struct crew {
    struct gate work;         /* the tasks that nobody has taken, or SIZE_MAX: dismissed */
    struct gate done;         /* 1: every task has ended */
    atomic_size_t unfinished; /* tasks that have not ended */
    size_t tasks;             /* of the operation */
    crew_task *task;
    void *arg;
};

/* looks: as for gate_init. False: no memory, and nothing to destroy. */
bool crew_init(struct crew *crew, bool looks);
void crew_destroy(struct crew *crew);

/* As `run` of struct vit_parallel, for the leader. */
void crew_run(struct crew *crew, size_t tasks, crew_task *task, void *arg);

/* The same without helpers: in order, on the calling thread. */
static inline void crew_run_alone(size_t tasks, crew_task *task, void *arg)
{
    for (size_t i = 0; i < tasks; i++)
        task(arg, i);
}

/* A helper's life: takes tasks until the crew is dismissed. */
void crew_serve(struct crew *crew);

/* Ends the helpers' lives, also of those yet to come; the caller joins their threads. */
void crew_dismiss(struct crew *crew);

#endif
