/* cmd_check.c - `vit check`: every kernel on every level of this machine, case by case */
#include <stdlib.h>
#include <string.h>

#include "tools/cmd_check.h"

/* The one level that --isa or VIT_ISA asks for; NULL: every level. */
static const char *forced_level(const struct options *options)
{
    const char *const forced = getenv("VIT_ISA");

    return options->isa ? options->isa : forced && forced[0] ? forced : NULL;
}

size_t check_levels(const struct options *options,
                    const struct vit_kernels *levels[CHECK_MOST_LEVELS])
{
    const char *const wanted = forced_level(options);
    const char *name;
    size_t count = 0;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)) && count < CHECK_MOST_LEVELS; i++)
        if (usable && (!wanted || strcmp(wanted, name) == 0) &&
            vit_kernels_get(name, &levels[count], NULL) == VIT_OK)
            count++;
    return count;
}

static enum vit_status find_kernel(const char *name, struct check_kernel *kernel,
                                   struct vit_error *err)
{
    for (size_t i = 0; check_kernel_at(i, kernel); i++)
        if (strcmp(kernel->name, name) == 0)
            return VIT_OK;
    return tool_fail(err, VIT_EINVAL, "no kernel is named '%s'; vit check --list names them all",
                     name);
}

static struct check_result run_case(struct check_report *report, const struct check_case *which,
                                    struct check_tally *tally)
{
    const struct check_result result = check_case(which);

    tally->cases++;
    tally->failed += !result.passed;
    check_report_case(report, which, &result);
    return result;
}

/* A kernel's cases on each level; the oracles are of scalar. */
static void run_kernel(struct check_report *report, const struct check_kernel *kernel,
                       size_t levels, const struct vit_kernels *const level[])
{
    const struct options *const o = report->options;
    const size_t cases = kernel->oracle || !o->cases ? kernel->cases : o->cases;
    struct check_case which = { .kernel = *kernel, .seed = o->seed, .threads = o->threads };
    struct check_tally tallies[CHECK_MOST_LEVELS];
    size_t count = 0;

    for (size_t l = 0; l < levels; l++) {
        if (kernel->oracle && strcmp(level[l]->isa, "scalar") != 0)
            continue;
        which.level = level[l];
        tallies[count] = (struct check_tally){ .level = level[l]->isa };
        for (which.index = 0; which.index < cases; which.index++)
            run_case(report, &which, &tallies[count]);
        count++;
    }
    if (count > 0)
        check_report_kernel(report, kernel, count, tallies);
}

/* How many cases the levels that this machine lacks would have had. */
static size_t count_lacking(const struct options *o, const struct check_kernel *only)
{
    struct check_kernel kernel;
    size_t cases = 0;
    int usable;

    for (size_t l = 0; vit_isa_level(l, &usable); l++)
        for (size_t i = 0; !usable && check_kernel_at(i, &kernel); i++)
            if (!kernel.oracle && (!only || strcmp(only->name, kernel.name) == 0))
                cases += o->cases ? o->cases : kernel.cases;
    return cases;
}

static enum vit_status run_all(struct check_report *report, struct vit_error *err)
{
    const struct options *const o = report->options;
    const struct vit_kernels *levels[CHECK_MOST_LEVELS];
    const size_t count = check_levels(o, levels);
    struct check_kernel kernel, only;

    if (o->kernel) {
        const enum vit_status status = find_kernel(o->kernel, &only, err);
        if (status)
            return status;
    }
    if (!forced_level(o))
        report->lacking = count_lacking(o, o->kernel ? &only : NULL);
    for (size_t i = 0; check_kernel_at(i, &kernel); i++)
        if (!o->kernel || strcmp(o->kernel, kernel.name) == 0)
            run_kernel(report, &kernel, count, levels);
    if (report->ran == 0)
        return tool_fail(err, VIT_EINVAL, "nothing to check: %s is of scalar alone", o->kernel);
    return VIT_OK;
}

/* --repro LEVEL/KERNEL/SEED/CASE */
static enum vit_status run_one(struct check_report *report, struct vit_error *err)
{
    char level[16], name[48];
    unsigned long long seed, index;
    struct check_case which = { .threads = report->options->threads };
    struct check_tally tally = { .level = level };
    int end = 0;
    enum vit_status status;

    if (sscanf(report->options->repro, "%15[a-z0-9]/%47[a-z0-9_.]/%llu/%llu%n", level, name, &seed,
               &index, &end) != 4 ||
        report->options->repro[end] != '\0')
        return tool_fail(err, VIT_EINVAL, "--repro: expected LEVEL/KERNEL/SEED/CASE, found '%s'",
                         report->options->repro);
    if ((status = vit_kernels_get(level, &which.level, err)) != VIT_OK ||
        (status = find_kernel(name, &which.kernel, err)) != VIT_OK)
        return status;
    if (which.kernel.oracle && index >= which.kernel.cases)
        return tool_fail(err, VIT_EINVAL, "--repro: %s has %zu cases", name, which.kernel.cases);
    which.seed = seed;
    which.index = index;
    const struct check_result result = run_case(report, &which, &tally);
    if (result.passed && !report->checks)
        printf("%s: %s: passed\n", report->options->repro, result.shape);
    check_report_kernel(report, &which.kernel, 1, &tally);
    return VIT_OK;
}

static enum vit_status list(const struct options *options, struct vit_error *err)
{
    json_t *kernels = json_array();
    struct check_kernel k;

    for (size_t i = 0; check_kernel_at(i, &k); i++) {
        if (options->json)
            kernels = json_with(kernels, json_pack("{s:s, s:I, s:s}", "name", k.name, "cases",
                                                   (json_int_t)k.cases, "claim", k.claim));
        else
            printf("%-20s %5zu cases  %s\n", k.name, k.cases, k.claim);
    }
    if (options->json)
        return print_json(kernels, err);
    json_decref(kernels);
    return VIT_OK;
}

static enum vit_status check(const struct options *options, size_t count, char **operands,
                             struct vit_error *err)
{
    struct check_report report = { .options = options };
    enum vit_status status;

    if (options->digest)
        return check_digests(options, count, operands, err);
    if (count)
        return tool_fail(err, VIT_EINVAL, "check: a MODEL is for --digest");
    if (options->list)
        return list(options, err);
    if (options->json) {
        report.checks = json_array();
        report.oracles = json_array();
        report.failures = json_array();
    }
    status = options->repro ? run_one(&report, err) : run_all(&report, err);
    if (!status)
        return check_report_end(&report, err);
    json_decref(report.checks);
    json_decref(report.oracles);
    json_decref(report.failures);
    return status;
}

const struct verb verb_check = {
    .name = "check",
    .bit = FOR_CHECK,
    .operands = "[--digest [MODEL...]]",
    .least = 0,
    .most = 64,
    .summary = "proves that every kernel gives the same bits on this machine",
    .description =
        "Runs every kernel on every level of this machine: its bits against scalar's, each "
        "operand\n"
        "between pages that no one may touch, inputs and gaps between rows unchanged; scalar\n"
        "itself against double precision, with the largest error. Cases follow from the seed:\n"
        "each that fails prints the command that runs it alone. --isa or VIT_ISA: that level\n"
        "alone; --threads: that number in place of 1, 2 and 7.\n"
        "With --digest: a number for each kernel and for a small model at three image sizes, or\n"
        "for each MODEL, a checkpoint folder: the same on every machine (check/digests.txt).\n"
        "Exit status 0: all that ran passed.",
    .run = check,
};
