/* avx2vnni.c - enters the 8-bit matmul of AVX-VNNI into a table */
#if !defined(__AVXVNNI__)
#error "compile with FLAGS_avx2vnni"
#endif

#include "kernels/avx2/vec.h"

#define INT8_VNNI
#include "kernels/avx2/int8.h"
#include "kernels/register.h"
#include "kernels/simd/matmul_u8_s8.h"

void vit_register_avx2vnni(struct vit_kernels *table)
{
    table->matmul[VIT_MATMUL_U8_S8] = matmul_kernel_u8_s8();
}
