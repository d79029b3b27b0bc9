/* levels.h - the levels (instruction sets), weakest first: the one list that all code follows */
#ifndef VIT_KERNELS_LEVELS_H
#define VIT_KERNELS_LEVELS_H

/*
 * LEVEL(name, extends, arch, features, xcr0):
 *   name      also of its .c file in kernels/, of FLAGS_name and of vit_register_name()
 *   extends   the earlier level whose table it starts from, and whose needs it has too
 *   arch      ANY, X86_64 or AARCH64: builds for others know the name alone
 *   features  what it needs in addition: enum cpu_feature, whatever FLAGS_name enables
 *   xcr0      the registers that the operating system must save
 * dispatch.c defines the last three.
 */
#define VIT_LEVEL_LIST(LEVEL)                                                                      \
    LEVEL(scalar, scalar, ANY, 0, 0)                                                               \
    LEVEL(avx2, scalar, X86_64, CPU_AVX | CPU_AVX2 | CPU_FMA | CPU_F16C, XCR0_YMM)                 \
    LEVEL(avx2vnni, avx2, X86_64, CPU_AVX_VNNI, 0)                                                 \
    LEVEL(avx512, avx2, X86_64, CPU_AVX512F | CPU_AVX512BW | CPU_AVX512DQ | CPU_AVX512VL,          \
          XCR0_ZMM)                                                                                \
    LEVEL(avx512vnni, avx512, X86_64, CPU_AVX512_VNNI, 0)                                          \
    LEVEL(neon, scalar, AARCH64, CPU_ASIMD, 0)                                                     \
    LEVEL(neondot, neon, AARCH64, CPU_ASIMDDP, 0)                                                  \
    LEVEL(neoni8mm, neondot, AARCH64, CPU_I8MM, 0)

#endif
