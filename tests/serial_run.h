/* serial_run.h - threads of a caller, for tests: one runs all tasks, from the last to the first */
#ifndef VIT_TESTS_SERIAL_RUN_H
#define VIT_TESTS_SERIAL_RUN_H

#include <stdbool.h>
#include <stdlib.h>

/* What was run; zeroed before the first call. */
struct serial_run {
    size_t calls, tasks, max_tasks; /* tasks: of all calls; max_tasks: of the largest */
    bool busy;
};

/*
 * For struct vit_parallel, with a struct serial_run as its user. No result may depend on the order
 * of the tasks. Threads of a caller may deadlock where a task enters them again: it aborts.
 */
static inline void run_serially(void *user, size_t tasks, void (*task)(void *arg, size_t i),
                                void *arg)
{
    struct serial_run *const r = user;

    if (r->busy)
        abort();
    r->busy = true;
    r->calls++;
    r->tasks += tasks;
    r->max_tasks = tasks > r->max_tasks ? tasks : r->max_tasks;
    while (tasks-- > 0)
        task(arg, tasks);
    r->busy = false;
}

#endif
