/* test_dispatch.c - the levels that described processors can run and use; this one's description */
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dispatch.h"
#include "counts.h"
#include "vit/kernels.h"

/* Values of XCR0: the registers that systems save. */
#define NOTHING    0 /* no XSAVE at all, or not used */
#define SSE        0x03
#define YMM        0x07
#define ZMM        0xe7

#define AVX2_FMA   (CPU_AVX | CPU_AVX2 | CPU_FMA | CPU_F16C)
#define AVX512_SKX (AVX2_FMA | CPU_AVX512F | CPU_AVX512BW | CPU_AVX512DQ | CPU_AVX512VL)

#define AVX512_CLX (AVX512_SKX | CPU_AVX512_VNNI)

#define INTEL      "GenuineIntel"
#define AMD        "AuthenticAMD"
#define SKX(brand) INTEL, "Intel(R) Xeon(R) " brand " CPU @ 2.10GHz", 6, 0x55, AVX512_SKX

static const struct machine {
    const char *name;
    struct cpu cpu;
    const char *usable, *standard;
} machines[] = {
    { "nothing known", { "", "", 0, 0, 0, NOTHING }, "scalar", "scalar" },
    { "Nehalem", { INTEL, "", 6, 0x1a, 0, NOTHING }, "scalar", "scalar" },
    { "Sandy Bridge", { INTEL, "", 6, 0x2a, CPU_AVX, YMM }, "scalar", "scalar" },
    { "Piledriver: FMA, no AVX2",
      { AMD, "", 0x15, 2, CPU_AVX | CPU_FMA, YMM },
      "scalar",
      "scalar" },
    { "Haswell", { INTEL, "", 6, 0x3c, AVX2_FMA, YMM }, "scalar avx2", "avx2" },
    { "Haswell, system without XSAVE",
      { INTEL, "", 6, 0x3c, AVX2_FMA, NOTHING },
      "scalar",
      "scalar" },
    { "Haswell, system without ymm", { INTEL, "", 6, 0x3c, AVX2_FMA, SSE }, "scalar", "scalar" },
    { "Haswell, ymm without xmm", { INTEL, "", 6, 0x3c, AVX2_FMA, 0x5 }, "scalar", "scalar" },
    { "Haswell, AVX masked", { INTEL, "", 6, 0x3c, CPU_AVX2 | CPU_FMA, YMM }, "scalar", "scalar" },
    { "Haswell, F16C masked",
      { INTEL, "", 6, 0x3c, CPU_AVX | CPU_AVX2 | CPU_FMA, YMM },
      "scalar",
      "scalar" },
    { "Eden X4: AVX2, no FMA",
      { "CentaurHauls", "", 6, 0xf, CPU_AVX | CPU_AVX2, YMM },
      "scalar",
      "scalar" },
    { "Knights Landing: F alone",
      { INTEL, "", 6, 0x57, AVX2_FMA | CPU_AVX512F, ZMM },
      "scalar avx2",
      "avx2" },
    { "Skylake-X",
      { INTEL, "Intel(R) Core(TM) i9-7900X CPU @ 3.30GHz", 6, 0x55, AVX512_SKX, ZMM },
      "scalar avx2 avx512",
      "avx512" },
    { "Skylake-X, system without zmm", { SKX("Platinum 8160"), YMM }, "scalar avx2", "avx2" },
    { "Skylake-X, no masks", { SKX("Platinum 8160"), ZMM & ~0x20 }, "scalar avx2", "avx2" },
    { "Skylake-X, no upper halves", { SKX("Platinum 8160"), ZMM & ~0x40 }, "scalar avx2", "avx2" },
    { "Skylake-X, no zmm16 to 31", { SKX("Platinum 8160"), ZMM & ~0x80 }, "scalar avx2", "avx2" },
    { "Skylake-X, zmm without ymm", { SKX("Platinum 8160"), ZMM & ~0x04 }, "scalar", "scalar" },
    { "Skylake-SP", { SKX("Platinum 8160"), ZMM }, "scalar avx2 avx512", "avx512" },
    { "Gold of two units", { SKX("Gold 6148"), ZMM }, "scalar avx2 avx512", "avx512" },
    { "Gold of two units", { SKX("Gold 5122"), ZMM }, "scalar avx2 avx512", "avx512" },
    { "Gold of two units", { SKX("Gold 5222"), ZMM }, "scalar avx2 avx512", "avx512" },
    { "Gold of one unit", { SKX("Gold 5118"), ZMM }, "scalar avx2 avx512", "avx2" },
    { "Gold of one unit", { SKX("Gold 5218"), ZMM }, "scalar avx2 avx512", "avx2" },
    { "Silver", { SKX("Silver 4110"), ZMM }, "scalar avx2 avx512", "avx2" },
    { "Silver, system without zmm", { SKX("Silver 4110"), YMM }, "scalar avx2", "avx2" },
    { "Bronze", { SKX("Bronze 3104"), ZMM }, "scalar avx2 avx512", "avx2" },
    { "Cascade Lake, hypervisor's brand", { SKX(""), ZMM }, "scalar avx2 avx512", "avx512" },
    { "Ice Lake-SP, Silver",
      { INTEL, "Intel(R) Xeon(R) Silver 4310", 6, 0x6a, AVX512_SKX, ZMM },
      "scalar avx2 avx512",
      "avx512" },
    { "Ice Lake client", { INTEL, "", 6, 0x7e, AVX512_SKX, ZMM }, "scalar avx2 avx512", "avx512" },
    { "Alder Lake", { INTEL, "", 6, 0x97, AVX2_FMA, YMM }, "scalar avx2", "avx2" },
    { "Zen 3", { AMD, "", 0x19, 0x21, AVX2_FMA, YMM }, "scalar avx2", "avx2" },
    { "Zen 4", { AMD, "", 0x19, 0x61, AVX512_SKX, ZMM }, "scalar avx2 avx512", "avx512" },
    { "Zen 5", { AMD, "", 0x1a, 0x02, AVX512_SKX, ZMM }, "scalar avx2 avx512", "avx512" },
    { "Cascade Lake",
      { INTEL, "Intel(R) Xeon(R) Gold 6248", 6, 0x55, AVX512_CLX, ZMM },
      "scalar avx2 avx512 avx512vnni",
      "avx512vnni" },
    { "Cascade Lake, one unit",
      { INTEL, "Intel(R) Xeon(R) Silver 4210", 6, 0x55, AVX512_CLX, ZMM },
      "scalar avx2 avx512 avx512vnni",
      "avx2" },
    { "Cascade Lake, system without zmm",
      { INTEL, "Intel(R) Xeon(R) Gold 6248", 6, 0x55, AVX512_CLX, YMM },
      "scalar avx2",
      "avx2" },
    { "Alder Lake, AVX-VNNI",
      { INTEL, "", 6, 0x97, AVX2_FMA | CPU_AVX_VNNI, YMM },
      "scalar avx2 avx2vnni",
      "avx2vnni" },
    { "Sapphire Rapids",
      { INTEL, "", 6, 0x8f, AVX512_CLX | CPU_AVX_VNNI, ZMM },
      "scalar avx2 avx2vnni avx512 avx512vnni",
      "avx512vnni" },
    { "Zen 4, VNNI",
      { AMD, "", 0x19, 0x61, AVX512_CLX, ZMM },
      "scalar avx2 avx512 avx512vnni",
      "avx512vnni" },
    { "AVX-VNNI without AVX2",
      { INTEL, "", 6, 0x97, CPU_AVX | CPU_AVX_VNNI, YMM },
      "scalar",
      "scalar" },
    { "aarch64", { "", "", 0, 0, CPU_ASIMD, 0 }, "scalar neon", "neon" },
    { "Neoverse N1",
      { "", "", 0, 0, CPU_ASIMD | CPU_ASIMDDP, 0 },
      "scalar neon neondot",
      "neondot" },
    { "Neoverse V1",
      { "", "", 0, 0, CPU_ASIMD | CPU_ASIMDDP | CPU_I8MM, 0 },
      "scalar neon neondot neoni8mm",
      "neoni8mm" },
    { "aarch64 without ASIMD", { "", "", 0, 0, 0, 0 }, "scalar", "scalar" },
};
enum { MACHINES = sizeof machines / sizeof *machines };

/* The names of the usable levels, in their order. */
static void list(const struct isa_choice *choice, char names[64])
{
    *names = '\0';
    for (size_t i = 0; isa_name(i); i++)
        if (choice->usable[i])
            strcat(strcat(names, *names ? " " : ""), isa_name(i));
}

Test(dispatch, a_processor_is_named_by_its_microarchitecture)
{
    static const struct {
        struct cpu cpu;
        const char *name;
    } named[] = {
        { { AMD, "AMD EPYC                     ", 25, 0x11, 0, 0 },
          "Zen 4 (AuthenticAMD, family 25, model 0x11, AMD EPYC)" },
        { { AMD, "", 25, 0x01, 0, 0 }, "Zen 3 (AuthenticAMD, family 25, model 0x1)" },
        { { AMD, "", 26, 0x02, 0, 0 }, "Zen 5 (AuthenticAMD, family 26, model 0x2)" },
        { { AMD, "", 99, 0x02, 0, 0 },
          "unknown microarchitecture (AuthenticAMD, family 99, model 0x2)" },
        { { INTEL, "  INTEL(R) XEON(R) PLATINUM 8581C", 6, 0xcf, 0, 0 },
          "Emerald Rapids (GenuineIntel, family 6, model 0xcf, INTEL(R) XEON(R) PLATINUM 8581C)" },
        { { "0x41", "", 0, 0xd0c, 0, 0 }, "Neoverse N1 (0x41, family 0, model 0xd0c)" },
        { { "", "Apple M1", 0, 0, 0, 0 }, "Apple M1" },
        { { "", "", 0, 0, 0, 0 }, "unknown" },
    };
    char name[128], part[6];

    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        cr_expect_eq(cpu_format_name(&named[i].cpu, name, sizeof name), strlen(named[i].name));
        cr_expect_str_eq(name, named[i].name);
    }
    cr_expect_gt(vit_cpu_name(name, sizeof name), 6, "this processor: %s", name);
    cr_expect_eq(vit_cpu_name(NULL, 0), strlen(name));
    cr_expect_eq(vit_cpu_name(part, sizeof part), strlen(name));
    cr_expect_eq(strncmp(name, part, 5), 0);
    cr_expect_eq(strlen(part), 5);
    count_checks(2 * sizeof named / sizeof *named + 5);
}

Test(dispatch, a_level_needs_processor_and_system)
{
    char usable[64];

    for (size_t i = 0; i < MACHINES; i++) {
        const struct isa_choice choice = isa_choose(&machines[i].cpu);
        list(&choice, usable);
        cr_assert_str_eq(usable, machines[i].usable, "%s: %s", machines[i].name, usable);
    }
    count_checks(MACHINES);
}

Test(dispatch, the_default_is_the_strongest_level_that_the_policy_allows)
{
    for (size_t i = 0; i < MACHINES; i++) {
        const struct isa_choice choice = isa_choose(&machines[i].cpu);
        const char *strongest = strrchr(machines[i].usable, ' ');
        strongest = strongest ? strongest + 1 : machines[i].usable;
        cr_assert_str_eq(isa_name(choice.standard), machines[i].standard, "%s", machines[i].name);
        cr_assert(choice.usable[choice.standard], "%s", machines[i].name);
        cr_assert_eq(choice.reason != NULL, strcmp(strongest, machines[i].standard) != 0,
                     "%s: a reason for nothing, or no reason", machines[i].name);
    }
    count_checks(3 * MACHINES);
}

/* What each level needs, stated apart from kernels/levels.h. */
static const struct need {
    const char *level;
    unsigned features;
    uint64_t xcr0;
} needs[] = {
    { "scalar", 0, NOTHING },
    { "avx2", AVX2_FMA, 0x06 },
    { "avx512", AVX512_SKX, 0xe6 },
    { "avx2vnni", AVX2_FMA | CPU_AVX_VNNI, 0x06 },
    { "avx512vnni", AVX512_CLX, 0xe6 },
    { "neon", CPU_ASIMD, NOTHING },
    { "neondot", CPU_ASIMD | CPU_ASIMDDP, NOTHING },
    { "neoni8mm", CPU_ASIMD | CPU_ASIMDDP | CPU_I8MM, NOTHING },
};

static const struct need *need_of(const char *level)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (strcmp(needs[i].level, level) == 0)
            return &needs[i];
    cr_assert_fail("%s: expected a row in needs, found none", level);
    return NULL;
}

/* Every combination of what can be missing. */
Test(dispatch, a_level_needs_each_of_its_features_and_registers)
{
    static const uint64_t states[] = { 0x02, 0x04, 0x20, 0x40, 0x80 };
    const struct need *level[ISA_LEVELS];
    size_t checks = 0;

    for (size_t i = 0; i < ISA_LEVELS; i++)
        level[i] = need_of(isa_name(i));
    for (unsigned features = 0; features < 1u << CPU_FEATURE_COUNT; features++)
        for (unsigned saved = 0; saved < 1u << 5; saved++) {
            struct cpu cpu = { .features = features };
            for (size_t i = 0; i < 5; i++)
                cpu.xcr0 |= saved >> i & 1 ? states[i] : 0;
            const struct isa_choice choice = isa_choose(&cpu);
            for (size_t i = 0; i < ISA_LEVELS; i++)
                cr_assert_eq(choice.usable[i],
                             (features & level[i]->features) == level[i]->features &&
                                 (cpu.xcr0 & level[i]->xcr0) == level[i]->xcr0,
                             "%s: features %#x, xcr0 %#llx", isa_name(i), features,
                             (unsigned long long)cpu.xcr0);
            checks += ISA_LEVELS;
        }
    count_checks(checks);
}

Test(dispatch, a_name_overrides_the_policy_but_not_the_machine)
{
    const struct cpu silver = { SKX("Silver 4110"), ZMM }, narrow = { SKX("Silver 4110"), YMM };
    const struct isa_choice policy = isa_choose(&silver), lacking = isa_choose(&narrow);
    struct vit_error err = { VIT_OK, "" };
    size_t level = 0;

    cr_assert_str_eq(isa_name(policy.standard), "avx2");
    cr_assert_eq(isa_find(&policy, "avx512", "", &level, &err), VIT_OK);
    cr_assert_str_eq(isa_name(level), "avx512");
    cr_assert_eq(isa_find(&lacking, "avx512", "", &level, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "this machine lacks") &&
                  strstr(err.message, "expected scalar or avx2"),
              "%s", err.message);
    cr_assert_eq(isa_find(&lacking, "neon", "", &level, &err), VIT_EUNSUPPORTED);
    cr_assert_eq(isa_find(&lacking, "sse9", "", &level, &err), VIT_EINVAL);
    count_checks(7);
}

Test(dispatch, the_library_uses_the_levels_of_this_machines_description)
{
    const struct cpu cpu = cpu_describe();
    const struct isa_choice choice = isa_choose(&cpu);
    const struct vit_kernels *kernels;
    const char *name, *reason;
    size_t level;
    int usable;

    unsetenv("VIT_ISA");
    for (size_t i = 0; (name = vit_isa_level(i, &usable)); i++)
        cr_assert_eq(usable != 0, isa_find(&choice, name, "", &level, NULL) == VIT_OK, "%s", name);
    cr_assert_str_eq(vit_isa_default(&reason), isa_name(choice.standard));
    cr_assert_eq(vit_kernels_get(NULL, &kernels, NULL), VIT_OK);
    cr_assert_str_eq(kernels->isa, isa_name(choice.standard));
    count_checks(4);
}

#if defined(__x86_64__) && defined(__linux__)

/* The value of a line of /proc/cpuinfo, between spaces; "" if there is no such line. */
static char *cpuinfo(const char *key)
{
    static char line[8192], value[8192];
    FILE *f = fopen("/proc/cpuinfo", "r");

    cr_assert_not_null(f);
    strcpy(value, "");
    while (!*value && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)) && strchr("\t ", line[strlen(key)]))
            snprintf(value, sizeof value, " %s ", strtok(strchr(line, ':') + 2, "\n"));
    fclose(f);
    return value;
}

/* Linux reads CPUID itself. It may hide a feature, as this build may, but it never adds one. */
Test(dispatch, the_description_of_this_machine_has_what_linux_finds)
{
#define FLAG(name, leaf, subleaf, reg, mask) { " " #name " ", CPU_##name },
    static const struct {
        const char *flag; /* in capitals */
        unsigned feature;
    } flags[] = { CPU_X86_FEATURES(FLAG) };
#undef FLAG
    const struct cpu cpu = cpu_describe();
    char *const found = cpuinfo("flags");

    for (char *c = found; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    cr_assert(strstr(found, " FPU "), "flags: expected FPU, found %s", found);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        cr_assert(!strstr(found, flags[i].flag) || (cpu.features | (CPU_HIDDEN)) & flags[i].feature,
                  "%s", flags[i].flag);
    cr_assert_eq(strtoul(cpuinfo("cpu family"), NULL, 10), cpu.family);
    cr_assert_eq(strtoul(cpuinfo("model"), NULL, 10), cpu.model);
    cr_assert(strstr(cpuinfo("vendor_id"), cpu.vendor) && *cpu.vendor);
    count_checks(sizeof flags / sizeof *flags + 4);
}

#endif
