/* register.h - enters all kernels of an instruction set into a table; included last */
#ifndef VIT_KERNELS_SIMD_REGISTER_H
#define VIT_KERNELS_SIMD_REGISTER_H

#include "kernels/register.h"
#include "kernels/simd/activation_rows.h"
#include "kernels/simd/elementwise.h"
#include "kernels/simd/layernorm.h"
#include "kernels/simd/local_response.h"
#include "kernels/simd/matmul_f32_f16.h"
#include "kernels/simd/matmul_f32_f32.h"
#include "kernels/simd/matmul_u8_s8.h"
#include "kernels/simd/resize.h"
#include "kernels/simd/rotate.h"
#include "kernels/simd/softmax.h"

/* As many independent accumulators as the registers hold. */
static float fma_peak(size_t rounds)
{
    /* different in every lane, or the compiler would compute equal registers only once */
    static const float start[LANES] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };
    const vec half = v_set(0.5f), one = v_set(1.0f);
    vec c[PEAK_ACCUMULATORS];

    UNROLL
    for (int i = 0; i < PEAK_ACCUMULATORS; i++)
        c[i] = v_fma(v_load(start), one, v_set((float)(i * LANES)));
    for (size_t r = 0; r < rounds; r++)
        UNROLL
    for (int i = 0; i < PEAK_ACCUMULATORS; i++)
        c[i] = v_fma(c[i], half, one);
    UNROLL
    for (int i = 1; i < PEAK_ACCUMULATORS; i++)
        c[0] = v_add(c[0], c[i]);
    return v_sum(c[0]);
}

static inline void register_kernels(struct vit_kernels *table)
{
    table->matmul[VIT_MATMUL_F32_F32] = matmul_kernel_f32_f32();
    table->matmul[VIT_MATMUL_F32_F16] = matmul_kernel_f32_f16();
    table->matmul[VIT_MATMUL_U8_S8] = matmul_kernel_u8_s8();
#define KERNEL_ENTRY(name) table->name = name;
    VIT_KERNEL_LIST(KERNEL_ENTRY)
#undef KERNEL_ENTRY
    for (size_t i = 0; i < VIT_ACTIVATIONS; i++)
        table->activation[i] = choose_activation((enum vit_activation)i);
    table->fma_peak = fma_peak;
    table->fma_peak_flops = PEAK_ACCUMULATORS * LANES * 2;
}

#endif
