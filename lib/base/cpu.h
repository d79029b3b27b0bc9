/* cpu.h - the processor: its features, the registers that its system saves, its cache */
#ifndef VIT_BASE_CPU_H
#define VIT_BASE_CPU_H

#include <stddef.h>
#include <stdint.h>

/*
 * FEATURE(name, bit, leaf, mask): what the processor itself has. CPUID reports it in a register of
 * leaf 1 or 7, under a mask of <cpuid.h>. Whether programs may use it is up to the operating
 * system: see xcr0.
 */
#define CPU_X86_FEATURES(FEATURE)                                                                  \
    FEATURE(AVX, 0, one.c, bit_AVX)                                                                \
    FEATURE(AVX2, 1, seven.b, bit_AVX2)                                                            \
    FEATURE(FMA, 2, one.c, bit_FMA)                                                                \
    FEATURE(AVX512F, 3, seven.b, bit_AVX512F)                                                      \
    FEATURE(AVX512BW, 4, seven.b, bit_AVX512BW)                                                    \
    FEATURE(AVX512DQ, 5, seven.b, bit_AVX512DQ)                                                    \
    FEATURE(AVX512VL, 6, seven.b, bit_AVX512VL)

#define CPU_FEATURE_VALUE(name, bit, leaf, mask) CPU_##name = 1 << (bit),
enum cpu_feature {
    CPU_X86_FEATURES(CPU_FEATURE_VALUE) CPU_ASIMD =
        1 << 7, /* as Linux's HWCAP reports it, for processor and system together */
};
#undef CPU_FEATURE_VALUE

/* The registers that the operating system saves, as bits of XCR0; Intel SDM vol. 1, 13.3. */
#define XCR0_YMM UINT64_C(0x06) /* xmm, and the upper halves of ymm */
#define XCR0_ZMM UINT64_C(0xe6) /* also the masks, the upper halves of zmm, zmm16 to zmm31 */

/* A processor. Zeroed: nothing is known about it. */
struct cpu {
    char vendor[13];        /* "GenuineIntel", "AuthenticAMD" */
    char brand[49];         /* "Intel(R) Xeon(R) Silver 4110 CPU @ 2.10GHz" */
    unsigned family, model; /* as in the vendors' manuals, with extended fields added */
    unsigned features;      /* a sum of enum cpu_feature */
    uint64_t xcr0;          /* 0 if the operating system does not use XSAVE */
};

/* Describes this machine's processor. Thread-safe. */
struct cpu cpu_describe(void);

/* The bytes of a core's L2 cache, or 512 KiB if the system does not report them. */
size_t cpu_l2_bytes(void);

#endif
