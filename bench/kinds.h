/* kinds.h - what is benchmarked: every kernel, and whole forward passes */
#ifndef VIT_BENCH_KINDS_H
#define VIT_BENCH_KINDS_H

#include "vit/kernels.h"

/* Each function registers the benchmarks of a level. */
void add_kernels(const struct vit_kernels *level);
void add_forwards(const struct vit_kernels *level);

/* Frees what the benchmarks of forward passes share. */
void forward_finish(void);

#endif
