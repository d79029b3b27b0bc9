/* matmul_f32_f32.h - the matmul of float32 activations and float32 weights */
#ifndef VIT_KERNELS_SIMD_MATMUL_F32_F32_H
#define VIT_KERNELS_SIMD_MATMUL_F32_F32_H

#define PAIR(name)       name##_f32_f32
#define WEIGHT_DTYPE     VIT_DTYPE_F32
#define weight_type      float
#define weight_load      reg_load
#define weight_load_half reg_load_half
#define weight_load_once reg_load
#define store_weights    store_lanes

#include "kernels/simd/matmul.h"

#undef store_weights
#undef weight_load_once
#undef weight_load_half
#undef weight_load
#undef weight_type
#undef WEIGHT_DTYPE
#undef PAIR

#endif
