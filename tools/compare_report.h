/* compare_report.h - what `libvit compare` found, as text or JSON */
#ifndef VIT_TOOLS_COMPARE_REPORT_H
#define VIT_TOOLS_COMPARE_REPORT_H

#include "tools/compare_suggest.h"

/*
 * `requested` is the number of layers that were to be suggested; 0: the suggestion is not printed.
 * VIT_ENOMEM. VIT_EIO.
 */
enum vit_status compare_print(const struct comparison *c, const struct suggestion *suggestion,
                              size_t requested, struct vit_error *err);

/* The same as one JSON document. A number that is not finite is null. VIT_ENOMEM. VIT_EIO. */
enum vit_status compare_print_json(const struct comparison *c, const struct suggestion *suggestion,
                                   size_t requested, struct vit_error *err);

#endif
