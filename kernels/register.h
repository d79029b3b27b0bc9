/* register.h - what each instruction set exports: a function that enters its kernels in a table */
#ifndef VIT_KERNELS_REGISTER_H
#define VIT_KERNELS_REGISTER_H

#include "vit/kernels.h"

void vit_fill_scalar(struct vit_kernels *table);
void vit_fill_avx2(struct vit_kernels *table);
void vit_fill_avx512(struct vit_kernels *table);
void vit_fill_neon(struct vit_kernels *table);

#endif
