/* dispatch.c - which levels this machine can run and should; a table of kernels for each, once */
#include "base/dispatch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/policy.h"
#include "base/status.h"
#include "kernels/register.h"

#if defined(__x86_64__)
#define ON_X86_64(fill) fill
#else
#define ON_X86_64(fill) NULL
#endif
#if defined(__aarch64__)
#define ON_AARCH64(fill) fill
#else
#define ON_AARCH64(fill) NULL
#endif

/* What the flags of each level in the Makefile let the compiler use. */
#define AVX2   (CPU_AVX | CPU_AVX2 | CPU_FMA)
#define AVX512 (AVX2 | CPU_AVX512F | CPU_AVX512BW | CPU_AVX512DQ | CPU_AVX512VL)

/* Weakest first; on one machine each overrides entries of the table below it. */
static const struct isa_level {
    const char *name;
    unsigned needs;                          /* of enum cpu_feature */
    uint64_t needs_xcr0;                     /* registers that the system must save */
    void (*fill)(struct vit_kernels *table); /* NULL: another architecture's */
} levels[] = {
    { "scalar", 0, 0, vit_fill_scalar },
    { "avx2", AVX2, XCR0_YMM, ON_X86_64(vit_fill_avx2) },
    { "avx512", AVX512, XCR0_ZMM, ON_X86_64(vit_fill_avx512) },
    { "neon", CPU_ASIMD, 0, ON_AARCH64(vit_fill_neon) },
};
#define LEVELS (sizeof levels / sizeof *levels)
_Static_assert(LEVELS <= MOST_LEVELS, "struct isa_choice has room for every level");

static struct vit_kernels tables[LEVELS];
static struct isa_choice here;

const char *isa_name(size_t level)
{
    return level < LEVELS ? levels[level].name : NULL;
}

struct isa_choice isa_choose(const struct cpu *cpu)
{
    struct isa_choice choice = { .should = 0 };

    for (size_t i = 0; i < LEVELS; i++) {
        choice.can[i] = (levels[i].needs & cpu->features) == levels[i].needs &&
                        (levels[i].needs_xcr0 & cpu->xcr0) == levels[i].needs_xcr0;
        if (!choice.can[i])
            continue;
        choice.reason = policy_against(cpu, levels[i].name);
        if (!choice.reason)
            choice.should = i;
    }
    return choice;
}

enum vit_status isa_find(const struct isa_choice *choice, const char *name, const char *from,
                         size_t *level, struct vit_error *err)
{
    for (size_t i = 0; i < LEVELS; i++) {
        if (strcmp(name, levels[i].name) != 0)
            continue;
        if (!choice->can[i])
            return fail(err, VIT_EUNSUPPORTED,
                        "this machine lacks the instruction set \"%s\"%s; its best is \"%s\"", name,
                        from, levels[choice->should].name);
        *level = i;
        return VIT_OK;
    }
    return fail(err, VIT_EINVAL,
                "\"%.32s\"%s is no instruction set: expected scalar, avx2, avx512 or neon", name,
                from);
}

/*
 * So much of k that two panels, the one in use and the next on its way, take two fifths of L2: the
 * rest is for A, whose rows pass by all panels.
 */
static size_t k_block(const struct vit_matmul_kernel *kernel, size_t l2_bytes)
{
    const size_t k = l2_bytes / 5 / kernel->panel_bytes(1);
    return k > 64 ? k : 64;
}

static void build_tables(void)
{
    const struct cpu cpu = cpu_describe();
    const size_t l2_bytes = cpu_l2_bytes();
    size_t below = 0;

    here = isa_choose(&cpu);
    for (size_t i = 0; i < LEVELS; i++) {
        if (!here.can[i])
            continue;
        tables[i] = tables[below];
        levels[i].fill(&tables[i]);
        for (size_t p = 0; p < VIT_MATMUL_PAIRS; p++)
            tables[i].matmul[p].kc = k_block(&tables[i].matmul[p], l2_bytes);
        below = i;
    }
}

static void build_tables_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build_tables);
}

enum vit_status vit_kernels_get(const char *isa, const struct vit_kernels **kernels,
                                struct vit_error *err)
{
    const char *from = isa ? "" : " (from the environment's VIT_ISA)";
    size_t level;

    build_tables_once();
    if (!isa)
        isa = getenv("VIT_ISA");
    level = here.should;
    if (isa && (*isa || !*from)) { /* an empty variable is an unset one */
        const enum vit_status status = isa_find(&here, isa, from, &level, err);
        if (status != VIT_OK)
            return status;
    }
    *kernels = &tables[level];
    return VIT_OK;
}

const char *vit_isa_level(size_t i, int *usable)
{
    build_tables_once();
    for (size_t l = 0; l < LEVELS; l++)
        if (levels[l].fill && i-- == 0) {
            if (usable)
                *usable = here.can[l];
            return levels[l].name;
        }
    return NULL;
}

const char *vit_isa_default(const char **reason)
{
    build_tables_once();
    if (reason)
        *reason = here.reason;
    return levels[here.should].name;
}

/* The entries of a table by name; a function pointer each, compared to tell whose it is. */
#define ENTRY(name, member)                                                                        \
    {                                                                                              \
        name, offsetof(struct vit_kernels, member)                                                 \
    }
#define ACTIVATION_ENTRY(IDENTIFIER, name, value, args, weights) ENTRY(#name, activation[value]),
static const struct {
    const char *name;
    size_t offset;
} entries[] = {
    ENTRY("matmul", matmul[VIT_MATMUL_F32_F32].tile),
    ENTRY("pack", matmul[VIT_MATMUL_F32_F32].pack),
    ENTRY("layernorm", layernorm),
    ENTRY("softmax", softmax),
    ENTRY("exp_sub_max", exp_sub_max),
    VIT_ACTIVATION_LIST(ACTIVATION_ENTRY) /**/
    ENTRY("add", add),
    ENTRY("multiply", multiply),
    ENTRY("fma_peak", fma_peak),
};

const char *vit_kernels_name_at(const struct vit_kernels *kernels, size_t i, const char **level)
{
    if (i >= sizeof entries / sizeof *entries)
        return NULL;
    build_tables_once();
    const char *own = (const char *)kernels + entries[i].offset;
    size_t l = 0;
    while (l + 1 < LEVELS && (!here.can[l] || memcmp((const char *)&tables[l] + entries[i].offset,
                                                     own, sizeof(void (*)(void)))))
        l++;
    if (level)
        *level = levels[l].name;
    return entries[i].name;
}
