/* avx2.c - enters the AVX2 + FMA kernels in a table */
#include "kernels/avx2/matmul.h"
#include "kernels/simd/register.h"

void vit_fill_avx2(struct vit_kernels *table)
{
    fill(table, "avx2");
}
