/* check_digests.h - `libvit check --digest`: digests that no level or thread count changes */
#ifndef VIT_TOOLS_CHECK_DIGESTS_H
#define VIT_TOOLS_CHECK_DIGESTS_H

#include <jansson.h>

#include "tools/subcommand.h"

/*
 * A digest for each model or, without models, for each kernel and a small model: on every level and
 * with 1, 2 and 7 threads, or as `common` selects.
 */

/*
 * Prints the digests, as text or as JSON. VIT_EUNSUPPORTED: two levels or thread counts differ;
 * JSON is printed all the same. VIT_EIO: as print_check. Other errors as vit_model_open.
 */
enum vit_status check_digests(const struct common_options *common, size_t count, char **models,
                              bool json, struct vit_error *err);

/*
 * Sets *json to [{level, threads, digests: {NAME: HEX}}] of each kernel and the small model. Errors
 * as check_digests; *json is NULL after any but VIT_EUNSUPPORTED.
 */
enum vit_status check_digests_json(const struct common_options *common, json_t **json,
                                   struct vit_error *err);

#endif
