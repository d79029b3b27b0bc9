/* avx512.c - enters the AVX-512 (F, BW, DQ, VL) kernels into a table */
#include "kernels/avx512/bytes.h"
#include "kernels/avx512/vec.h"

#include "kernels/avx512/int8.h"
#include "kernels/avx512/matmul.h"
#include "kernels/simd/register.h"

void vit_register_avx512(struct vit_kernels *table)
{
    register_kernels(table);
}
