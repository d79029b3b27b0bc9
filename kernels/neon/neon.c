/* neon.c - enters the NEON kernels into a table */
#include "kernels/neon/bytes.h"
#include "kernels/neon/vec.h"

#include "kernels/neon/int8.h"
#include "kernels/neon/matmul.h"
#include "kernels/simd/register.h"

void vit_register_neon(struct vit_kernels *table)
{
    register_kernels(table);
}
