/* dispatch.h - which levels a processor can run, and which of them it should */
#ifndef VIT_BASE_DISPATCH_H
#define VIT_BASE_DISPATCH_H

#include <stdbool.h>

#include "base/cpu.h"
#include "vit/kernels.h"

enum { MOST_LEVELS = 8 };

/* Levels are counted as isa_name names them: those of every architecture, weakest first. */
struct isa_choice {
    bool can[MOST_LEVELS]; /* processor and system allow it */
    size_t should;         /* the level to use where none is asked for; it can */
    const char *reason;    /* why it is not the strongest that can, or NULL: it is */
};

/* "scalar" and so on, NULL past the last. */
const char *isa_name(size_t level);

/* A function of the description alone. */
struct isa_choice isa_choose(const struct cpu *cpu);

/*
 * The level of that name, if the processor can run it; what it should does not count. `from` says
 * where the name stood, and goes into the message. Errors as vit_kernels_get.
 */
enum vit_status isa_find(const struct isa_choice *choice, const char *name, const char *from,
                         size_t *level, struct vit_error *err);

#endif
