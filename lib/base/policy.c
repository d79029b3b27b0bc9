/* policy.c - the processors that a level slows down */
#include "base/policy.h"

#include <string.h>

/*
 * AVX-512 is the default wherever it is usable, except on the processors below. It doubles the peak
 * of a core with two 512-bit multiply-add units (Skylake-SP's Platinum and Gold 61xx, Ice Lake and
 * Sapphire Rapids servers, Zen 5). Where its instructions take two passes of 256-bit units (Zen 4)
 * or there is one unit without a lower clock (Ice, Tiger and Rocket Lake clients: Downs 2020, "Ice
 * Lake AVX-512 Downclocking"), the peak equals AVX2's, with half the instructions.
 *
 * Skylake-SP and Cascade Lake are both model 0x55. Those with one unit gain nothing per cycle, and
 * heavy 512-bit code lowers their clock below that of AVX2 (Intel's Specification Updates of both,
 * "Intel AVX-512 Turbo Frequencies"). CPUID does not report the number of units, so the table uses
 * the brand. The first row that matches decides; an unknown brand, as under a hypervisor, matches
 * no row.
 */
static const char one_unit[] = "it has one 512-bit FMA unit, at a lower clock than AVX2's";

static const struct {
    const char *level, *vendor;
    unsigned family, model;
    const char *brand; /* a part of it */
    const char *against;
} rows[] = {
    { "avx512", "GenuineIntel", 6, 0x55, "Gold 5122", NULL }, /* two units, according to Intel's
                                                                 product list */
    { "avx512", "GenuineIntel", 6, 0x55, "Gold 5222", NULL }, /* two */
    { "avx512", "GenuineIntel", 6, 0x55, "Gold 51", one_unit },
    { "avx512", "GenuineIntel", 6, 0x55, "Gold 52", one_unit },
    { "avx512", "GenuineIntel", 6, 0x55, "Silver", one_unit },
    { "avx512", "GenuineIntel", 6, 0x55, "Bronze", one_unit },
};

const char *policy_against(const struct cpu *cpu, const char *level)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].level, level) && !strcmp(rows[i].vendor, cpu->vendor) &&
            rows[i].family == cpu->family && rows[i].model == cpu->model &&
            strstr(cpu->brand, rows[i].brand))
            return rows[i].against;
    return NULL;
}
