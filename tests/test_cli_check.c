/* test_cli_check.c - libvit check as a tester uses it: what it runs, prints and refuses */
#include <criterion/criterion.h>
#include <string.h>

#include "cli.h"
#include "counts.h"

TestSuite(cli_check, .init = cli_begin, .fini = cli_end);

#define COUNT(table) (sizeof(table) / sizeof *(table))

Test(cli_check, prints_how_many_cases_ran_on_each_level)
{
    json_int_t levels = 0, all = 0;
    size_t i = 0;

    while (next_usable_level(&i, 1))
        levels++;
    all = (json_int_t)i - 1;
    /* each level has its own */
    succeeds("$VIT check --kernel matmul.u8_s8 --cases 20 --json");
    json_t *const root = json_output();
    cr_assert(json_is_true(json_object_get(root, "passed")));
    cr_assert_eq(json_integer_value(json_object_get(root, "ran")), 20 * levels);
    cr_assert_eq(json_integer_value(json_object_get(root, "of")), 20 * all);
    cr_assert_eq((json_int_t)json_array_size(json_object_get(root, "levels")), all);
    cr_assert_eq((json_int_t)json_array_size(json_object_get(root, "checks")), levels);
    cr_assert_eq(json_array_size(json_object_get(root, "failures")), 0);
    json_decref(root);
    /* with --isa only that level runs and counts, whatever levels the CPU lacks */
    succeeds("VIT_ISA=scalar $VIT check --kernel relu --cases 20 | tail -n 1");
    cr_assert_str_eq(cli.out, "20 of 20 cases ran, 20 passed\n");
    succeeds("$VIT check --isa scalar --kernel relu --cases 20 | tail -n 1");
    cr_assert_str_eq(cli.out, "20 of 20 cases ran, 20 passed\n");
    count_checks(8);
}

/* What somebody sends back from a machine that we lack. */
Test(cli_check, the_report_names_the_machine_and_has_every_digest)
{
    static const char *const members[] = { "cpu", "system", "compiler", "version", "commit" };
    static const json_int_t threads[] = { 1, 2, 7 };
    size_t levels = 0, i = 0, checks = 0, runs, d;
    const char *level, *name;
    json_t *run, *value;

    while (next_usable_level(&i, 1))
        levels++;
    succeeds("$VIT check --json --cases 2 >$T/report.json && cat $T/report.json");
    json_t *const root = json_output();
    for (i = 0; i < COUNT(members); i++)
        cr_assert_gt(json_string_length(json_object_get(root, members[i])), 0, "%s", members[i]);
    succeeds("$VIT check --digest 2>$T/equal");
    json_t *const digests = json_object_get(root, "digests");
    cr_assert_eq(json_array_size(digests), 3 * levels);
    json_array_foreach (digests, runs, run) {
        level = json_string_value(json_object_get(run, "level"));
        cr_assert_eq(json_integer_value(json_object_get(run, "threads")),
                     threads[runs % COUNT(threads)], "%s", level);
        d = 0;
        json_object_foreach (json_object_get(run, "digests"), name, value) {
            char line[64];
            snprintf(line, sizeof line, "%-33s %s\n", name, json_string_value(value));
            cr_assert_not_null(strstr(cli.out, line), "%s: %s", level, line);
            d++;
        }
        cr_assert_gt(d, 20);
        checks += d;
    }
    json_decref(root);
    /* a part of the cases is no report of the machine */
    succeeds("$VIT check --json --kernel relu --cases 2");
    json_t *const part = json_output();
    cr_assert(json_is_null(json_object_get(part, "digests")));
    json_decref(part);
    succeeds("$VIT check --digest --isa scalar --threads 1 --json");
    json_t *const one = json_output();
    cr_assert_eq(json_array_size(one), 1);
    json_decref(one);
    count_checks(checks + COUNT(members) + 3);
}

Test(cli_check, oracles_give_the_largest_error_its_place_and_its_bound)
{
    succeeds("$VIT check --kernel gelu.oracle --json");
    json_t *const root = json_output();
    json_t *const oracles = json_object_get(root, "oracles");
    cr_assert_eq(json_array_size(oracles), 3);
    for (size_t i = 0; i < 3; i++) {
        json_t *const o = json_array_get(oracles, i);
        const double error = json_real_value(json_object_get(o, "error"));
        cr_assert(error > 0.5 && error <= json_real_value(json_object_get(o, "bound")));
        cr_assert_str_eq(json_string_value(json_object_get(o, "unit")), "ulp");
    }
    json_decref(root);
    count_checks(4);
}

Test(cli_check, the_seed_decides_the_cases)
{
    succeeds("$VIT check --kernel softmax.oracle --seed 7 >$T/a && "
             "$VIT check --kernel softmax.oracle --seed 7 >$T/b && cmp $T/a $T/b && "
             "$VIT check --kernel softmax.oracle --seed 8 >$T/c && ! cmp -s $T/a $T/c");
    succeeds("$VIT check --repro scalar/matmul/1/99 >$T/a && "
             "$VIT check --repro scalar/matmul/1/99 >$T/b && cmp $T/a $T/b && "
             "$VIT check --repro scalar/matmul/2/99 >$T/c && ! cmp -s $T/a $T/c");
    count_checks(4);
}

Test(cli_check, repro_runs_one_case_and_prints_it)
{
    succeeds("$VIT check --repro scalar/softmax/1/14");
    cr_assert_not_null(strstr(cli.out, "scalar/softmax/1/14: n 15, normal: passed\n"), "%s",
                       cli.out);
    cr_assert_not_null(strstr(cli.out, "1 of 1 cases ran, 1 passed\n"), "%s", cli.out);
    count_checks(2);
}

Test(cli_check, list_names_kernels_and_oracles)
{
    succeeds("$VIT check --list");
    cr_assert_not_null(strstr(cli.out, "\nvit_attention "));
    cr_assert_not_null(strstr(cli.out, "\ngelu.oracle "));
    succeeds("$VIT check --list --json");
    json_t *const root = json_output();
    cr_assert_gt(json_array_size(root), 20);
    json_decref(root);
    count_checks(3);
}

Test(cli_check, digests_equal_the_recorded_ones_on_each_level_and_thread_count)
{
    const char *level;
    size_t checks = 0, i = 0;

    succeeds("mkdir $T/tmp");
    while ((level = next_usable_level(&i, 2)))
        for (int threads = 1; threads <= 3; threads += 2, checks++)
            succeeds("TMPDIR=$T/tmp $VIT check --digest --isa %s --threads %d | "
                     "cmp - check/digests.txt",
                     level, threads);
    for (int tenths = 1; tenths < 6; tenths++) /* wherever it is */
        shell("TMPDIR=$T/tmp $VIT check --digest --isa scalar --threads 1 & sleep 0.%d; kill $!; "
              "wait $!",
              tenths);
    succeeds("ls -A $T/tmp");
    cr_assert_eq(cli.out_size, 0, "left behind: %s", cli.out);
    count_checks(checks + 1);
}

Test(cli_check, arguments_that_would_check_nothing_are_refused)
{
    static const char *const failures[][2] = {
        { "$VIT check --kernel frob", "unknown kernel 'frob'" },
        { "$VIT check models/digits", "expected MODEL only with --digest, found 'models/digits'" },
        { "$VIT check --cases 0", "--cases: expected" },
        { "$VIT check --seed -1", "--seed: expected" },
        { "$VIT check --isa frob", "frob" },
        { "$VIT check --repro scalar/softmax/1", "expected LEVEL/KERNEL/SEED/CASE" },
        { "$VIT check --repro scalar/softmax/1/2x", "expected LEVEL/KERNEL/SEED/CASE" },
        { "$VIT check --repro frob/softmax/1/2", "frob" },
        { "$VIT check --repro scalar/frob/1/2", "unknown kernel 'frob'" },
        { "$VIT check --repro scalar/gelu.oracle/1/3", "expected a case below 3, found 3" },
        { "$VIT check --digest $T/none", "none" },
        { "TMPDIR=$T/none $VIT check --digest", "cannot create the directory" },
    };
    const size_t count = sizeof failures / sizeof *failures;

    for (size_t i = 0; i < count; i++)
        fails(failures[i][0], failures[i][1]);
    count_checks(count);
}
