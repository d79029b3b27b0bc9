/* f32_weights.h - float32 as the number type of packed weights */
#ifndef VIT_KERNELS_SIMD_F32_WEIGHTS_H
#define VIT_KERNELS_SIMD_F32_WEIGHTS_H

#include "kernels/simd/lanes.h"

typedef float weight;
#define WEIGHT_DTYPE  VIT_DTYPE_F32
#define weight_load   reg_load
#define store_weights store_lanes

#endif
