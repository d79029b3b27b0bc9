/* dispatch.c - which levels this machine can run and uses; builds their tables of kernels, once */
#include "base/dispatch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/blocking.h"
#include "base/caches.h"
#include "base/policy.h"
#include "base/status.h"
#include "kernels/register.h"

#define ON_ANY(function) function
#if defined(__x86_64__)
#define ON_X86_64(function) function
#else
#define ON_X86_64(function) NULL
#endif
#if defined(__aarch64__)
#define ON_AARCH64(function) function
#else
#define ON_AARCH64(function) NULL
#endif

#define LEVEL_INDEX(name, extends, arch, features, xcr0) LEVEL_##name,
enum { VIT_LEVEL_LIST(LEVEL_INDEX) };

#define LEVEL_ROW(name, extends, arch, features, xcr0)                                             \
    { #name, LEVEL_##extends, features, xcr0, ON_##arch(vit_register_##name) },
static const struct level {
    const char *name;
    size_t extends;
    unsigned features; /* of enum cpu_feature */
    uint64_t xcr0;
    void (*enter)(struct vit_kernels *table); /* NULL: of another architecture */
} levels[] = { VIT_LEVEL_LIST(LEVEL_ROW) };

/* --- which levels */

const char *isa_name(size_t level)
{
    return level < ISA_LEVELS ? levels[level].name : NULL;
}

/* Why a processor is slower with a level, or with one that it extends; NULL: it is not. */
static const char *against(const struct cpu *cpu, size_t level)
{
    const char *reason = policy_against(cpu, levels[level].name);

    for (; !reason && levels[level].extends != level;
         reason = policy_against(cpu, levels[level].name))
        level = levels[level].extends;
    return reason;
}

struct isa_choice isa_choose(const struct cpu *cpu)
{
    struct isa_choice choice = { .standard = LEVEL_scalar };

    for (size_t i = 0; i < ISA_LEVELS; i++) {
        const struct level *const level = &levels[i];
        choice.usable[i] = (level->extends == i || choice.usable[level->extends]) &&
                           (level->features & cpu->features) == level->features &&
                           (level->xcr0 & cpu->xcr0) == level->xcr0;
        if (!choice.usable[i])
            continue;
        choice.reason = against(cpu, i);
        if (!choice.reason)
            choice.standard = i;
    }
    return choice;
}

/* "scalar, avx2 or avx512"; with a choice, the usable ones alone */
static void list_names(const struct isa_choice *choice, char *text, size_t bytes)
{
    size_t length = 0, last = ISA_LEVELS - 1;

    while (choice && !choice->usable[last])
        last--;
    for (size_t i = 0; i <= last && length < bytes; i++)
        if (!choice || choice->usable[i])
            length += (size_t)snprintf(text + length, bytes - length, "%s%s",
                                       i == 0      ? ""
                                       : i == last ? " or "
                                                   : ", ",
                                       levels[i].name);
}

enum vit_status isa_find(const struct isa_choice *choice, const char *name, const char *source,
                         size_t *level, struct vit_error *err)
{
    char names[256];

    for (size_t i = 0; i < ISA_LEVELS; i++) {
        if (strcmp(name, levels[i].name) != 0)
            continue;
        if (!choice->usable[i]) {
            list_names(choice, names, sizeof names);
            return fail(err, VIT_EUNSUPPORTED,
                        "instruction set%s: this machine lacks \"%s\"; expected %s", source, name,
                        names);
        }
        *level = i;
        return VIT_OK;
    }
    list_names(NULL, names, sizeof names);
    return fail(err, VIT_EINVAL, "instruction set%s: expected %s, found \"%s\"", source, names,
                name);
}

/* --- the tables */

static struct vit_kernels tables[ISA_LEVELS];
static struct isa_choice here;

/*
 * The entries of a table by name, each with the part of the table that a level registers as a unit,
 * and a pointer in it that is NULL before that.
 */
/* clang-format off */
#define PART(name, pointer, first, last)                                                           \
    { name, offsetof(struct vit_kernels, pointer), offsetof(struct vit_kernels, first),            \
      offsetof(struct vit_kernels, last) + sizeof tables->last }
#define KERNEL(member) PART(#member, member, member, member),
#define MATMUL_PART(name, pair, pointer)                                                           \
    PART(name, matmul[pair].pointer, matmul[pair], matmul[pair]),
#define MATMUL(identifier, suffix)                                                                 \
    MATMUL_PART("matmul" suffix, VIT_MATMUL_##identifier, tile)                                    \
    MATMUL_PART("pack" suffix, VIT_MATMUL_##identifier, pack)
#define ACTIVATION(IDENTIFIER, name, value, args, weights)                                         \
    PART(#name, activation[value], activation[value], activation[value]),
static const struct entry {
    const char *name;
    size_t pointer, begin, end;
} entries[] = {
    VIT_MATMUL_LIST(MATMUL)
    VIT_KERNEL_LIST(KERNEL)
    VIT_ACTIVATION_LIST(ACTIVATION)
    PART("fma_peak", fma_peak, fma_peak, fma_peak_flops),
};
/* clang-format on */
enum { ENTRIES = sizeof entries / sizeof *entries };

#define KERNEL_BYTES(member) +sizeof tables->member
_Static_assert(sizeof tables->isa + sizeof tables->matmul + sizeof tables->activation +
                       sizeof tables->fma_peak +
                       sizeof tables->fma_peak_flops VIT_KERNEL_LIST(KERNEL_BYTES) ==
                   sizeof(struct vit_kernels),
               "VIT_KERNEL_LIST lacks a member of struct vit_kernels");

static unsigned char registered_by[ISA_LEVELS][ENTRIES]; /* the level that implements the entry */

/* Whether a level registered this entry: only a null pointer is all zero bytes. */
static bool is_registered(const struct vit_kernels *own, const struct entry *entry)
{
    static const char null[sizeof(void (*)(void))];
    return memcmp((const char *)own + entry->pointer, null, sizeof null) != 0;
}

/* The table of a level: that of the level it extends, overridden by its own entries. */
static void build_table(size_t level)
{
    struct vit_kernels *const table = &tables[level], own = { 0 };

    levels[level].enter(&own);
    if (levels[level].extends != level) {
        *table = tables[levels[level].extends];
        memcpy(registered_by[level], registered_by[levels[level].extends], sizeof *registered_by);
    }
    table->isa = levels[level].name;
    for (size_t i = 0; i < ENTRIES; i++)
        if (is_registered(&own, &entries[i])) {
            memcpy((char *)table + entries[i].begin, (const char *)&own + entries[i].begin,
                   entries[i].end - entries[i].begin);
            registered_by[level][i] = (unsigned char)level;
        }
}

static void set_blocks(const struct vit_caches *caches)
{
    for (size_t i = 0; i < ISA_LEVELS; i++)
        for (size_t p = 0; here.usable[i] && p < VIT_MATMUL_PAIRS; p++)
            blocking_set(&tables[i].matmul[p], caches);
}

static void build_tables(void)
{
    const struct cpu cpu = cpu_describe();
    const struct vit_caches caches = caches_here();

    here = isa_choose(&cpu);
    for (size_t i = 0; i < ISA_LEVELS; i++)
        if (here.usable[i])
            build_table(i);
    set_blocks(&caches);
}

static void build_tables_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, build_tables);
}

void dispatch_assume_caches(const struct vit_caches *caches)
{
    build_tables_once();
    set_blocks(caches);
}

enum vit_status vit_kernels_get(const char *isa, const struct vit_kernels **kernels,
                                struct vit_error *err)
{
    const char *const environment = isa ? NULL : getenv("VIT_ISA");
    enum vit_status status = VIT_OK;
    size_t level;

    build_tables_once();
    level = here.standard;
    if (isa)
        status = isa_find(&here, isa, "", &level, err);
    else if (environment && *environment)
        status = isa_find(&here, environment, " in VIT_ISA", &level, err);
    if (status == VIT_OK)
        *kernels = &tables[level];
    return status;
}

const char *vit_isa_level(size_t i, int *usable)
{
    build_tables_once();
    for (size_t l = 0; l < ISA_LEVELS; l++)
        if (levels[l].enter && i-- == 0) {
            if (usable)
                *usable = here.usable[l];
            return levels[l].name;
        }
    return NULL;
}

const char *vit_isa_default(const char **reason)
{
    build_tables_once();
    if (reason)
        *reason = here.reason;
    return levels[here.standard].name;
}

const char *vit_kernels_name_at(const struct vit_kernels *kernels, size_t i, const char **level)
{
    if (i >= ENTRIES)
        return NULL;
    build_tables_once();
    for (size_t l = 0; level && l < ISA_LEVELS; l++)
        if (strcmp(levels[l].name, kernels->isa) == 0)
            *level = levels[registered_by[l][i]].name;
    return entries[i].name;
}
