/* fpenv.h - the default floating-point environment while the library computes */
#ifndef VIT_BASE_FPENV_H
#define VIT_BASE_FPENV_H

#include <stdint.h>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <fenv.h>
#endif

/* A thread's rounding mode, flushing of subnormals, traps, and the exceptions raised so far. */
struct fpenv {
#if defined(__x86_64__)
    uint32_t mxcsr;
    uint16_t x87_control; /* the library computes in SSE, but glibc's strtod rounds by this */
#elif defined(__aarch64__)
    uint64_t fpcr, fpsr;
#else
    fenv_t env;
#endif
};

/*
 * fpenv_enter sets the default environment on this thread (round to nearest, subnormals kept, no
 * traps) and returns the one before; fpenv_leave restores it and forgets the exceptions raised in
 * between. A compiler cannot move arithmetic out of the pair: to the compiler, the calls may change
 * the operands, which are in memory.
 */
struct fpenv fpenv_enter(void);
void fpenv_leave(struct fpenv before);

#endif
