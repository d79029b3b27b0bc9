/* parallel.c - tasks over OpenMP or the embedder's threads, and how many threads a machine grants */
#include "base/parallel.h"

#include <limits.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

size_t parallel_tasks(const struct vit_parallel *parallel, size_t units)
{
    const size_t threads = parallel && parallel->threads > 1 ? parallel->threads : 1;
    return units < threads ? (units ? units : 1) : threads;
}

size_t parallel_share(size_t units, size_t parts, size_t i)
{
    return units / parts * i + (units % parts < i ? units % parts : i);
}

void parallel_run(const struct vit_parallel *parallel, size_t tasks, parallel_task *task, void *arg)
{
    if (parallel && tasks > 1) {
        parallel->run(parallel->user, tasks, task, arg);
        return;
    }
    for (size_t i = 0; i < tasks; i++)
        task(arg, i);
}

void parallel_openmp(void *user, size_t tasks, parallel_task *task, void *arg)
{
    (void)user;
#pragma omp parallel for schedule(static, 1) num_threads((int)(tasks < INT_MAX ? tasks : INT_MAX))
    for (size_t i = 0; i < tasks; i++)
        task(arg, i);
}

/* Processors that a "quota period" pair grants, rounded up; 0 for no limit or no such file. */
static size_t quota_of(const char *quota_path, const char *period_path)
{
    long long quota = 0, period = 0;
    FILE *f = fopen(quota_path, "re");

    if (!f)
        return 0;
    int got = fscanf(f, "%lld %lld", &quota, &period); /* cgroup v2 writes "max" for no limit */
    fclose(f);
    if (got == 1 && period_path && (f = fopen(period_path, "re"))) {
        got += fscanf(f, "%lld", &period);
        fclose(f);
    }
    if (got != 2 || quota <= 0 || period <= 0)
        return 0;
    return (size_t)((quota + period - 1) / period);
}

/* The smallest quota on the path from this process's cgroup (version 2) to the root; 0 for none. */
static size_t cgroup_quota(void)
{
    char line[PATH_MAX], path[2 * PATH_MAX];
    size_t least = quota_of("/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
                            "/sys/fs/cgroup/cpu/cpu.cfs_period_us"); /* version 1 */
    FILE *f = fopen("/proc/self/cgroup", "re");

    while (f && fgets(line, sizeof line, f)) {
        if (strncmp(line, "0::/", 4))
            continue;
        line[strcspn(line, "\n")] = '\0';
        for (char *group = line + 3, *end; (end = strrchr(group, '/')); *end = '\0') {
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
            const size_t quota = quota_of(path, NULL);
            least = quota && (!least || quota < least) ? quota : least;
        }
    }
    if (f)
        fclose(f);
    return least;
}

size_t parallel_default_threads(void)
{
    const size_t granted = (size_t)omp_get_max_threads(); /* cpusets and OMP_NUM_THREADS */
    const size_t quota = cgroup_quota();
    return quota && quota < granted ? quota : granted;
}
