/* check_report.h - what `libvit check` prints: lines while it runs, or JSON at the end */
#ifndef VIT_TOOLS_CHECK_REPORT_H
#define VIT_TOOLS_CHECK_REPORT_H

#include "check/check.h"
#include "tools/print.h"

/* The cases of a kernel on one level. */
struct check_counts {
    const char *level;
    size_t cases, failed;
};

struct check_report {
    uint64_t seed;
    size_t threads; /* 0: 1, 2 and 7 in turn */
    size_t ran, failed;
    size_t lacking; /* cases of levels that this machine lacks */
    bool json;
    json_t *checks, *oracles, *failures; /* for JSON */
    json_t *digests;                     /* for JSON; NULL: not computed */
    bool digests_differ;                 /* between levels or thread counts */
};

/* After a case: prints it if it failed or measured an error, or keeps that for JSON. */
void check_report_case(struct check_report *report, const struct check_case *which,
                       const struct check_result *result);

/* After all cases of a kernel, on `levels` levels. */
void check_report_kernel(struct check_report *report, const struct check_kernel *kernel,
                         size_t levels, const struct check_counts *tallies);

/* After all kernels. VIT_EUNSUPPORTED: cases failed. VIT_EIO: as print_check. */
enum vit_status check_report_end(struct check_report *report, struct vit_error *err);

#endif
