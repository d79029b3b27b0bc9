/* check_report.c - what `vit check` says: lines as it goes, or JSON at the end */
#include <string.h>

#include "tools/cmd_check.h"

enum { MOST_FAILURES = 20 }; /* that are told in full: one mistake has many */

static void repro(const struct check_report *report, const struct check_case *which, char *text,
                  size_t bytes)
{
    char name[CHECK_NAME_BYTES];
    int length;

    check_case_name(which, name);
    length = snprintf(text, bytes, "vit check --repro %s", name);
    if (report->options->threads)
        snprintf(text + length, bytes - (size_t)length, " --threads %zu", report->options->threads);
}

static void report_failure(struct check_report *report, const struct check_case *which,
                           const struct check_result *r)
{
    char command[CHECK_NAME_BYTES + 64];

    repro(report, which, command, sizeof command);
    if (report->failures)
        report->failures = json_with(
            report->failures,
            json_pack("{s:s, s:s, s:s, s:s, s:s}", "level", which->level->isa, "kernel",
                      which->kernel.name, "case", r->shape, "reason", r->reason, "repro", command));
    else
        printf("FAILED %s %s, %s: %s\n  %s\n", which->level->isa, which->kernel.name, r->shape,
               r->reason, command);
}

void check_report_case(struct check_report *report, const struct check_case *which,
                       const struct check_result *r)
{
    report->ran++;
    report->failed += !r->passed;
    if (!r->passed && report->failed <= MOST_FAILURES)
        report_failure(report, which, r);
    if (r->measured && report->oracles)
        report->oracles = json_with(
            report->oracles, json_pack("{s:s, s:s, s:f, s:f, s:s, s:s}", "kernel",
                                       which->kernel.name, "case", r->shape, "error", r->error,
                                       "bound", r->bound, "unit", r->unit, "where", r->where));
    else if (r->measured)
        printf("%-20s %s: at most %.3g %s, at %s; allowed %g\n", which->kernel.name, r->shape,
               r->error, r->unit, r->where, r->bound);
}

void check_report_kernel(struct check_report *report, const struct check_kernel *kernel,
                         size_t levels, const struct check_tally *tallies)
{
    const bool line = !report->checks && !kernel->oracle; /* an oracle has said what it measured */

    if (line)
        printf("%-20s", kernel->name);
    for (size_t i = 0; i < levels; i++) {
        const struct check_tally *const t = &tallies[i];
        if (report->checks)
            report->checks = json_with(report->checks, json_pack("{s:s, s:s, s:I, s:I}", "level",
                                                                 t->level, "kernel", kernel->name,
                                                                 "cases", (json_int_t)t->cases,
                                                                 "failed", (json_int_t)t->failed));
        else if (line && t->failed)
            printf(" %s: %zu of %zu FAILED", t->level, t->failed, t->cases);
        else if (line)
            printf(" %s: %zu", t->level, t->cases);
    }
    if (line)
        putchar('\n');
}

static json_t *levels_json(void)
{
    json_t *levels = json_array();
    const char *name;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++)
        levels = json_with(levels, json_pack("{s:s, s:b}", "name", name, "usable", usable));
    return levels;
}

static void print_lacking(void)
{
    const char *name;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++)
        if (!usable)
            printf("%s: this CPU, or its operating system, lacks it\n", name);
}

enum vit_status check_report_end(struct check_report *report, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (report->checks) {
        status = print_json(json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:b}", "seed",
                                      (json_int_t)report->options->seed, "levels", levels_json(),
                                      "checks", report->checks, "oracles", report->oracles,
                                      "failures", report->failures, "ran", (json_int_t)report->ran,
                                      "of", (json_int_t)(report->ran + report->lacking), "failed",
                                      (json_int_t)report->failed, "passed", report->failed == 0),
                            err);
    } else {
        if (report->failed > MOST_FAILURES)
            printf("and %zu failures more\n", report->failed - MOST_FAILURES);
        print_lacking();
        printf("%zu of %zu cases ran, %zu passed\n", report->ran, report->ran + report->lacking,
               report->ran - report->failed);
    }
    if (!status && report->failed)
        status = tool_fail(err, VIT_EUNSUPPORTED, "check: %zu of %zu cases failed", report->failed,
                           report->ran);
    return status;
}
