/* cpu.h - the processor: the instruction sets that programs may use, and its cache */
#ifndef VIT_BASE_CPU_H
#define VIT_BASE_CPU_H

#include <stddef.h>

enum cpu_feature {
    CPU_AVX2 = 1 << 0,
    CPU_FMA = 1 << 1,
    CPU_AVX512_FBDV = 1 << 2, /* F, BW, DQ and VL together */
    CPU_OS_YMM = 1 << 3,      /* the system saves ymm registers */
    CPU_OS_ZMM = 1 << 4,      /* and zmm and mask registers */
    CPU_ASIMD = 1 << 5,
};

/* The features of this machine as a sum of enum cpu_feature. Thread-safe. */
unsigned cpu_features(void);

/* Bytes of a core's second-level cache, or a usual size where the system does not tell. */
size_t cpu_l2_bytes(void);

#endif
