/* policy.h - usable levels that slow a processor down */
#ifndef VIT_BASE_POLICY_H
#define VIT_BASE_POLICY_H

#include "base/cpu.h"

/*
 * Why a level is not the default on a processor that can run it, such as "it has …", or NULL if it
 * may be. A level that is named is used anyway.
 */
const char *policy_against(const struct cpu *cpu, const char *level);

#endif
