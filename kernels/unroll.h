/* unroll.h - what must be gone before registers are allocated: loops over them, and calls */
#ifndef VIT_KERNELS_UNROLL_H
#define VIT_KERNELS_UNROLL_H

/*
 * Before a for loop. UNROLL: wholly, its count being known and at most 32. An array indexed by what
 * is left of a loop is memory, and a micro-kernel whose accumulators are memory runs at a third of
 * its speed. UNROLL_BY_4: four steps at a time, whatever the count.
 */
#ifdef __clang__
#define UNROLL      _Pragma("clang loop unroll(full)")
#define UNROLL_BY_4 _Pragma("clang loop unroll_count(4)")
#else
#define UNROLL      _Pragma("GCC unroll 32")
#define UNROLL_BY_4 _Pragma("GCC unroll 4")
#endif

/* A function whose constant arguments shape its code, at every level of optimization. */
#define ALWAYS_INLINE __attribute__((always_inline)) static inline

#endif
