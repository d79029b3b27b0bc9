/* threads.c - the default number of threads: cpuset, CPU quotas, OMP_NUM_THREADS */
#include "base/threads.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef _OPENMP
#include <omp.h>
#elif defined(__linux__)
#include <sched.h>
#endif

#include "vit/parallel.h"

static size_t smaller_limit(size_t a, size_t b) /* 0: no limit */
{
    return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The processors that a file's "QUOTA PERIOD" allows, rounded up; 0: no limit, or no such file. */
static size_t quota_of(const char *mount, const char *group, const char *file)
{
    char path[2 * PATH_MAX];
    long long quota = 0, period = 0;

    snprintf(path, sizeof path, "%s%s/%s", mount, group, file);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    int got = fscanf(f, "%lld %lld", &quota, &period); /* version 2 writes "max" for no limit */
    fclose(f);
    if (got == 1) { /* version 1 has the period in a file of its own */
        snprintf(path, sizeof path, "%s%s/cpu.cfs_period_us", mount, group);
        f = fopen(path, "re");
        got += f ? fscanf(f, "%lld", &period) : 0;
        if (f)
            fclose(f);
    }
    return got == 2 && quota > 0 && period > 0 ? (size_t)((quota + period - 1) / period) : 0;
}

/* The least quota of a group and its ancestors: "/a/b", "/a", then the root itself. */
static size_t quota_up(const char *root, const char *controller, const char *group,
                       const char *file)
{
    char mount[PATH_MAX], at[PATH_MAX];
    size_t limit;

    snprintf(mount, sizeof mount, "%s/%s", root, controller);
    snprintf(at, sizeof at, "%s", group);
    limit = quota_of(mount, "", file);
    for (char *end; *at; *end = '\0') {
        limit = smaller_limit(limit, quota_of(mount, at, file));
        end = strrchr(at, '/');
    }
    return limit;
}

/* Whether a list such as "cpu,cpuacct" names the controller of quotas. */
static bool has_cpu(const char *controllers)
{
    for (const char *at = controllers; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, "cpu", 3) == 0 && (at[3] == ',' || at[3] == '\0'))
            return true;
    return false;
}

/* cgroups(7): a line is "ID:CONTROLLERS:/GROUP"; version 2's has no controllers. */
size_t threads_quota(const char *cgroup_file, const char *root)
{
    char line[PATH_MAX];
    size_t limit = quota_of(root, "/cpu", "cpu.cfs_quota_us");
    FILE *f = fopen(cgroup_file, "re");

    while (f && fgets(line, sizeof line, f)) {
        char *const controllers = strchr(line, ':'), *const group = strstr(line, ":/");
        if (!controllers || !group)
            continue;
        line[strcspn(line, "\n")] = '\0';
        *group = '\0';
        if (group == controllers + 1) {
            limit = smaller_limit(limit, quota_up(root, "", group + 1, "cpu.max"));
        } else if (has_cpu(controllers + 1)) { /* mounted under either name */
            const char *const file = "cpu.cfs_quota_us";
            limit = smaller_limit(limit, quota_up(root, "cpu", group + 1, file));
            limit = smaller_limit(limit, quota_up(root, controllers + 1, group + 1, file));
        }
    }
    if (f)
        fclose(f);
    return limit;
}

/*
 * The processors of the affinity mask. OpenMP's runtime knows the mask from before it bound the
 * initial thread to one processor (OMP_PROC_BIND).
 */
static size_t processors(void)
{
#ifdef _OPENMP
    return (size_t)omp_get_num_procs();
#elif defined(__linux__)
    for (int most = CPU_SETSIZE; most <= 1 << 20; most *= 2) { /* until the kernel's mask fits */
        cpu_set_t *const set = CPU_ALLOC((size_t)most);
        const size_t bytes = CPU_ALLOC_SIZE((size_t)most);
        const bool known = set && sched_getaffinity(0, bytes, set) == 0;
        const int count = known ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0)
            return (size_t)count;
    }
    return 1;
#else
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
#endif
}

size_t threads_at_once(void)
{
    return smaller_limit(processors(), threads_quota("/proc/self/cgroup", "/sys/fs/cgroup"));
}

static const char *skip_spaces(const char *text)
{
    return text + strspn(text, " \t");
}

size_t threads_listed(const char *list)
{
    const char *const begin = list ? skip_spaces(list) : "";
    char *end;

    if (*begin < '0' || *begin > '9') /* strtoul accepts a sign */
        return 0;
    const unsigned long n = strtoul(begin, &end, 10); /* ULONG_MAX if it is larger */
    const char after = *skip_spaces(end);
    return after == '\0' || after == ',' ? n : 0;
}

size_t threads_stack_bytes(const char *text)
{
    static const char units[] = "bkmg"; /* each 2^10 of the one before */
    const char *const begin = text ? skip_spaces(text) : "";
    char *end;

    if (*begin < '0' || *begin > '9')
        return 0;
    const unsigned long n = strtoul(begin, &end, 10);
    const char *rest = skip_spaces(end);
    const char *const unit = *rest ? strchr(units, *rest | 0x20) : units + 1;
    const unsigned shift = unit ? 10 * (unsigned)(unit - units) : 0;
    rest = skip_spaces(rest + (*rest != '\0'));
    return unit && *rest == '\0' && n <= SIZE_MAX >> shift ? (size_t)n << shift : 0;
}

size_t threads_default(void)
{
    size_t limit = smaller_limit(threads_at_once(), threads_listed(getenv("OMP_NUM_THREADS")));

#ifdef _OPENMP
    limit = smaller_limit(limit, (size_t)omp_get_max_threads());
#endif
    return smaller_limit(limit, VIT_MAX_THREADS);
}
