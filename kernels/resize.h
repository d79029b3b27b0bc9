/* resize.h - the fixed point of a resize, the same for every level */
#ifndef VIT_KERNELS_RESIZE_H
#define VIT_KERNELS_RESIZE_H

#include <stdint.h>

/* Weights and sums are in units of 2^-22: vit/kernels.h. */
#define RESIZE_BITS 22
#define RESIZE_HALF ((int32_t)1 << (RESIZE_BITS - 1))

#endif
