/* neoni8mm.c - enters the 8-bit matmul of 2 × 8 by 8 × 2 products into a table */
#if !defined(__ARM_FEATURE_MATMUL_INT8)
#error "compile with FLAGS_neoni8mm"
#endif

#include "kernels/neon/vec.h"

#define INT8_I8MM
#include "kernels/neon/int8.h"
#include "kernels/register.h"
#include "kernels/simd/matmul_u8_s8.h"

void vit_register_neoni8mm(struct vit_kernels *table)
{
    table->matmul[VIT_MATMUL_U8_S8] = matmul_kernel_u8_s8();
}
