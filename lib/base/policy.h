/* policy.h - where a level that can run is better not used */
#ifndef VIT_BASE_POLICY_H
#define VIT_BASE_POLICY_H

#include "base/cpu.h"

/*
 * Why a level is not what a processor that can run it should use, as half a sentence, or NULL: it
 * should. A level asked for by name is used all the same.
 */
const char *policy_against(const struct cpu *cpu, const char *level);

#endif
