/* neondot.c - enters the 8-bit matmul of dot products into a table */
#if !defined(__ARM_FEATURE_DOTPROD)
#error "compile with FLAGS_neondot"
#endif

#include "kernels/neon/vec.h"

#define INT8_DOTPROD
#include "kernels/neon/int8.h"
#include "kernels/register.h"
#include "kernels/simd/matmul_u8_s8.h"

void vit_register_neondot(struct vit_kernels *table)
{
    table->matmul[VIT_MATMUL_U8_S8] = matmul_kernel_u8_s8();
}
