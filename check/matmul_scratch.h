/* matmul_scratch.h - a matmul with scratch of its own, for checks and benchmarks */
#ifndef VIT_CHECK_MATMUL_SCRATCH_H
#define VIT_CHECK_MATMUL_SCRATCH_H

#include <stdbool.h>

#include "vit/kernels.h"

/* Calls vit_matmul with scratch that it allocates and frees; false: no memory. */
bool matmul_with_scratch(const struct vit_parallel *parallel, const struct vit_matmul_args *args);

#endif
