/* unroll.h - loops over registers, which must be gone before registers are allocated */
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

#endif
