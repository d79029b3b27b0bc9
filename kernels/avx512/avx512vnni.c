/* avx512vnni.c - enters the 8-bit matmul of AVX-512 VNNI into a table */
#if !defined(__AVX512VNNI__)
#error "compile with FLAGS_avx512vnni"
#endif

#include "kernels/avx512/vec.h"

#define INT8_VNNI
#include "kernels/avx512/int8.h"
#include "kernels/register.h"
#include "kernels/simd/matmul_u8_s8.h"

void vit_register_avx512vnni(struct vit_kernels *table)
{
    table->matmul[VIT_MATMUL_U8_S8] = matmul_kernel_u8_s8();
}
