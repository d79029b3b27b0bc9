/* cpu.c - CPUID and XCR0 on x86-64, HWCAP on aarch64; the cache as the C library reports it */
#include "base/cpu.h"

#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdint.h>

static uint64_t xcr0(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

unsigned cpu_features(void)
{
    const unsigned fbdv = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
    const uint64_t ymm_state = 0x06; /* XCR0: SSE, AVX */
    const uint64_t zmm_state = 0xe6; /* and opmask, the upper halves, registers 16 to 31 */
    unsigned a, b, c, d, features = 0;

    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 0;
    if (c & bit_OSXSAVE) {
        const uint64_t enabled = xcr0();
        features |= (enabled & ymm_state) == ymm_state ? CPU_OS_YMM : 0;
        features |= (enabled & zmm_state) == zmm_state ? CPU_OS_ZMM : 0;
    }
    features |= c & bit_FMA ? CPU_FMA : 0;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) {
        features |= b & bit_AVX2 ? CPU_AVX2 : 0;
        features |= (b & fbdv) == fbdv ? CPU_AVX512_FBDV : 0;
    }
    return features;
}

#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

unsigned cpu_features(void)
{
    return getauxval(AT_HWCAP) & HWCAP_ASIMD ? CPU_ASIMD : 0;
}

#else

unsigned cpu_features(void)
{
    return 0;
}

#endif

size_t cpu_l2_bytes(void)
{
    long bytes = 0;

#ifdef _SC_LEVEL2_CACHE_SIZE
    bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return bytes > 0 ? (size_t)bytes : (size_t)512 << 10;
}
