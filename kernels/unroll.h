/* unroll.h - macros that unroll and inline before the compiler allocates registers */
#ifndef VIT_KERNELS_UNROLL_H
#define VIT_KERNELS_UNROLL_H

/*
 * Written before a for loop. UNROLL: completely; the count is a constant of at most 32. An array
 * that a remaining loop indexes lives in memory, and a micro-kernel whose accumulators live in
 * memory runs at a third of its speed.
 */
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/*
 * Inlines a function at every level of optimization, so that its constant arguments specialize it.
 */
#define ALWAYS_INLINE __attribute__((always_inline)) static inline

#endif
