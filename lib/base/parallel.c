/* parallel.c - divides an operation into tasks, and runs them on the threads that it is given */
#include "base/parallel.h"

#include <stdatomic.h>

#include "base/fpenv.h"

/* A few: the last task to end is then a small part of the whole. */
#define TASKS_PER_THREAD 4

size_t parallel_threads(const struct vit_parallel *parallel, size_t units, double work,
                        double min_work)
{
    size_t threads = parallel && parallel->threads > 1 ? parallel->threads : 1;

    if (threads > VIT_MAX_THREADS)
        threads = VIT_MAX_THREADS;
    if (units < threads)
        threads = units;
    if (work < min_work * (double)threads)
        threads = (size_t)(work / min_work);
    return threads ? threads : 1;
}

size_t parallel_tasks(size_t threads, size_t units)
{
    const size_t each = units / threads;

    if (threads == 1 || each < 1)
        return threads;
    return threads * (each < TASKS_PER_THREAD ? each : TASKS_PER_THREAD);
}

size_t parallel_share(size_t units, size_t parts, size_t i)
{
    return units / parts * i + (units % parts < i ? units % parts : i);
}

/*
 * Tasks for several threads; each takes the next one when it is free. The counter needs no memory
 * order: tasks share no data, and `run` publishes their results when all threads have returned.
 */
struct queue {
    atomic_size_t next;
    size_t tasks;
    parallel_task *task;
    void *arg;
};

static size_t next_task(struct queue *queue)
{
    return atomic_fetch_add_explicit(&queue->next, 1, memory_order_relaxed);
}

/* Runs on another thread, whose floating-point environment is that of its creator. */
static void run_tasks(void *arg, size_t thread)
{
    const struct fpenv before = fpenv_enter();
    struct queue *queue = arg;

    (void)thread;
    for (size_t i; (i = next_task(queue)) < queue->tasks;)
        queue->task(queue->arg, i);
    fpenv_leave(before);
}

static void run_one_task(void *arg, size_t i)
{
    const struct fpenv before = fpenv_enter();
    const struct queue *queue = arg;

    queue->task(queue->arg, i);
    fpenv_leave(before);
}

void parallel_run(const struct vit_parallel *parallel, size_t threads, size_t tasks,
                  parallel_task *task, void *arg)
{
    struct queue queue = { .tasks = tasks, .task = task, .arg = arg };

    if (!parallel || threads <= 1)
        for (size_t i = 0; i < tasks; i++)
            task(arg, i);
    else if (tasks > threads)
        parallel->run(parallel->user, threads, run_tasks, &queue);
    else
        parallel->run(parallel->user, tasks, run_one_task, &queue);
}
