/* dispatch.h - which levels a processor can run, and which of them it uses */
#ifndef VIT_BASE_DISPATCH_H
#define VIT_BASE_DISPATCH_H

#include <stdbool.h>

#include "base/cpu.h"
#include "kernels/levels.h"
#include "vit/kernels.h"

#define LEVEL_ONE(name, extends, arch, features, xcr0) +1
enum { ISA_LEVELS = 0 VIT_LEVEL_LIST(LEVEL_ONE) };
#undef LEVEL_ONE

/* Level i is row i of kernels/levels.h, those of other architectures included. */
struct isa_choice {
    bool usable[ISA_LEVELS]; /* processor and operating system allow it */
    size_t standard;         /* the level that is used if none is named */
    const char *reason;      /* why it is not the strongest usable level, or NULL if it is */
};

/* "scalar" and so on, NULL past the last. */
const char *isa_name(size_t level);

/* Depends on the description alone. */
struct isa_choice isa_choose(const struct cpu *cpu);

/*
 * The level of that name, if the processor can run it, whatever the policy. `source` tells where
 * the name came from, for messages: " (from VIT_ISA)". Errors as vit_kernels_get.
 */
enum vit_status isa_find(const struct isa_choice *choice, const char *name, const char *source,
                         size_t *level, struct vit_error *err);

/*
 * Chooses the blocks of every table for these caches instead of this machine's: for tests and
 * simulations. Not thread-safe: no kernel is in use, and no scratch was measured before.
 */
void dispatch_assume_caches(const struct vit_caches *caches);

#endif
