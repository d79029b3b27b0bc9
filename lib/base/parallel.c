/* parallel.c - runs tasks on OpenMP's or the caller's threads, and decides how many to use */
#include "base/parallel.h"

#include <limits.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/fpenv.h"

/* A few: the last task to end is then a small part of the whole. */
#define TASKS_PER_THREAD 4

size_t parallel_threads(const struct vit_parallel *parallel, size_t units, double work,
                        double min_work)
{
    size_t threads = parallel && parallel->threads > 1 ? parallel->threads : 1;

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

void vit_parallel_openmp(void *user, size_t tasks, parallel_task *task, void *arg)
{
    (void)user;
#pragma omp parallel for schedule(static, 1) num_threads((int)(tasks < INT_MAX ? tasks : INT_MAX))
    for (size_t i = 0; i < tasks; i++)
        task(arg, i);
}

/* The processors that a file's "QUOTA PERIOD" allows, rounded up; 0: no limit, or no such file. */
static size_t quota_of(const char *root, const char *group, const char *file)
{
    char path[2 * PATH_MAX];
    long long quota = 0, period = 0;

    snprintf(path, sizeof path, "%s%s/%s", root, group, file);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    int got = fscanf(f, "%lld %lld", &quota, &period); /* version 2 writes "max" for no limit */
    fclose(f);
    if (got == 1) { /* version 1 has the period in a file of its own */
        snprintf(path, sizeof path, "%s%s/cpu.cfs_period_us", root, group);
        f = fopen(path, "re");
        got += f ? fscanf(f, "%lld", &period) : 0;
        if (f)
            fclose(f);
    }
    return got == 2 && quota > 0 && period > 0 ? (size_t)((quota + period - 1) / period) : 0;
}

static size_t smaller_limit(size_t a, size_t b) /* 0: no limit */
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

size_t parallel_quota(const char *cgroup_file, const char *root)
{
    char line[PATH_MAX];
    size_t limit = quota_of(root, "/cpu", "cpu.cfs_quota_us");
    FILE *f = fopen(cgroup_file, "re");

    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        char *group = line + 3;
        for (char *end; *group; *end = '\0') { /* "/a/b", "/a", then the root itself */
            limit = smaller_limit(limit, quota_of(root, group, "cpu.max"));
            end = strrchr(group, '/');
        }
        limit = smaller_limit(limit, quota_of(root, "", "cpu.max"));
    }
    if (f)
        fclose(f);
    return limit;
}

size_t parallel_default_threads(void)
{
    const size_t allowed = (size_t)omp_get_max_threads(); /* cpusets and OMP_NUM_THREADS */
    return smaller_limit(allowed, parallel_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
}
