/* avx2.c - enters the AVX2 + FMA kernels into a table */
#include "kernels/avx2/bytes.h"
#include "kernels/avx2/vec.h"

#include "kernels/avx2/int8.h"
#include "kernels/avx2/matmul.h"
#include "kernels/simd/register.h"

void vit_register_avx2(struct vit_kernels *table)
{
    register_kernels(table);
}
