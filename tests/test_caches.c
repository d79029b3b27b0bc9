/* test_caches.c - the caches that a core may count on: Linux's files, CPUID, assumptions */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/caches.h"
#include "counts.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static char root[256];

/* Makes the directories above it. */
static void put(const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *end = path + strlen(root) + 1; (end = strchr(end, '/')); *end++ = '/') {
        *end = '\0';
        mkdir(path, 0700);
    }
    FILE *f = fopen(path, "w");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s", path);
}

/* One cache of one processor, as Linux describes it. */
static void put_cache(int cpu, int index, int level, const char *type, const char *size,
                      const char *shared)
{
    const char *const names[] = { "type", "size", "shared_cpu_list" };
    const char *const values[] = { type, size, shared };
    char name[64], text[64];

    snprintf(name, sizeof name, "cpu%d/cache/index%d/level", cpu, index);
    snprintf(text, sizeof text, "%d\n", level);
    put(name, text);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "cpu%d/cache/index%d/%s", cpu, index, names[i]);
        snprintf(text, sizeof text, "%s\n", values[i]);
        put(name, text);
    }
}

static void begin(void)
{
    const char *const base = getenv("TMPDIR");

    snprintf(root, sizeof root, "%s/vit-caches-XXXXXX", base ? base : "/tmp");
    cr_assert(mkdtemp(root));
    put("online", "0-1\n");
    put("cpufreq/boost", "1\n");
}

/* The share that the files give, and the end of the files. */
static void expect(size_t l1d, size_t l2, size_t l3)
{
    const struct cache_levels caches = caches_of_system(root);
    const struct vit_caches share = caches_share(1, &caches);
    char command[sizeof root + 10];

    snprintf(command, sizeof command, "rm -r '%s'", root);
    cr_assert_eq(system(command), 0);
    cr_expect_eq(share.l1d, l1d, "%zu", share.l1d);
    cr_expect_eq(share.l2, l2, "%zu", share.l2);
    cr_expect_eq(share.l3, l3, "%zu", share.l3);
    count_checks(3);
}

/* Hardware threads 0 and 4 are one core: L2 is its own, four cores share L3. */
Test(caches, the_threads_of_a_core_do_not_divide_its_caches)
{
    begin();
    for (int cpu = 0; cpu < 8; cpu++) {
        char core[16];
        snprintf(core, sizeof core, "%d,%d", cpu % 4, cpu % 4 + 4);
        put_cache(cpu, 0, 1, "Data", "48K", core);
        put_cache(cpu, 1, 1, "Instruction", "16K", core);
        put_cache(cpu, 2, 2, "Unified", "1280K", core);
        put_cache(cpu, 3, 3, "Unified", "6M", "0-7");
    }
    expect(48 * KIB, 1280 * KIB, 1536 * KIB);
}

/* Two cores of two threads; four of one thread that share an L2; two with a smaller L1. */
Test(caches, of_cores_that_differ_the_smallest_share_counts)
{
    static const struct {
        const char *l1d, *core, *l2, *l2_shared;
    } kinds[] = {
        { "48K", "0-1", "1280K", "0-1" }, { "48K", "2-3", "1280K", "2-3" },
        { "40K", "4", "2048K", "4-7" },   { "40K", "4", "2048K", "4-7" },
        { "32K", "8-9", "1280K", "8-9" },
    };

    begin();
    for (int cpu = 0; cpu < 10; cpu++) {
        const char *const core = kinds[cpu / 2].core;
        put_cache(cpu, 0, 1, "Data", kinds[cpu / 2].l1d, core);
        put_cache(cpu, 1, 1, "Instruction", "32K", core);
        put_cache(cpu, 2, 2, "Unified", kinds[cpu / 2].l2, kinds[cpu / 2].l2_shared);
        put_cache(cpu, 3, 3, "Unified", "10M", "0-9");
    }
    expect(32 * KIB, 512 * KIB, 1 * MIB);
}

/* Two groups of two cores that differ in L3 alone, in both orders. */
Test(caches, of_groups_whose_l3_differs_the_smallest_share_counts)
{
    static const char *const sizes[2][2] = { { "8M", "1M" }, { "1M", "8M" } };

    for (int order = 0; order < 2; order++) {
        begin();
        for (int cpu = 0; cpu < 4; cpu++) {
            const char own[] = { (char)('0' + cpu), '\0' };
            put_cache(cpu, 0, 1, "Data", "32K", own);
            put_cache(cpu, 1, 1, "Instruction", "32K", own);
            put_cache(cpu, 2, 2, "Unified", "512K", own);
            put_cache(cpu, 3, 3, "Unified", sizes[order][cpu / 2], cpu < 2 ? "0-1" : "2-3");
        }
        expect(32 * KIB, 512 * KIB, 512 * KIB);
    }
}

Test(caches, a_processor_that_is_offline_has_none)
{
    begin();
    put("cpu0/online", "0\n");
    put_cache(1, 0, 1, "Data", "64K", "1");
    put_cache(1, 1, 1, "Instruction", "64K", "1");
    put_cache(1, 2, 2, "Unified", "1M", "1");
    put_cache(1, 3, 3, "Unified", "1536K", "1");
    expect(64 * KIB, 1 * MIB, 1536 * KIB);
}

/* A virtual machine may report that every processor shares every cache, or no size at all. */
Test(caches, what_cannot_be_true_is_assumed)
{
    begin();
    put_cache(0, 0, 1, "Data", "0K", "0-63");
    put_cache(0, 1, 2, "Unified", "512K", "0-63");
    put_cache(0, 2, 3, "Unified", "-1K", "0-63");
    put_cache(0, 3, 9, "Unified", "1M", "0");
    expect(32 * KIB, 512 * KIB, 2 * MIB);
    begin();
    put_cache(0, 0, 1, "Data", "32K", "0");
    put_cache(0, 1, 2, "Unified", "512K", "0-15"); /* 32 KiB a core */
    expect(32 * KIB, 512 * KIB, 2 * MIB);
    begin();
    put("cpu0/cache/index0/level", "nothing\n");
    expect(32 * KIB, 512 * KIB, 2 * MIB);
    begin();
    expect(32 * KIB, 512 * KIB, 2 * MIB);
}

Test(caches, at_most_two_mib_of_l3_count)
{
    begin();
    put_cache(0, 0, 1, "Data", "32K", "0");
    put_cache(0, 1, 2, "Unified", "1024K", "0");
    put_cache(0, 2, 3, "Unified", "32768K", "0-1");
    const struct cache_levels caches = caches_of_system(root);
    cr_assert_eq(caches_share(1, &caches).whole_l3, 32 * MIB);
    cr_assert_eq(caches_share(1, &caches).whole_l2, 1 * MIB);
    count_checks(2);
    expect(32 * KIB, 1 * MIB, 2 * MIB);
}

Test(caches, sizes_and_lists_of_processors)
{
    static const struct {
        const char *text;
        size_t size, sharers;
    } rows[] = {
        { "", 0, 0 },
        { "0", 0, 1 },
        { "7", 7, 1 },
        { "48K", 48 * KIB, 0 },
        { "32M", 32 * MIB, 0 },
        { "1G", 1024 * (size_t)MIB, 0 },
        { "1Kb", 0, 0 },
        { "K", 0, 0 },
        { "-1", 0, 0 },
        { "+1", 0, 0 },
        { " 1", 0, 0 },
        { "0-3", 0, 4 },
        { "0-3,8", 0, 5 },
        { "0,64", 0, 2 },
        { "3-0", 0, 0 },
        { "0-", 0, 0 },
        { "0,", 0, 0 },
        { "0-3 ", 0, 0 },
        { "0-99999999999999999999", 0, 0 },
        { "99999999999999999999G", 0, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(caches_size(rows[i].text), rows[i].size, "%s", rows[i].text);
        cr_expect_eq(caches_sharers(rows[i].text), rows[i].sharers, "%s", rows[i].text);
    }
    count_checks(2 * sizeof rows / sizeof *rows);
}

/* Leaf 0x8000001D of a Zen 4: two cores share L3. Leaf 4 of an Intel core of two threads. */
Test(caches, cpuid_describes_size_and_sharers)
{
    static const struct cpuid_cache zen4[] = {
        { 0x00000121, 0x01c0003f, 63 },   { 0x00000122, 0x01c0003f, 63 },
        { 0x00000143, 0x01c0003f, 2047 }, { 0x00004163, 0x03c0003f, 32767 },
        { 0x00000000, 0x00000000, 0 },    { 0x00000121, 0x01c0003f, 63 },
    };
    static const struct cpuid_cache intel[] = {
        { 0x1c004121, 0x02c0003f, 63 },
        { 0x1c004122, 0x01c0003f, 63 },
        { 0x1c004143, 0x04c0003f, 1023 },
        { 0x1c03c163, 0x02c0003f, 16383 },
    };
    const struct cache_levels sources[] = { caches_of_cpuid(6, zen4), caches_of_cpuid(4, intel),
                                            caches_of_cpuid(0, NULL) };
    const struct vit_caches amd = caches_share(1, &sources[0]);
    const struct vit_caches two_threads = caches_share(1, &sources[1]);

    cr_expect(amd.l1d == 32 * KIB && amd.l2 == 1 * MIB && amd.l3 == 2 * MIB);
    cr_expect_eq(sources[0].level[2].cores, 2);
    cr_expect_eq(amd.whole_l3, 32 * MIB);
    cr_expect(two_threads.l1d == 48 * KIB && two_threads.l2 == 1280 * KIB);
    cr_expect_eq(sources[1].level[2].cores, 8);
    cr_expect_eq(two_threads.l3, 12 * MIB / 8);
    cr_expect_eq(sources[2].level[0].size, 0);
    count_checks(7);
}

Test(caches, each_level_comes_from_the_first_source_that_knows_it)
{
    const struct cache_levels sources[] = {
        { .level = { { 0, 1 }, { 2 * MIB, 4 }, { 0, 1 } } },
        { .level = { { 64 * KIB, 1 }, { 4 * MIB, 1 }, { 100, 1 } } },
        { .level = { { 16 * KIB, 1 }, { 8 * MIB, 1 }, { 1 * MIB, 1 } } },
    };
    const struct vit_caches share = caches_share(3, sources), none = caches_share(0, NULL);

    cr_expect_eq(share.l1d, 64 * KIB);
    cr_expect_eq(share.l2, 512 * KIB);
    cr_expect_eq(share.whole_l2, 2 * MIB);
    cr_expect_eq(share.l3, 1 * MIB);
    cr_expect(none.l1d == 32 * KIB && none.l2 == 512 * KIB && none.l3 == 2 * MIB);
    cr_expect(none.whole_l2 == 0 && none.whole_l3 == 0);
    count_checks(6);
}

Test(caches, this_machine_has_caches_that_can_be_true)
{
    struct vit_caches here;

    vit_cpu_caches(&here);
    cr_expect(here.l1d >= 4 * KIB && here.l1d <= 1 * MIB, "%zu", here.l1d);
    cr_expect(here.l2 >= 64 * KIB && here.l2 <= 64 * (size_t)MIB, "%zu", here.l2);
    cr_expect(here.l3 >= 64 * KIB && here.l3 <= 2 * MIB, "%zu", here.l3);
    cr_expect(here.whole_l2 == 0 || here.whole_l2 >= here.l2, "%zu", here.whole_l2);
    count_checks(4);
}
