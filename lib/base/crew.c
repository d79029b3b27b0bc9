/* crew.c - hands a leader's tasks to threads that wait for them */
#include "base/crew.h"

#include <stdint.h>

#define DISMISSED SIZE_MAX

bool crew_init(struct crew *crew, bool looks)
{
    *crew = (struct crew){ .tasks = 0 };
    if (!gate_init(&crew->work, looks))
        return false;
    if (!gate_init(&crew->done, looks)) {
        gate_destroy(&crew->work);
        return false;
    }
    return true;
}

void crew_destroy(struct crew *crew)
{
    gate_destroy(&crew->done);
    gate_destroy(&crew->work);
}

/* The last one tells the leader, which may already go on while this still looks for sleepers. */
static void finish_one(struct crew *crew)
{
    if (atomic_fetch_sub(&crew->unfinished, 1) == 1)
        gate_open(&crew->done, 1, 1);
}

/*
 * Takes the next task and runs it; false: there is none. Whoever has taken a task finds the fields
 * of its operation: the leader wrote them before it opened the gate, and leaves them until the task
 * has ended.
 */
static bool run_one(struct crew *crew)
{
    size_t left = atomic_load(&crew->work.value);

    while (left != 0 && left != DISMISSED)
        if (atomic_compare_exchange_weak(&crew->work.value, &left, left - 1)) {
            crew->task(crew->arg, crew->tasks - left);
            finish_one(crew);
            return true;
        }
    return false;
}

void crew_run(struct crew *crew, size_t tasks, crew_task *task, void *arg)
{
    if (tasks == 0)
        return;
    crew->task = task;
    crew->arg = arg;
    crew->tasks = tasks;
    atomic_store(&crew->unfinished, tasks);
    atomic_store(&crew->done.value, 0);
    gate_promise(&crew->work); /* the next operation, too */
    gate_open(&crew->work, tasks, tasks - 1);
    while (run_one(crew))
        ;
    gate_wait(&crew->done);
}

void crew_serve(struct crew *crew)
{
    do {
        gate_wait(&crew->work);
        gate_promise(&crew->done);
        while (run_one(crew))
            ;
    } while (atomic_load(&crew->work.value) != DISMISSED);
}

void crew_dismiss(struct crew *crew)
{
    gate_open(&crew->work, DISMISSED, SIZE_MAX);
}
