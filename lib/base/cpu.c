/* cpu.c - CPUID and XCR0 on x86-64, HWCAP on aarch64 */
#include "base/cpu.h"

#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

/* The registers of a leaf's subleaf; zero if the processor has no such leaf or subleaf. */
struct leaf {
    unsigned a, b, c, d;
};

static struct leaf cpuid(unsigned leaf, unsigned subleaf)
{
    struct leaf r = { 0 };

    /* compares with the highest leaf; CPUID itself returns zeros beyond leaf 7's last subleaf */
    if (!__get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d))
        return (struct leaf){ 0 };
    return r;
}

/* Faults unless CPUID reports OSXSAVE: Intel SDM vol. 2, XGETBV. */
static uint64_t xgetbv(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static void describe_name(struct cpu *cpu)
{
    const struct leaf name = cpuid(0, 0);

    memcpy(cpu->vendor, (unsigned[]){ name.b, name.d, name.c }, 12);
    for (unsigned i = 0; i < 3; i++) {
        const struct leaf part = cpuid(0x80000002 + i, 0);
        memcpy(cpu->brand + 16 * i, &part, 16);
    }
}

/* Intel SDM vol. 2, CPUID, "Version Information"; AMD 25481, Fn0000_0001_EAX. */
static void describe_version(struct cpu *cpu, unsigned eax)
{
    const unsigned family = eax >> 8 & 0xf, model = eax >> 4 & 0xf;

    cpu->family = family == 15 ? family + (eax >> 20 & 0xff) : family;
    cpu->model = family == 6 || family == 15 ? model | (eax >> 12 & 0xf0) : model;
}

static struct cpu describe(void)
{
    const struct leaf one = cpuid(1, 0);
    struct cpu cpu = { .features = 0 };

    describe_name(&cpu);
    describe_version(&cpu, one.a);
#define FEATURE(name, leaf, subleaf, reg, mask)                                                    \
    cpu.features |= cpuid(leaf, subleaf).reg & (mask) ? CPU_##name : 0;
    CPU_X86_FEATURES(FEATURE)
#undef FEATURE
    cpu.xcr0 = one.c & bit_OSXSAVE ? xgetbv() : 0;
    return cpu;
}

size_t cpu_cache_leaves(size_t max, struct cpuid_cache *subleaves)
{
    const unsigned leaf = cpuid(4, 0).a & 31 ? 4 : 0x8000001d; /* AMD's leaf 4 is zeros */

    for (unsigned i = 0; i < max; i++) {
        const struct leaf cache = cpuid(leaf, i);
        subleaves[i] = (struct cpuid_cache){ cache.a, cache.b, cache.c };
    }
    return max;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>

#ifndef HWCAP2_I8MM /* headers of Linux before 5.6 */
#define HWCAP2_I8MM (1 << 13)
#endif

static struct cpu describe(void)
{
    const unsigned long has = getauxval(AT_HWCAP);
    const unsigned dot = has & HWCAP_ASIMDDP ? CPU_ASIMDDP : 0;
    const unsigned i8mm = getauxval(AT_HWCAP2) & HWCAP2_I8MM ? CPU_I8MM : 0;
    struct cpu cpu = { .features = (has & HWCAP_ASIMD ? CPU_ASIMD : 0) | dot | i8mm };
    uint64_t midr;

    if (has & HWCAP_CPUID) { /* the system answers in place of the register: Arm ARM, MIDR_EL1 */
        __asm__("mrs %0, midr_el1" : "=r"(midr));
        snprintf(cpu.vendor, sizeof cpu.vendor, "0x%02x", (unsigned)(midr >> 24 & 0xff));
        cpu.model = midr >> 4 & 0xfff;
    }
    return cpu;
}

#elif defined(__aarch64__) /* no other system runs without it */
#if defined(__APPLE__) && __has_include(<sys/sysctl.h>)
#include <sys/sysctl.h>
#define HAS_SYSCTL

static int sysctl_is_set(const char *name)
{
    int value = 0;
    size_t bytes = sizeof value;

    return sysctlbyname(name, &value, &bytes, NULL, 0) == 0 && value;
}
#endif

static struct cpu describe(void)
{
    struct cpu cpu = { .features = CPU_ASIMD };
#ifdef HAS_SYSCTL
    size_t bytes = sizeof cpu.brand;

    cpu.features |= sysctl_is_set("hw.optional.arm.FEAT_DotProd") ? CPU_ASIMDDP : 0;
    cpu.features |= sysctl_is_set("hw.optional.arm.FEAT_I8MM") ? CPU_I8MM : 0;
    if (sysctlbyname("machdep.cpu.brand_string", cpu.brand, &bytes, NULL, 0) != 0)
        cpu.brand[0] = '\0';
    cpu.brand[sizeof cpu.brand - 1] = '\0';
#endif
    return cpu;
}

#else

static struct cpu describe(void)
{
    return (struct cpu){ .features = 0 };
}

#endif

struct cpu cpu_describe(void)
{
    struct cpu cpu = describe();

    cpu.features &= ~(unsigned)(CPU_HIDDEN);
    return cpu;
}

#if !defined(__x86_64__)
size_t cpu_cache_leaves(size_t max, struct cpuid_cache *subleaves)
{
    (void)max;
    (void)subleaves;
    return 0;
}
#endif
