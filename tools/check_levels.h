/* check_levels.h - the instruction sets that `libvit check` runs on */
#ifndef VIT_TOOLS_CHECK_LEVELS_H
#define VIT_TOOLS_CHECK_LEVELS_H

#include <stddef.h>

#include "vit/kernels.h"

enum { CHECK_MAX_LEVELS = 16 };

/* The one level that --isa or VIT_ISA names; NULL: every level. `isa` is --isa, or NULL. */
const char *check_forced_level(const char *isa);

/* The forced level, or all that this machine has, weakest first. Returns their number. */
size_t check_levels(const char *isa, const struct vit_kernels *levels[CHECK_MAX_LEVELS]);

#endif
