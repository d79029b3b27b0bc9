/* cpu.h - the processor: its features, the registers that its system saves, its caches */
#ifndef VIT_BASE_CPU_H
#define VIT_BASE_CPU_H

#include <stddef.h>
#include <stdint.h>

/*
 * FEATURE(name, leaf, subleaf, reg, mask): what the processor itself has. CPUID reports it in a
 * register of a leaf's subleaf, under a mask of <cpuid.h>. The name is Linux's, in capitals.
 * Whether programs may use a feature is up to the operating system: see xcr0.
 */
#define CPU_X86_FEATURES(FEATURE)                                                                  \
    FEATURE(AVX, 1, 0, c, bit_AVX)                                                                 \
    FEATURE(AVX2, 7, 0, b, bit_AVX2)                                                               \
    FEATURE(FMA, 1, 0, c, bit_FMA)                                                                 \
    FEATURE(F16C, 1, 0, c, bit_F16C)                                                               \
    FEATURE(AVX512F, 7, 0, b, bit_AVX512F)                                                         \
    FEATURE(AVX512BW, 7, 0, b, bit_AVX512BW)                                                       \
    FEATURE(AVX512DQ, 7, 0, b, bit_AVX512DQ)                                                       \
    FEATURE(AVX512VL, 7, 0, b, bit_AVX512VL)                                                       \
    FEATURE(AVX512_VNNI, 7, 0, c, bit_AVX512VNNI)                                                  \
    FEATURE(AVX_VNNI, 7, 1, a, 1 << 4) /* clang 14's <cpuid.h> lacks it */

/* Those of Arm: as Linux's HWCAP reports them, for processor and system together. */
#define CPU_ARM_FEATURES(FEATURE)    FEATURE(ASIMD, ) FEATURE(ASIMDDP, ) FEATURE(I8MM, )

#define CPU_FEATURE_INDEX(name, ...) CPU_INDEX_##name,
#define CPU_FEATURE_VALUE(name, ...) CPU_##name = 1 << CPU_INDEX_##name,
enum { CPU_X86_FEATURES(CPU_FEATURE_INDEX) CPU_ARM_FEATURES(CPU_FEATURE_INDEX) CPU_FEATURE_COUNT };
enum cpu_feature { CPU_X86_FEATURES(CPU_FEATURE_VALUE) CPU_ARM_FEATURES(CPU_FEATURE_VALUE) };
#undef CPU_FEATURE_INDEX
#undef CPU_FEATURE_VALUE

/* Features that this build ignores: `make check-cpus` tests as on a CPU that lacks them. */
#ifndef CPU_HIDDEN
#define CPU_HIDDEN 0
#endif

/* The registers that the operating system saves, as bits of XCR0; Intel SDM vol. 1, 13.3. */
#define XCR0_YMM UINT64_C(0x06) /* xmm, and the upper halves of ymm */
#define XCR0_ZMM UINT64_C(0xe6) /* also the masks, the upper halves of zmm, zmm16 to zmm31 */

/* A processor. Zeroed: nothing is known about it. */
struct cpu {
    char vendor[13];        /* "GenuineIntel", "AuthenticAMD"; arm64: the implementer, "0x41" */
    char brand[49];         /* "Intel(R) Xeon(R) Silver 4110 CPU @ 2.10GHz" */
    unsigned family, model; /* as in the vendors' manuals, with extended fields; arm64: 0, part */
    unsigned features;      /* a sum of enum cpu_feature */
    uint64_t xcr0;          /* 0 if the operating system does not use XSAVE */
};

/* Describes this machine's processor. Thread-safe. */
struct cpu cpu_describe(void);

/* vit_cpu_name (vit/kernels.h) of any processor. */
size_t cpu_format_name(const struct cpu *cpu, char *name, size_t size);

/*
 * A subleaf of CPUID's leaf 4 or, on AMD, 0x8000001D: one cache. Their layouts are equal; Intel SDM
 * vol. 2, CPUID; AMD 24594, appendix E.4.15.
 */
struct cpuid_cache {
    unsigned a, b, c;
};

/* Reads up to `max` subleaves; returns their number, 0 on other architectures. */
size_t cpu_cache_leaves(size_t max, struct cpuid_cache *subleaves);

#endif
