/* check_report.c - what `libvit check` prints: lines while it runs, or JSON at the end */
#include "tools/check_report.h"

#include "tools/error.h"
#include "tools/machine.h"

enum { MAX_FAILURES = 20 }; /* that are printed: one mistake causes many */

static void repro(const struct check_report *report, const struct check_case *which, char *text,
                  size_t bytes)
{
    char name[CHECK_NAME_BYTES];
    int length;

    check_case_name(which, name);
    length = snprintf(text, bytes, "libvit check --repro %s", name);
    if (report->threads)
        snprintf(text + length, bytes - (size_t)length, " --threads %zu", report->threads);
}

static void report_failure(struct check_report *report, const struct check_case *which,
                           const struct check_result *r)
{
    char command[CHECK_NAME_BYTES + 64];

    repro(report, which, command, sizeof command);
    if (report->json)
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
    if (!r->passed && report->failed <= MAX_FAILURES)
        report_failure(report, which, r);
    if (r->measured && report->json)
        report->oracles = json_with(
            report->oracles, json_pack("{s:s, s:s, s:f, s:f, s:s, s:s}", "kernel",
                                       which->kernel.name, "case", r->shape, "error", r->error,
                                       "bound", r->bound, "unit", r->unit, "where", r->where));
    else if (r->measured)
        printf("%-20s %s: maximum error %.3g %s, at %s; bound %g\n", which->kernel.name, r->shape,
               r->error, r->unit, r->where, r->bound);
}

void check_report_kernel(struct check_report *report, const struct check_kernel *kernel,
                         size_t levels, const struct check_counts *tallies)
{
    const bool line = !report->json && !kernel->oracle; /* an oracle has printed its errors */

    if (line)
        printf("%-20s", kernel->name);
    for (size_t i = 0; i < levels; i++) {
        const struct check_counts *const t = &tallies[i];
        if (report->json)
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

static void print_lacking(void)
{
    const char *name;
    int usable;

    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++)
        if (!usable)
            printf("%s: not on this machine\n", name);
}

static json_t *report_json(struct check_report *report)
{
    const struct {
        const char *name;
        json_t *value;
    } fields[] = {
        { "seed", json_integer((json_int_t)report->seed) },
        { "checks", report->checks },
        { "oracles", report->oracles },
        { "failures", report->failures },
        { "ran", json_integer((json_int_t)report->ran) },
        { "of", json_integer((json_int_t)report->ran + (json_int_t)report->lacking) },
        { "failed", json_integer((json_int_t)report->failed) },
        { "digests", report->digests ? report->digests : json_null() },
        { "passed", json_boolean(report->failed == 0 && !report->digests_differ) },
    };
    json_t *root = machine_json();

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        root = json_set(root, fields[i].name, fields[i].value);
    return root;
}

enum vit_status check_report_end(struct check_report *report, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    if (report->json) {
        status = print_json(report_json(report), err);
    } else {
        if (report->failed > MAX_FAILURES)
            printf("%zu more failures\n", report->failed - MAX_FAILURES);
        print_lacking();
        printf("%zu of %zu cases ran, %zu passed\n", report->ran, report->ran + report->lacking,
               report->ran - report->failed);
    }
    if (!status && report->failed)
        status = tool_fail(err, VIT_EUNSUPPORTED, "check: %zu of %zu cases failed", report->failed,
                           report->ran);
    else if (!status && report->digests_differ)
        status = tool_fail(err, VIT_EUNSUPPORTED,
                           "check: expected equal digests on all levels, found others");
    return status;
}
