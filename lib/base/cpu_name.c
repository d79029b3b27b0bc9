/* cpu_name.c - what reports call a processor: its microarchitecture, and how it names itself */
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "vit/kernels.h"

/*
 * Models of a family, by the vendors' manuals: AMD's revision guides and "Processor Programming
 * Reference" of each family; Intel's SDM vol. 4, table 2-1; Arm's technical reference manuals
 * (MIDR_EL1). A virtual machine often hides the brand, never these numbers.
 */
static const struct {
    const char *vendor;
    unsigned family, first, last;
    const char *name;
} known[] = {
    { "AuthenticAMD", 23, 0x00, 0x07, "Zen" },
    { "AuthenticAMD", 23, 0x08, 0x0f, "Zen+" },
    { "AuthenticAMD", 23, 0x10, 0x17, "Zen" },
    { "AuthenticAMD", 23, 0x18, 0x1f, "Zen+" },
    { "AuthenticAMD", 23, 0x30, 0xaf, "Zen 2" },
    { "AuthenticAMD", 25, 0x00, 0x0f, "Zen 3" },
    { "AuthenticAMD", 25, 0x10, 0x1f, "Zen 4" },
    { "AuthenticAMD", 25, 0x20, 0x2f, "Zen 3" },
    { "AuthenticAMD", 25, 0x40, 0x4f, "Zen 3+" },
    { "AuthenticAMD", 25, 0x50, 0x5f, "Zen 3" },
    { "AuthenticAMD", 25, 0x60, 0x7f, "Zen 4" },
    { "AuthenticAMD", 25, 0xa0, 0xaf, "Zen 4c" },
    { "AuthenticAMD", 26, 0x00, 0x7f, "Zen 5" },
    { "GenuineIntel", 6, 0x2a, 0x2a, "Sandy Bridge" },
    { "GenuineIntel", 6, 0x2d, 0x2d, "Sandy Bridge-EP" },
    { "GenuineIntel", 6, 0x3a, 0x3a, "Ivy Bridge" },
    { "GenuineIntel", 6, 0x3c, 0x3c, "Haswell" },
    { "GenuineIntel", 6, 0x3d, 0x3d, "Broadwell" },
    { "GenuineIntel", 6, 0x3e, 0x3e, "Ivy Bridge-EP" },
    { "GenuineIntel", 6, 0x3f, 0x3f, "Haswell-EP" },
    { "GenuineIntel", 6, 0x45, 0x46, "Haswell" },
    { "GenuineIntel", 6, 0x47, 0x47, "Broadwell" },
    { "GenuineIntel", 6, 0x4e, 0x4e, "Skylake" },
    { "GenuineIntel", 6, 0x4f, 0x4f, "Broadwell-EP" },
    { "GenuineIntel", 6, 0x55, 0x55, "Skylake-SP or Cascade Lake" },
    { "GenuineIntel", 6, 0x56, 0x56, "Broadwell-DE" },
    { "GenuineIntel", 6, 0x5e, 0x5e, "Skylake" },
    { "GenuineIntel", 6, 0x6a, 0x6c, "Ice Lake-SP" },
    { "GenuineIntel", 6, 0x7d, 0x7e, "Ice Lake" },
    { "GenuineIntel", 6, 0x8c, 0x8d, "Tiger Lake" },
    { "GenuineIntel", 6, 0x8e, 0x8e, "Kaby Lake" },
    { "GenuineIntel", 6, 0x8f, 0x8f, "Sapphire Rapids" },
    { "GenuineIntel", 6, 0x97, 0x97, "Alder Lake" },
    { "GenuineIntel", 6, 0x9a, 0x9a, "Alder Lake" },
    { "GenuineIntel", 6, 0x9e, 0x9e, "Kaby Lake" },
    { "GenuineIntel", 6, 0xa5, 0xa6, "Comet Lake" },
    { "GenuineIntel", 6, 0xa7, 0xa7, "Rocket Lake" },
    { "GenuineIntel", 6, 0xaa, 0xaa, "Meteor Lake" },
    { "GenuineIntel", 6, 0xad, 0xae, "Granite Rapids" },
    { "GenuineIntel", 6, 0xaf, 0xaf, "Sierra Forest" },
    { "GenuineIntel", 6, 0xb7, 0xb7, "Raptor Lake" },
    { "GenuineIntel", 6, 0xba, 0xba, "Raptor Lake" },
    { "GenuineIntel", 6, 0xbf, 0xbf, "Raptor Lake" },
    { "GenuineIntel", 6, 0xcf, 0xcf, "Emerald Rapids" },
    { "0x41", 0, 0xd03, 0xd03, "Cortex-A53" },
    { "0x41", 0, 0xd05, 0xd05, "Cortex-A55" },
    { "0x41", 0, 0xd07, 0xd07, "Cortex-A57" },
    { "0x41", 0, 0xd08, 0xd08, "Cortex-A72" },
    { "0x41", 0, 0xd0b, 0xd0b, "Cortex-A76" },
    { "0x41", 0, 0xd0c, 0xd0c, "Neoverse N1" },
    { "0x41", 0, 0xd40, 0xd40, "Neoverse V1" },
    { "0x41", 0, 0xd49, 0xd49, "Neoverse N2" },
    { "0x41", 0, 0xd4f, 0xd4f, "Neoverse V2" },
};

static const char *find_microarchitecture(const struct cpu *cpu)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].vendor, cpu->vendor) == 0 && known[i].family == cpu->family &&
            known[i].first <= cpu->model && cpu->model <= known[i].last)
            return known[i].name;
    return "unknown microarchitecture";
}

size_t cpu_format_name(const struct cpu *cpu, char *name, size_t size)
{
    const char *brand = cpu->brand + strspn(cpu->brand, " ");
    int brand_length = (int)strlen(brand), length;

    while (brand_length > 0 && brand[brand_length - 1] == ' ')
        brand_length--;
    if (!cpu->vendor[0])
        length = snprintf(name, size, "%.*s", brand_length ? brand_length : 7,
                          brand_length ? brand : "unknown");
    else
        length = snprintf(name, size, "%s (%s, family %u, model 0x%x%s%.*s)",
                          find_microarchitecture(cpu), cpu->vendor, cpu->family, cpu->model,
                          brand_length ? ", " : "", brand_length, brand);
    return length > 0 ? (size_t)length : 0;
}

size_t vit_cpu_name(char *name, size_t size)
{
    const struct cpu cpu = cpu_describe();

    return cpu_format_name(&cpu, name, size);
}
