/* avx512.c - enters the AVX-512 (F, BW, DQ, VL) kernels in a table */
#include "kernels/avx512/matmul.h"
#include "kernels/simd/register.h"

void vit_fill_avx512(struct vit_kernels *table)
{
    fill(table, "avx512");
}
