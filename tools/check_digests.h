/* check_digests.h - `libvit check --digest`: digests that no level or thread count changes */
#ifndef VIT_TOOLS_CHECK_DIGESTS_H
#define VIT_TOOLS_CHECK_DIGESTS_H

#include "tools/subcommand.h"

/*
 * Prints a digest for each model, or without models for each kernel and a small model. They are
 * computed on every level and with 1, 2 and 7 threads, or as `common` selects. VIT_EUNSUPPORTED:
 * two levels or thread counts differ. Other errors as vit_model_open.
 */
enum vit_status check_digests(const struct common_options *common, size_t count, char **models,
                              struct vit_error *err);

#endif
