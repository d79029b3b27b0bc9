/* kinds.h - the kinds of benchmarks, each in its own file */
#ifndef VIT_BENCH_KINDS_H
#define VIT_BENCH_KINDS_H

#include "measure.h"

/* Each function registers the benchmarks of a level. */
void add_matmuls(const struct vit_kernels *level);
void add_rows(const struct vit_kernels *level);
void add_attentions(const struct vit_kernels *level);
void add_forwards(const struct vit_kernels *level);

/* Frees what the benchmarks of forward passes share. */
void forward_finish(void);

#endif
