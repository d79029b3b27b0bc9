/* test_vnni.c - the kernels of VNNI on CPUs that lack it: its instruction in plain C */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/blocking.h"
#include "base/caches.h"
#include "check/check.h"
#include "compare.h"
#include "counts.h"

#ifdef __x86_64__
void register_avx2vnni_in_c(struct vit_kernels *table);
void register_avx512vnni_in_c(struct vit_kernels *table);

/*
 * Runs the cases of the 8-bit matmul on a level that has the kernels which `enter` enters, if this
 * machine runs the level that they extend.
 */
static void expect_checks(const char *extended, const char *name,
                          void (*enter)(struct vit_kernels *table))
{
    static const char *const checks[] = { "matmul.u8_s8", "matmul_row.u8_s8", "pack.u8_s8",
                                          "vit_matmul.u8_s8" };
    const struct vit_caches caches = caches_here();
    const struct vit_kernels *level;
    struct vit_kernels table;
    struct check_case which = { .level = &table, .seed = 1 };

    if (vit_kernels_get(extended, &level, NULL) != VIT_OK) {
        char why[64];
        snprintf(why, sizeof why, "%s: this CPU lacks it", extended);
        count_skipped(why, 1000 * sizeof checks / sizeof *checks);
        return;
    }
    table = *level;
    table.isa = name;
    enter(&table);
    blocking_set(&table.matmul[VIT_MATMUL_U8_S8], &caches);
    cr_assert_neq(table.matmul[VIT_MATMUL_U8_S8].tile, level->matmul[VIT_MATMUL_U8_S8].tile);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        for (size_t c = 0; check_kernel_at(c, &which.kernel); c++)
            if (strcmp(which.kernel.name, checks[i]) == 0)
                break;
        for (which.index = 0; which.index < 1000; which.index++) {
            const struct check_result result = check_case(&which);
            cr_assert(result.passed, "%s, %s: %s: %s", name, checks[i], result.shape,
                      result.reason);
        }
        count_checks(1000);
    }
}

Test(vnni, avx2vnni_gives_the_bits_of_scalar)
{
    expect_checks("avx2", "avx2vnni", register_avx2vnni_in_c);
}

Test(vnni, avx512vnni_gives_the_bits_of_scalar)
{
    expect_checks("avx512", "avx512vnni", register_avx512vnni_in_c);
}
#endif
