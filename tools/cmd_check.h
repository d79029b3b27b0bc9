/* cmd_check.h - what `vit check` was asked for, and what it found */
#ifndef VIT_TOOLS_CMD_CHECK_H
#define VIT_TOOLS_CMD_CHECK_H

#include "check/check.h"
#include "tools/tool.h"

/* What became of a kernel's cases on a level. */
struct check_tally {
    const char *level;
    size_t cases, failed;
};

struct check_report {
    const struct options *options;
    size_t ran, failed;
    size_t lacking; /* cases of levels that this machine lacks */
    /* for --json, otherwise NULL */
    json_t *checks, *oracles, *failures;
};

/* A case that ran: prints what is to be said of it, or keeps it for --json. */
void check_report_case(struct check_report *report, const struct check_case *which,
                       const struct check_result *result);
/* All cases of a kernel ran, on `levels` levels. */
void check_report_kernel(struct check_report *report, const struct check_kernel *kernel,
                         size_t levels, const struct check_tally *tallies);
/* All ran. VIT_EUNSUPPORTED some failed; VIT_EIO as print_check. */
enum vit_status check_report_end(struct check_report *report, struct vit_error *err);

/* `vit check --digest [MODEL...]` */
enum vit_status check_digests(const struct options *options, size_t count, char **models,
                              struct vit_error *err);

/*
 * The levels that were asked for, at most `most`: --isa or VIT_ISA alone, otherwise all that this
 * machine has. Returns how many.
 */
enum { CHECK_MOST_LEVELS = 8 };
size_t check_levels(const struct options *options,
                    const struct vit_kernels *levels[CHECK_MOST_LEVELS]);

#endif
