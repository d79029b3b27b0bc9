/* test_measure.c - what is measured: every kernel; a wrong one is found before it is timed */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "counts.h"
#include "measure/bandwidth.h"
#include "measure/kinds/kinds.h"
#include "measure/kinds/operands.h"
#include "measure/kinds/roofs.h"
#include "measure/kinds/timing.h"
#include "measure/last_caches.h"
#include "measure/memory.h"

static bool is_listed(const char *name)
{
    struct kernel kernel;

    for (size_t i = 0; kernel_at(i, &kernel); i++)
        if (strcmp(kernel.name, name) == 0)
            return true;
    return false;
}

Test(measure, every_kernel_of_the_table_can_be_measured)
{
    const struct vit_kernels *kernels;
    const char *name;
    size_t i;

    cr_assert_eq(vit_kernels_get("scalar", &kernels, NULL), VIT_OK);
    for (i = 0; (name = vit_kernels_name_at(kernels, i, NULL)); i++)
        cr_assert(strcmp(name, "fma_peak") == 0 || is_listed(name), "%s: cannot be measured", name);
    cr_assert(is_listed("attention"));
    count_checks(i + 1);
}

/* 1 to 3 panels, remainders, fewer rows than threads */
static const size_t sizes[][MAX_DIMENSIONS] = { { 1, 1, 1 }, { 2, 3, 5 }, { 67, 33, 17 } };

/* Why a work of a few iterations fails, or NULL. */
static const char *measure(const struct kernel *kernel, const struct vit_kernels *level,
                           const size_t *size, size_t threads, size_t copies)
{
    const struct bench bench = kernel_bench(kernel, level, size, threads);
    struct timing timing;
    const char *const failure = timing_begin(&timing, &bench, copies, true);

    timing_end(&timing);
    return failure;
}

Test(measure, every_kernel_gives_scalars_bits_on_each_level_and_with_threads)
{
    const struct vit_kernels *level;
    struct kernel kernel;
    const char *isa;
    size_t checks = 0;
    int usable;

    for (size_t l = 0; (isa = vit_isa_level(l, &usable)); l++) {
        if (!usable) {
            count_skipped(isa, 1);
            continue;
        }
        cr_assert_eq(vit_kernels_get(isa, &level, NULL), VIT_OK);
        for (size_t i = 0; kernel_at(i, &kernel); i++)
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
                for (size_t threads = 1; threads <= 3; threads += 2, checks++) {
                    const char *const failure = measure(&kernel, level, sizes[s], threads, 2);
                    cr_assert_null(failure, "%s/%s, shape %zu: %s", isa, kernel.name, s, failure);
                }
    }
    count_checks(checks);
}

static void wrong_rows(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy)
{
    const struct vit_kernels *scalar;

    vit_kernels_get("scalar", &scalar, NULL);
    scalar->softmax(rows, n, x, ldx, y, ldy);
    y[0] = nextafterf(y[0], 2);
}

static void wrong_tile(const struct vit_tile *tile)
{
    const struct vit_kernels *scalar;

    vit_kernels_get("scalar", &scalar, NULL);
    scalar->matmul[VIT_MATMUL_F32_F32].tile(tile);
    tile->c[0] = nextafterf(tile->c[0], 2);
}

Test(measure, a_kernel_whose_last_bit_is_wrong_is_found_before_it_is_timed)
{
    const struct vit_kernels *scalar;
    struct kernel kernel;
    size_t wrong = 0, right = 0;

    cr_assert_eq(vit_kernels_get("scalar", &scalar, NULL), VIT_OK);
    struct vit_kernels level = *scalar;
    level.softmax = wrong_rows;
    level.matmul[VIT_MATMUL_F32_F32].tile = wrong_tile;
    for (size_t i = 0; kernel_at(i, &kernel); i++) {
        const struct bench bench = kernel_bench(&kernel, &level, sizes[2], 1);
        const bool expected =
            strcmp(kernel.name, "softmax") == 0 || strcmp(kernel.name, "matmul") == 0 ||
            strcmp(kernel.name, "pack") == 0 || strcmp(kernel.name, "attention") == 0;
        struct timing timing;
        const char *const failure = timing_begin(&timing, &bench, 1, true);
        if (expected) {
            cr_assert_str_eq(failure, differs_from_scalar, "%s", kernel.name);
            cr_assert_eq(timing.stretch, 1, "%s: was timed", kernel.name);
            cr_assert_eq(timing.peak.rounds, 0, "%s: was timed", kernel.name);
            wrong++;
        } else {
            cr_assert_null(failure, "%s", kernel.name);
            right++;
        }
        timing_end(&timing);
    }
    cr_assert_eq(wrong, 4);
    count_checks(3 * wrong + right + 1);
}

Test(measure, each_copy_of_the_operands_is_used_in_turn)
{
    const struct vit_kernels *scalar;
    struct kernel kernel;
    struct timing timing;
    struct timing_samples samples = { .seconds = { 0 } };

    cr_assert_eq(vit_kernels_get("scalar", &scalar, NULL), VIT_OK);
    cr_assert(kernel_at(0, &kernel));
    const struct bench bench = kernel_bench(&kernel, scalar, sizes[1], 1);
    cr_assert_null(timing_begin(&timing, &bench, 3, true));
    struct segment segment = timing_segment(&timing);
    for (size_t i = 0; i < 7; i++) {
        const size_t before = timing.next;
        cr_assert(timing_stretch(&timing, 4, &segment, &samples));
        cr_assert_eq(timing.next, (before + 4) % 3);
    }
    cr_assert(timing_end_segment(&timing, &segment, &samples));
    cr_assert_eq(samples.seconds.count, 7);
    cr_assert_eq(samples.peak_shares.count, 1);
    cr_assert(samples.peak_shares.values[0] > 0);
    cr_assert(isnan(samples.bandwidth_shares.values[0]));
    for (size_t i = 1; i < timing.copies; i++)
        cr_assert_neq(timing.works[i], timing.works[0]);
    timing_samples_free(&samples);
    timing_end(&timing);
    count_checks(13);
}

Test(measure, bandwidth_is_positive_for_any_size_and_number_of_threads)
{
    static _Alignas(64) char x[4096], y[4096];
    static const size_t bytes[] = { 4, 60, 64, 100, 1028, 4096 };
    size_t checks = 0;

    for (size_t i = 0; i < sizeof x; i++)
        x[i] = (char)(i % 61);
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        for (size_t threads = 1; threads <= 3; threads += 2, checks += 3) {
            memset(y, 0, sizeof y);
            const struct stream copy = { x, y, bytes[i] }, read = { x, NULL, bytes[i] };
            cr_assert(bandwidth_measure(&read, 1, 0, threads) > 0);
            cr_assert(bandwidth_measure(&copy, 1, 0, threads) > 0);
            cr_assert_eq(memcmp(x, y, bytes[i]), 0);
            for (size_t j = bytes[i]; j < sizeof y; j++)
                cr_assert_eq(y[j], 0);
        }
    count_checks(checks);
}

static char directory[256];

static void begin_directory(void)
{
    const char *const base = getenv("TMPDIR");

    snprintf(directory, sizeof directory, "%s/vit-measure-XXXXXX", base ? base : "/tmp");
    cr_assert(mkdtemp(directory));
}

static void end_directory(void)
{
    char command[300];

    snprintf(command, sizeof command, "rm -r '%s'", directory);
    cr_assert_eq(system(command), 0);
}

/* Writes a file below the directory, whose folders it makes. */
static void put(const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", directory, name);
    for (char *at = path + strlen(directory) + 1; (at = strchr(at, '/')); at++) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    FILE *const f = fopen(path, "w");
    cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0, "%s", path);
}

static double group_limit(void)
{
    char path[512];

    snprintf(path, sizeof path, "%s/self", directory);
    return memory_group_limit(path, directory);
}

Test(measure, the_smallest_memory_limit_of_control_groups_counts)
{
    begin_directory();
    cr_expect_eq(group_limit(), 0);
    put("self", "12:cpu:/elsewhere\n4:memory:/c/d\n0::/a/b\n");
    cr_expect_eq(group_limit(), 0);
    put("a/b/memory.max", "max\n");
    cr_expect_eq(group_limit(), 0);
    put("a/memory.max", "8000000000\n");
    cr_expect_eq(group_limit(), 8e9);
    put("a/b/memory.max", "9000000000\n");
    cr_expect_eq(group_limit(), 8e9);
    put("memory/c/d/memory.limit_in_bytes", "9223372036854771712\n"); /* version 1's "max" */
    cr_expect_eq(group_limit(), 8e9);
    put("memory/c/memory.limit_in_bytes", "7000000000\n");
    cr_expect_eq(group_limit(), 7e9);
    put("memory/c/d/memory.limit_in_bytes", "6000000000\n");
    cr_expect_eq(group_limit(), 6e9);
    put("memory/elsewhere/memory.limit_in_bytes", "1\n");
    cr_expect_eq(group_limit(), 6e9);
    put("memory/memory.limit_in_bytes", "5000000000\n"); /* a container's own */
    cr_expect_eq(group_limit(), 5e9);
    put("memory.max", "4000000000\n");
    cr_expect_eq(group_limit(), 4e9);
    end_directory();
    cr_expect(memory_limit() > 0);
    count_checks(12);
}

Test(measure, an_l3_counts_once_and_only_if_an_allowed_processor_has_it)
{
    static const bool all[] = { true, true, true, true, true, true }, some[] = { true, true, true };
    static const bool second[] = { false, false, false, true };

    begin_directory();
    cr_expect_eq(last_caches_of(directory, 6, all), 0);
    for (int cpu = 0; cpu < 6; cpu++) {
        static const char *const lists[] = { "0-1,6-7", "2-3,8-9", "4-5" };
        char name[64];
        for (int i = 0; i < 4; i++) {
            snprintf(name, sizeof name, "cpu%d/cache/index%d/level", cpu, i);
            put(name, (const char *[]){ "1", "1", "2", "3" }[i]);
            snprintf(name, sizeof name, "cpu%d/cache/index%d/shared_cpu_list", cpu, i);
            put(name, i < 3 ? "0" : lists[cpu / 2]);
        }
    }
    cr_expect_eq(last_caches_of(directory, 6, all), 3);
    cr_expect_eq(last_caches_of(directory, 3, some), 2);
    cr_expect_eq(last_caches_of(directory, 4, second), 1);
    end_directory();
    cr_expect_geq(last_caches_here(), 1);
    count_checks(5);
}

Test(measure, cold_operands_pass_over_every_l3_that_the_threads_reach)
{
    const double mib = 1 << 20;
    const struct vit_caches zen = {
        .l1d = 32 << 10, .l2 = 1 << 20, .l3 = 2 << 20, .whole_l2 = 1 << 20, .whole_l3 = 32 << 20
    };

    cr_expect_eq(roofs_cold_of(&zen, 12, 1), 4 * 32 * mib);
    cr_expect_eq(roofs_cold_of(&zen, 12, 4), 4 * 4 * 32 * mib);
    cr_expect_eq(roofs_cold_of(&zen, 2, 4), 4 * 2 * 32 * mib);
    cr_expect_eq(roofs_cold_of(&zen, 12, 256), 4 * 256 * 3 * mib);
    cr_expect_eq(roofs_cold_of(&(struct vit_caches){ .l2 = 512 << 10 }, 1, 1), 64 * mib);
    count_checks(5);
}
