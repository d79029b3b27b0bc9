/* dispatch.c - builds a table of kernels per instruction set, once, and hands them out */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/status.h"
#include "kernels/fill.h"

struct isa_level {
    const char *name;
    unsigned needs; /* of enum cpu_feature */
    void (*fill)(struct vit_kernels *table);
};

/* Weakest first; each level overrides entries of the table below it. */
static const struct isa_level levels[] = {
    { "scalar", 0, vit_fill_scalar },
#if defined(__x86_64__)
    { "avx2", CPU_AVX2 | CPU_FMA | CPU_OS_YMM, vit_fill_avx2 },
    { "avx512", CPU_AVX2 | CPU_FMA | CPU_AVX512_FBDV | CPU_OS_ZMM, vit_fill_avx512 },
#elif defined(__aarch64__)
    { "neon", CPU_ASIMD, vit_fill_neon },
#endif
};
#define LEVELS (sizeof levels / sizeof *levels)

/*
 * Every name of every architecture, so that "neon" on x86-64 is a known level this machine
 * lacks.
 */
static const char *const known[] = { "scalar", "avx2", "avx512", "neon" };

static struct vit_kernels tables[LEVELS];
static bool usable[LEVELS];
static size_t best;

/*
 * So much of k that two panels, the one in use and the next on its way, take two fifths of L2: the
 * rest is for A, whose rows pass by all panels.
 */
static size_t k_block(const struct vit_matmul_kernel *kernel, size_t l2_bytes)
{
    const size_t k = l2_bytes / 5 / (kernel->nr * sizeof(float));
    return k > 64 ? k : 64;
}

static void build_tables(void)
{
    const unsigned features = cpu_features();
    const size_t l2_bytes = cpu_l2_bytes();

    for (size_t i = 0; i < LEVELS; i++) {
        if ((levels[i].needs & features) != levels[i].needs)
            continue;
        usable[i] = true;
        tables[i] = tables[best];
        levels[i].fill(&tables[i]);
        tables[i].matmul.kc = k_block(&tables[i].matmul, l2_bytes);
        best = i;
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

    build_tables_once();
    if (!isa)
        isa = getenv("VIT_ISA");
    if (!isa || (!*isa && *from)) { /* an empty variable is an unset one */
        *kernels = &tables[best];
        return VIT_OK;
    }
    for (size_t i = 0; i < LEVELS; i++)
        if (usable[i] && !strcmp(isa, levels[i].name)) {
            *kernels = &tables[i];
            return VIT_OK;
        }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(isa, known[i]))
            return fail(err, VIT_EUNSUPPORTED,
                        "this machine lacks the instruction set \"%s\"%s; its best is \"%s\"", isa,
                        from, levels[best].name);
    return fail(err, VIT_EINVAL,
                "\"%.32s\"%s is no instruction set: expected scalar, avx2, avx512 or neon", isa,
                from);
}

const char *vit_isa_level(size_t i, int *is_usable)
{
    build_tables_once();
    if (i >= LEVELS)
        return NULL;
    *is_usable = usable[i];
    return levels[i].name;
}

/* The entries of a table by name; a function pointer each, compared to tell whose it is. */
#define ENTRY(name, member)                                                                        \
    {                                                                                              \
        name, offsetof(struct vit_kernels, member)                                                 \
    }
static const struct {
    const char *name;
    size_t offset;
} entries[] = {
    ENTRY("matmul", matmul.tile),
    ENTRY("pack", matmul.pack),
    ENTRY("layernorm", layernorm),
    ENTRY("softmax", softmax),
    ENTRY("softmax_exp", softmax_exp),
    ENTRY("identity", activation[VIT_IDENTITY]),
    ENTRY("gelu", activation[VIT_GELU]),
    ENTRY("gelu_tanh", activation[VIT_GELU_TANH]),
    ENTRY("gelu_quick", activation[VIT_GELU_QUICK]),
    ENTRY("relu", activation[VIT_RELU]),
    ENTRY("silu", activation[VIT_SILU]),
    ENTRY("fma_peak", fma_peak),
};

const char *vit_kernels_entry(const struct vit_kernels *kernels, size_t i, const char **level)
{
    if (i >= sizeof entries / sizeof *entries)
        return NULL;
    build_tables_once();
    const char *own = (const char *)kernels + entries[i].offset;
    size_t l = 0;
    while (l < best && (!usable[l] || memcmp((const char *)&tables[l] + entries[i].offset, own,
                                             sizeof(void (*)(void)))))
        l++;
    *level = levels[l].name;
    return entries[i].name;
}
