/* fpenv.c - MXCSR and x87's control word on x86-64, FPCR and FPSR on aarch64, else <fenv.h> */
#include "base/fpenv.h"

#if defined(__x86_64__)

#define MXCSR_DEFAULT 0x1f80u /* Intel SDM vol. 1, 10.2.3: all exceptions masked, nothing else */
#define MXCSR_FLAGS   0x3fu   /* exceptions raised */
#define X87_DEFAULT   0x037fu /* 8.1.5: after FNINIT */

/* A write that changes a register takes some 20 ns, so each is written only if it must change. */

static uint32_t mxcsr(void)
{
    uint32_t now;
    __asm__ volatile("stmxcsr %0" : "=m"(now) : : "memory");
    return now;
}

static void set_mxcsr(uint32_t value)
{
    __asm__ volatile("ldmxcsr %0" : : "m"(value) : "memory");
}

static void set_x87_control(uint16_t value)
{
    __asm__ volatile("fldcw %0" : : "m"(value) : "memory");
}

struct fpenv fpenv_enter(void)
{
    struct fpenv before = { .mxcsr = mxcsr() };

    __asm__ volatile("fnstcw %0" : "=m"(before.x87_control) : : "memory");
    if ((before.mxcsr & ~MXCSR_FLAGS) != MXCSR_DEFAULT)
        set_mxcsr(MXCSR_DEFAULT);
    if (before.x87_control != X87_DEFAULT)
        set_x87_control(X87_DEFAULT);
    return before;
}

void fpenv_leave(struct fpenv before)
{
    if (before.mxcsr != mxcsr())
        set_mxcsr(before.mxcsr);
    if (before.x87_control != X87_DEFAULT)
        set_x87_control(before.x87_control);
}

#elif defined(__aarch64__)

struct fpenv fpenv_enter(void)
{
    struct fpenv before;

    __asm__ volatile("mrs %0, fpcr\n\tmrs %1, fpsr"
                     : "=r"(before.fpcr), "=r"(before.fpsr)
                     :
                     : "memory");
    if (before.fpcr != 0) /* 0 is the default: Arm ARM, FPCR */
        __asm__ volatile("msr fpcr, xzr" : : : "memory");
    return before;
}

void fpenv_leave(struct fpenv before)
{
    __asm__ volatile("msr fpsr, %0" : : "r"(before.fpsr) : "memory");
    if (before.fpcr != 0)
        __asm__ volatile("msr fpcr, %0" : : "r"(before.fpcr) : "memory");
}

#else

struct fpenv fpenv_enter(void)
{
    struct fpenv before;

    fegetenv(&before.env);
    fesetenv(FE_DFL_ENV);
    return before;
}

void fpenv_leave(struct fpenv before)
{
    fesetenv(&before.env);
}

#endif
