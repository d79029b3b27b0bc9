/* cpu.h - the processor: what it can do, what its system saves, its cache */
#ifndef VIT_BASE_CPU_H
#define VIT_BASE_CPU_H

#include <stddef.h>
#include <stdint.h>

/* What the processor itself has. That a program may use it is for the system to allow: see xcr0. */
enum cpu_feature {
    CPU_AVX = 1 << 0,
    CPU_AVX2 = 1 << 1,
    CPU_FMA = 1 << 2,
    CPU_AVX512F = 1 << 3,
    CPU_AVX512BW = 1 << 4,
    CPU_AVX512DQ = 1 << 5,
    CPU_AVX512VL = 1 << 6,
    CPU_ASIMD = 1 << 7, /* as Linux's HWCAP tells, that is processor and system at once */
};

/* The registers that the system saves, by the bits of XCR0; Intel SDM vol. 1, 13.3. */
#define XCR0_YMM UINT64_C(0x06) /* xmm, and the upper halves of ymm */
#define XCR0_ZMM UINT64_C(0xe6) /* those, the masks, the upper halves of zmm, zmm16 to zmm31 */

/* A processor. Zeroed, it is one of which nothing is known. */
struct cpu {
    char vendor[13];        /* "GenuineIntel", "AuthenticAMD" */
    char brand[49];         /* "Intel(R) Xeon(R) Silver 4110 CPU @ 2.10GHz" */
    unsigned family, model; /* as the vendors' manuals count them, extended fields added */
    unsigned features;      /* a sum of enum cpu_feature */
    uint64_t xcr0;          /* 0 where the system does not use XSAVE */
};

/* This machine's. Thread-safe. */
struct cpu cpu_describe(void);

/* Bytes of a core's second-level cache, or a usual size where the system does not tell. */
size_t cpu_l2_bytes(void);

#endif
