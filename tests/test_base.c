/* test_base.c - memory, shares and CPU quotas */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/parallel.h"
#include "counts.h"
#include "vit/kernels.h"

Test(arena, strides_are_whole_cache_lines_and_never_whole_pages)
{
    for (size_t n = 1; n < 10000; n++) {
        const size_t stride = padded_stride(n);
        cr_assert(stride >= n && stride % 16 == 0 && stride % 1024 != 0, "%zu: %zu", n, stride);
    }
    count_checks(10000);
}

Test(arena, measures_then_carves_aligned_arrays_that_do_not_overlap)
{
    struct arena arena = { 0 };

    cr_assert_null(arena_floats(&arena, 5));
    cr_assert_null(arena_floats(&arena, 100));
    cr_assert(arena_allocate(&arena));
    float *five = arena_floats(&arena, 5), *hundred = arena_floats(&arena, 100);
    cr_assert((size_t)five % 64 == 0 && (size_t)hundred % 64 == 0 && hundred >= five + 5);
    arena_free(&arena);

    arena_floats(&arena, (size_t)-1 / 4);
    arena_floats(&arena, 100);
    cr_assert_not(arena_allocate(&arena), "a size that wrapped was allocated");
    count_checks(4);
}

Test(parallel, shares_cover_every_unit_once_and_evenly)
{
    for (size_t units = 0; units < 40; units++)
        for (size_t parts = 1; parts < 12; parts++) {
            cr_assert_eq(parallel_share(units, parts, 0), 0);
            cr_assert_eq(parallel_share(units, parts, parts), units);
            for (size_t i = 0; i < parts; i++) {
                const size_t n =
                    parallel_share(units, parts, i + 1) - parallel_share(units, parts, i);
                cr_assert(n == units / parts || n == units / parts + 1);
            }
        }
    count_checks(40 * 11);
}

Test(parallel, little_work_uses_few_threads)
{
    const struct vit_parallel eight = { vit_parallel_openmp, NULL, 8 };

    cr_assert_eq(parallel_threads(NULL, 100, 1e9, 1.0), 1);
    cr_assert_eq(parallel_threads(&eight, 100, 1e9, 1.0), 8);
    cr_assert_eq(parallel_threads(&eight, 3, 1e9, 1.0), 3);
    cr_assert_eq(parallel_threads(&eight, 100, 2.5, 1.0), 2);
    cr_assert_eq(parallel_threads(&eight, 0, 0.0, 1.0), 1);
    count_checks(5);
}

Test(parallel, a_thread_gets_a_whole_number_of_tasks)
{
    for (size_t threads = 1; threads < 9; threads++)
        for (size_t units = threads; units < 80; units++) {
            const size_t tasks = parallel_tasks(threads, units);
            cr_assert(tasks % threads == 0 && tasks >= threads && tasks <= units);
        }
    cr_assert_eq(parallel_tasks(1, 100), 1);
    cr_assert_gt(parallel_tasks(2, 100), 2);
    count_checks(8 * 75 + 2);
}

static void count_task(void *arg, size_t i)
{
    ((atomic_int *)arg)[i]++;
}

Test(parallel, every_task_is_run_once)
{
    const struct vit_parallel three = { vit_parallel_openmp, NULL, 3 };
    atomic_int counts[50];

    for (size_t threads = 1; threads <= 3; threads++)
        for (size_t tasks = 0; tasks <= 50; tasks++) {
            memset(counts, 0, sizeof counts);
            parallel_run(&three, threads, tasks, count_task, counts);
            for (size_t i = 0; i < 50; i++)
                cr_assert_eq(counts[i], i < tasks, "task %zu of %zu", i, tasks);
        }
    count_checks(3 * 51 * 50);
}

static char directory[] = "/tmp/vit-cgroup-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void make_folder(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    cr_assert_eq(mkdir(path, 0700), 0);
}

static size_t quota(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/self", directory);
    return parallel_quota(path, directory);
}

Test(parallel, the_smallest_cpu_quota_up_to_the_root_counts)
{
    char command[64];

    cr_assert(mkdtemp(directory));
    put("self", "12:cpu:/elsewhere\n0::/a/b\n");
    make_folder("a");
    make_folder("a/b");
    cr_assert_eq(quota(), 0);
    put("a/b/cpu.max", "max 100000\n");
    cr_assert_eq(quota(), 0);
    put("a/cpu.max", "250000 100000\n");
    cr_assert_eq(quota(), 3); /* 2.5 processors, rounded up */
    put("a/b/cpu.max", "700000 100000\n");
    cr_assert_eq(quota(), 3);
    put("cpu.max", "100000 100000\n");
    cr_assert_eq(quota(), 1);
    put("cpu.max", "max 100000\n");
    make_folder("cpu");
    put("cpu/cpu.cfs_quota_us", "200000\n");
    put("cpu/cpu.cfs_period_us", "100000\n");
    cr_assert_eq(quota(), 2);
    put("cpu/cpu.cfs_quota_us", "-1\n");
    cr_assert_eq(quota(), 3);
    snprintf(command, sizeof command, "rm -r %s", directory);
    cr_assert_eq(system(command), 0);
    count_checks(7);
}
