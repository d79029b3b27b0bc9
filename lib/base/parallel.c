/* parallel.c - tasks over OpenMP or the embedder's threads, and how many there are */
#include "base/parallel.h"

#include <limits.h>
#include <omp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/fpenv.h"

/* A few: the last of them to end is a small part of the whole. */
#define TASKS_PER_THREAD 4

size_t parallel_threads(const struct vit_parallel *parallel, size_t units, double work,
                        double least)
{
    size_t threads = parallel && parallel->threads > 1 ? parallel->threads : 1;

    if (units < threads)
        threads = units;
    if (work < least * (double)threads)
        threads = (size_t)(work / least);
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
 * Tasks that several threads take from in turn. Only the count is shared: a task's memory is its
 * own, and `run` publishes it when all have returned, so the order of memory is left as it is.
 */
struct queue {
    atomic_size_t next;
    size_t tasks;
    parallel_task *task;
    void *arg;
};

static size_t take(struct queue *queue)
{
    return atomic_fetch_add_explicit(&queue->next, 1, memory_order_relaxed);
}

/* Another thread may have any floating-point environment: whatever its creator had, then. */
static void take_tasks(void *arg, size_t thread)
{
    const struct fpenv before = fpenv_enter();
    struct queue *queue = arg;

    (void)thread;
    for (size_t i; (i = take(queue)) < queue->tasks;)
        queue->task(queue->arg, i);
    fpenv_leave(before);
}

static void take_own_task(void *arg, size_t i)
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
        parallel->run(parallel->user, threads, take_tasks, &queue);
    else
        parallel->run(parallel->user, tasks, take_own_task, &queue);
}

void vit_parallel_openmp(void *user, size_t tasks, parallel_task *task, void *arg)
{
    (void)user;
#pragma omp parallel for schedule(static, 1) num_threads((int)(tasks < INT_MAX ? tasks : INT_MAX))
    for (size_t i = 0; i < tasks; i++)
        task(arg, i);
}

/* Processors that a file's "QUOTA PERIOD" grants, rounded up; 0 for no limit or no such file. */
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

static size_t smaller_limit(size_t a, size_t b) /* 0 is none */
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

size_t parallel_quota(const char *cgroup_file, const char *root)
{
    char line[PATH_MAX];
    size_t least = quota_of(root, "/cpu", "cpu.cfs_quota_us");
    FILE *f = fopen(cgroup_file, "re");

    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::/", 4) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        char *group = line + 3;
        for (char *end; *group; *end = '\0') { /* "/a/b", "/a", then the root itself */
            least = smaller_limit(least, quota_of(root, group, "cpu.max"));
            end = strrchr(group, '/');
        }
        least = smaller_limit(least, quota_of(root, "", "cpu.max"));
    }
    if (f)
        fclose(f);
    return least;
}

size_t parallel_default_threads(void)
{
    const size_t granted = (size_t)omp_get_max_threads(); /* cpusets and OMP_NUM_THREADS */
    return smaller_limit(granted, parallel_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
}
