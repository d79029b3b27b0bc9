/* matmul_f32_f16.h - the matmul of float32 activations and float16 weights */
#ifndef VIT_KERNELS_SIMD_MATMUL_F32_F16_H
#define VIT_KERNELS_SIMD_MATMUL_F32_F16_H

#define PAIR(name)       name##_f32_f16
#define WEIGHT_DTYPE     VIT_DTYPE_F16
#define weight_type      uint16_t
#define weight_load      reg_load_f16
#define weight_load_half reg_load_half_f16
#define weight_load_once reg_load_f16_once
#define store_weights    store_f16

#include "kernels/simd/matmul.h"

#undef store_weights
#undef weight_load_once
#undef weight_load_half
#undef weight_load
#undef weight_type
#undef WEIGHT_DTYPE
#undef PAIR

#endif
