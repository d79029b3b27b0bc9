/* cmd_check.c - `libvit check`: every kernel on every level of this machine, case by case */
#include <string.h>

#include "check/digests.h"
#include "tools/check_digests.h"
#include "tools/check_levels.h"
#include "tools/check_report.h"
#include "tools/error.h"
#include "tools/subcommand.h"

struct check_options {
    const char *kernel, *repro; /* or NULL */
    size_t seed;
    size_t cases; /* of each kernel on each level; 0: the kernel's own number */
    bool list, digest, json;
};

static const struct check_options defaults = { .seed = 1 };

#define FIELD(name) offsetof(struct check_options, name)

static const struct option options[] = {
    { .name = "kernel",
      .value = "NAME",
      .parse = parse_text,
      .field = FIELD(kernel),
      .expected = "the name of a kernel",
      .help = "check only this kernel" },
    { .name = "seed",
      .value = "S",
      .parse = parse_count,
      .field = FIELD(seed),
      .min = 0,
      .max = 1e15,
      .expected = "a whole number up to 10^15",
      .help = "seed of the cases' random numbers; 1" },
    { .name = "cases",
      .value = "N",
      .parse = parse_count,
      .field = FIELD(cases),
      .min = 1,
      .max = 1e9,
      .expected = "a whole number from 1 to 10^9",
      .help = "cases of each kernel on each level; --list shows the defaults" },
    { .name = "list", .parse = parse_flag, .field = FIELD(list), .help = "list the kernels" },
    { .name = "repro",
      .value = "CASE",
      .parse = parse_text,
      .field = FIELD(repro),
      .expected = "LEVEL/KERNEL/SEED/CASE",
      .help = "run one case, by the name that a failure prints" },
    { .name = "digest",
      .parse = parse_flag,
      .field = FIELD(digest),
      .help = "print digests, which are the same on every machine" },
    OPTION_JSON(struct check_options),
};

static enum vit_status find_kernel(const char *name, struct check_kernel *kernel,
                                   struct vit_error *err)
{
    for (size_t i = 0; check_kernel_at(i, kernel); i++)
        if (strcmp(kernel->name, name) == 0)
            return VIT_OK;
    return tool_fail(err, VIT_EINVAL, "unknown kernel '%s'; libvit check --list lists them", name);
}

static struct check_result run_case(struct check_report *report, const struct check_case *which,
                                    struct check_counts *counts)
{
    const struct check_result result = check_case(which);

    counts->cases++;
    counts->failed += !result.passed;
    check_report_case(report, which, &result);
    return result;
}

/*
 * The cases of a kernel on each level; an oracle checks only scalar. Of several levels, those that
 * have the kernel from the level that they extend are left out.
 */
static void run_kernel(struct check_report *report, const struct check_options *o,
                       const struct check_kernel *kernel, size_t levels,
                       const struct vit_kernels *const level[])
{
    const size_t cases = kernel->oracle || !o->cases ? kernel->cases : o->cases;
    struct check_case which = { .kernel = *kernel, .seed = o->seed, .threads = report->threads };
    struct check_counts tallies[CHECK_MAX_LEVELS];
    size_t count = 0;

    for (size_t l = 0; l < levels; l++) {
        if (kernel->oracle && strcmp(level[l]->isa, "scalar") != 0)
            continue;
        if (levels > 1 && !check_applies(kernel, level[l]))
            continue;
        which.level = level[l];
        tallies[count] = (struct check_counts){ .level = level[l]->isa };
        for (which.index = 0; which.index < cases; which.index++)
            run_case(report, &which, &tallies[count]);
        count++;
    }
    if (count > 0)
        check_report_kernel(report, kernel, count, tallies);
}

static bool is_chosen(const struct check_options *o, const struct check_kernel *kernel)
{
    return !o->kernel || strcmp(o->kernel, kernel->name) == 0;
}

/* The number of cases on the levels that this machine lacks. */
static size_t count_lacking(const struct check_options *o)
{
    struct check_kernel kernel;
    size_t cases = 0;
    int usable;

    for (size_t l = 0; vit_isa_level(l, &usable); l++)
        for (size_t i = 0; !usable && check_kernel_at(i, &kernel); i++)
            if (!kernel.oracle && is_chosen(o, &kernel))
                cases += o->cases ? o->cases : kernel.cases;
    return cases;
}

static enum vit_status run_all(const struct invocation *in, struct check_report *report,
                               struct vit_error *err)
{
    const struct check_options *const o = in->options;
    const struct vit_kernels *levels[CHECK_MAX_LEVELS];
    const size_t count = check_levels(in->common->isa, levels);
    struct check_kernel kernel;

    if (o->kernel) {
        const enum vit_status status = find_kernel(o->kernel, &kernel, err);
        if (status)
            return status;
    }
    if (!check_forced_level(in->common->isa))
        report->lacking = count_lacking(o);
    for (size_t i = 0; check_kernel_at(i, &kernel); i++)
        if (is_chosen(o, &kernel))
            run_kernel(report, o, &kernel, count, levels);
    if (report->ran == 0)
        return tool_fail(err, VIT_EINVAL, "check: %s: expected level scalar, found another",
                         o->kernel);
    return VIT_OK;
}

/* --repro LEVEL/KERNEL/SEED/CASE */
static enum vit_status run_one(const char *repro, struct check_report *report,
                               struct vit_error *err)
{
    char level[16], name[48];
    unsigned long long seed, index;
    struct check_case which = { .threads = report->threads };
    struct check_counts counts = { .level = level };
    int end = 0;
    enum vit_status status;

    if (sscanf(repro, "%15[a-z0-9]/%47[a-z0-9_.]/%llu/%llu%n", level, name, &seed, &index, &end) !=
            4 ||
        repro[end] != '\0')
        return tool_fail(err, VIT_EINVAL, "--repro: expected LEVEL/KERNEL/SEED/CASE, found '%s'",
                         repro);
    if ((status = vit_kernels_get(level, &which.level, err)) != VIT_OK ||
        (status = find_kernel(name, &which.kernel, err)) != VIT_OK)
        return status;
    if (which.kernel.oracle && index >= which.kernel.cases)
        return tool_fail(err, VIT_EINVAL, "--repro: %s: expected a case below %zu, found %llu",
                         name, which.kernel.cases, index);
    which.seed = seed;
    which.index = index;
    const struct check_result result = run_case(report, &which, &counts);
    if (result.passed && !report->json)
        printf("%s: %s: passed\n", repro, result.shape);
    check_report_kernel(report, &which.kernel, 1, &counts);
    return VIT_OK;
}

static enum vit_status list_kernels(bool json, struct vit_error *err)
{
    json_t *kernels = json ? json_array() : NULL;
    struct check_kernel k;

    for (size_t i = 0; check_kernel_at(i, &k); i++) {
        if (json)
            kernels = json_with(kernels, json_pack("{s:s, s:I, s:s}", "name", k.name, "cases",
                                                   (json_int_t)k.cases, "claim", k.claim));
        else
            printf("%-20s %5zu cases  %s\n", k.name, k.cases, k.claim);
    }
    return json ? print_json(kernels, err) : VIT_OK;
}

/* Levels that differ are in the report, and fail it at its end. */
static enum vit_status add_digests(const struct common_options *common, struct check_report *report,
                                   struct vit_error *err)
{
    const enum vit_status status = check_digests_json(common, &report->digests, err);

    report->digests_differ = status == VIT_EUNSUPPORTED;
    if (!report->digests && (!status || report->digests_differ))
        return tool_fail(err, VIT_ENOMEM, "check: out of memory");
    return report->digests_differ ? VIT_OK : status;
}

static enum vit_status check(const struct invocation *in, struct vit_error *err)
{
    const struct check_options *const o = in->options;
    struct check_report report = { .seed = o->seed, .threads = in->common->threads };
    enum vit_status status;

    if (o->digest)
        return check_digests(in->common, in->count, in->operands, o->json, err);
    if (in->count)
        return tool_fail(err, VIT_EINVAL, "check: expected MODEL only with --digest, found '%s'",
                         in->operands[0]);
    if (o->list)
        return list_kernels(o->json, err);
    if (o->json) {
        report.json = true;
        report.checks = json_array();
        report.oracles = json_array();
        report.failures = json_array();
    }
    status = o->repro ? run_one(o->repro, &report, err) : run_all(in, &report, err);
    if (!status && o->json && !o->kernel && !o->repro)
        status = add_digests(in->common, &report, err);
    if (!status)
        return check_report_end(&report, err);
    json_decref(report.checks);
    json_decref(report.oracles);
    json_decref(report.failures);
    return status;
}

const struct subcommand subcommand_check = {
    .name = "check",
    .operands = "[--digest [MODEL...]]",
    .min_operands = 0,
    .max_operands = DIGESTS_MAX,
    .summary = "proves that every kernel gives the same bits on this machine",
    .description =
        "Runs every kernel on every instruction set of this machine and compares the result\n"
        "with scalar, bit for bit. Guard pages surround each operand; inputs and the gaps\n"
        "between rows must not change. Also compares scalar with double precision and prints\n"
        "the maximum error. The seed determines the cases; a failure prints the command that\n"
        "repeats it. --isa or VIT_ISA selects one instruction set; --threads replaces the\n"
        "thread counts 1, 2 and 7. --digest prints a number for each kernel and for a small\n"
        "model at three image sizes, or for each MODEL, a checkpoint directory; every machine\n"
        "must print the numbers of check/digests.txt. --json names the CPU, the system and the\n"
        "build and has the digests too: the report to send from a machine that is not listed in\n"
        "docs/correctness.md. The exit status is 0 if all cases passed.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .has_model = has_operand,
    .run = check,
};
