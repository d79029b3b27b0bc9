/* register.h - what each level exports: a function that enters its kernels into a table */
#ifndef VIT_KERNELS_REGISTER_H
#define VIT_KERNELS_REGISTER_H

#include "kernels/levels.h"
#include "vit/kernels.h"

/*
 * Sets the entries that the level implements; leaves the others, and isa, kc and l2_bytes, as they
 * are.
 */
#define LEVEL_REGISTER(name, extends, arch, features, xcr0)                                        \
    void vit_register_##name(struct vit_kernels *table);
VIT_LEVEL_LIST(LEVEL_REGISTER)
#undef LEVEL_REGISTER

#endif
