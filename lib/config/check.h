/* check.h - whether a configuration can be computed */
#ifndef VIT_CONFIG_CHECK_H
#define VIT_CONFIG_CHECK_H

#include <stdbool.h>

#include "vit/config.h"
#include "vit/status.h"

/*
 * Checks every field against its row of the table of fields, then what one field requires of
 * another: sizes that must divide each other, and tokens that must exist. VIT_EINVAL; the message
 * names the field, what was expected and what was found.
 */
enum vit_status config_check(const struct vit_config *config, struct vit_error *err);

/* Whether local response normalization has this exponent, which CONFIG_BETA_TEXT describes. */
bool config_allows_beta(float beta);
#define CONFIG_BETA_TEXT "a multiple of 0.25, at most 4"

#endif
