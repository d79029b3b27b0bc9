/* test_parallel.c - shares, numbers of threads and tasks; every task is run once */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <string.h>

#include "base/parallel.h"
#include "counts.h"

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
    const struct vit_parallel many = { vit_parallel_openmp, NULL, 100000 };

    cr_assert_eq(parallel_threads(NULL, 100, 1e9, 1.0), 1);
    cr_assert_eq(parallel_threads(&eight, 100, 1e9, 1.0), 8);
    cr_assert_eq(parallel_threads(&eight, 3, 1e9, 1.0), 3);
    cr_assert_eq(parallel_threads(&eight, 100, 2.5, 1.0), 2);
    cr_assert_eq(parallel_threads(&eight, 0, 0.0, 1.0), 1);
    cr_assert_eq(parallel_threads(&many, 100000, 1e9, 1.0), VIT_MAX_THREADS);
    count_checks(6);
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
