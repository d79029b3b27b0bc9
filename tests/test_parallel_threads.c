/* test_parallel_threads.c - the default number of threads: CPU quotas, cpuset, OMP_NUM_THREADS */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/threads.h"
#include "counts.h"
#include "one_processor.h"
#include "vit/parallel.h"

static char directory[256];

static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void make_folder(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    cr_assert_eq(mkdir(path, 0700), 0);
}

static size_t quota(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/self", directory);
    return threads_quota(path, directory);
}

static void begin_cgroups(const char *self)
{
    const char *const base = getenv("TMPDIR");

    snprintf(directory, sizeof directory, "%s/vit-cgroup-XXXXXX", base ? base : "/tmp");
    cr_assert(mkdtemp(directory));
    put("self", self);
}

static void end_cgroups(void)
{
    char command[300];
    snprintf(command, sizeof command, "rm -r %s", directory);
    cr_assert_eq(system(command), 0);
}

Test(threads, the_smallest_cpu_quota_up_to_the_root_counts)
{
    begin_cgroups("12:cpu:/elsewhere\n0::/a/b\n");
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
    end_cgroups();
    count_checks(7);
}

/* Version 1 as systemd mounts it: a folder named after the controllers, in it the groups. */
Test(threads, a_quota_of_a_nested_group_of_version_1_counts)
{
    begin_cgroups("9:memory:/a/b\n4:cpu,cpuacct:/a/b\n1:name=systemd:/a/b\n0::/a/b\n");
    make_folder("cpu,cpuacct");
    make_folder("cpu,cpuacct/a");
    make_folder("cpu,cpuacct/a/b");
    make_folder("memory");
    put("memory/cpu.cfs_quota_us", "100000\n");
    put("memory/cpu.cfs_period_us", "100000\n");
    cr_assert_eq(quota(), 0);
    put("cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    put("cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    cr_assert_eq(quota(), 0);
    put("cpu,cpuacct/a/cpu.cfs_quota_us", "350000\n");
    put("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    cr_assert_eq(quota(), 4); /* 3.5 processors, rounded up */
    put("cpu,cpuacct/a/b/cpu.cfs_quota_us", "20000\n");
    cr_assert_eq(quota(), 1);
    end_cgroups();
    count_checks(4);
}

Test(threads, the_name_of_a_controller_is_compared_whole)
{
    begin_cgroups("3:cpuset:/a\n2:cpuacct,cpu:/a\n");
    make_folder("cpu");
    make_folder("cpu/a");
    make_folder("cpuset");
    make_folder("cpuset/a");
    put("cpuset/a/cpu.cfs_quota_us", "100000\n");
    put("cpuset/a/cpu.cfs_period_us", "100000\n");
    cr_assert_eq(quota(), 0);
    put("cpu/a/cpu.cfs_quota_us", "200000\n");
    put("cpu/a/cpu.cfs_period_us", "100000\n");
    cr_assert_eq(quota(), 2);
    end_cgroups();
    count_checks(2);
}

Test(threads, a_list_counts_by_its_first_number)
{
    static const struct {
        const char *list;
        size_t expected;
    } rows[] = { { NULL, 0 },          { "", 0 },
                 { "0", 0 },           { "3", 3 },
                 { " 3 ", 3 },         { "4,2", 4 },
                 { "4 , 2", 4 },       { "many", 0 },
                 { "-1", 0 },          { "+2", 0 },
                 { "2x", 0 },          { "2.5", 0 },
                 { "100000", 100000 }, { "99999999999999999999999", SIZE_MAX } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(threads_listed(rows[i].list), rows[i].expected, "%s: %zu", rows[i].list,
                     threads_listed(rows[i].list));
    count_checks(sizeof rows / sizeof *rows);
}

Test(threads, a_stack_size_is_in_kib_unless_it_has_a_letter)
{
    static const struct {
        const char *text;
        size_t expected;
    } rows[] = { { NULL, 0 },           { "", 0 },           { "512", 512 << 10 },
                 { "100000B", 100000 }, { "64k", 64 << 10 }, { " 4 M ", 4 << 20 },
                 { "1G", 1 << 30 },     { "1T", 0 },         { "k", 0 },
                 { "4MB", 0 },          { "-1", 0 },         { "99999999999999999G", 0 } };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(threads_stack_bytes(rows[i].text), rows[i].expected, "%s: %zu", rows[i].text,
                     threads_stack_bytes(rows[i].text));
    count_checks(sizeof rows / sizeof *rows);
}

Test(threads, the_default_is_the_least_of_cpuset_and_environment)
{
    cr_assert_eq(setenv("OMP_NUM_THREADS", "100000", 1), 0);
    const size_t all = threads_default();
    cr_assert_leq(all, threads_at_once());
    cr_assert_leq(all, VIT_MAX_THREADS);
    cr_assert_eq(setenv("OMP_NUM_THREADS", "1,8", 1), 0);
    cr_assert_eq(threads_default(), 1);
    cr_assert_eq(setenv("OMP_NUM_THREADS", "a few", 1), 0);
    cr_assert_eq(threads_default(), all);
    cr_assert_eq(setenv("OMP_NUM_THREADS", "8", 1), 0);
    use_one_processor();
    cr_assert_eq(threads_default(), 1);
    count_checks(5);
}
