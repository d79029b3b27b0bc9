/* ops.h - what the operations share beyond vit/kernels.h */
#ifndef VIT_OPS_OPS_H
#define VIT_OPS_OPS_H

#include <stddef.h>

#include "vit/kernels.h"

/*
 * The minimum work for a thread of its own, some 2 µs of a core: multiply-adds of a matmul,
 * elements of a row operation. Measured where waking an idle OpenMP thread takes 1 to 5 µs.
 */
#define MIN_MULTIPLY_ADDS 131072.0
#define MIN_ELEMENTS      8192.0

/* The number of tiles that a kernel divides m rows into: as few as possible, equal to one row. */
size_t matmul_row_tiles(const struct vit_matmul_kernel *kernel, size_t m);

#endif
