/* neon.c - enters the NEON kernels in a table */
#include "kernels/neon/matmul.h"
#include "kernels/simd/register.h"

void vit_fill_neon(struct vit_kernels *table)
{
    fill(table, "neon");
}
