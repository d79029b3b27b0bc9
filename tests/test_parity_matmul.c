/* test_parity_matmul.c - tiles, epilogues and packing on every level give the bits of scalar */
#include <criterion/criterion.h>
#include <stdio.h>

#include "compare.h"
#include "counts.h"

/* The cases of a kernel for every pair of number types. */
static void expect_pairs(const char *kernel)
{
#define SUFFIX(identifier, suffix) suffix,
    static const char *const suffixes[] = { VIT_MATMUL_LIST(SUFFIX) };
    char name[64];

    for (size_t i = 0; i < VIT_MATMUL_PAIRS; i++) {
        snprintf(name, sizeof name, "%s%s", kernel, suffixes[i]);
        expect_cases(name);
    }
}

Test(parity, every_tile_and_block_of_k_gives_the_bits_of_scalar)
{
    expect_pairs("matmul");
}

Test(parity, a_row_of_several_panels_gives_the_bits_of_scalar)
{
    expect_pairs("matmul_row");
}

Test(parity, every_epilogue_gives_the_bits_of_scalar_on_every_kind_of_number)
{
    expect_pairs("vit_matmul"); /* many panels, row blocks and blocks of k among them */
}

Test(parity, packing_from_any_orientation_is_the_same)
{
    expect_pairs("pack");
}

Test(matmul, a_size_that_does_not_fit_is_0)
{
    /* the products are small numbers modulo 2^64 */
    const size_t wraps = ((size_t)1 << 24) + 1, huge = ((size_t)1 << 60) + 1;

    const struct vit_matmul_kernel *const kernel = &scalar_level()->matmul[VIT_MATMUL_F32_F32];
    cr_assert(vit_packed_bytes(kernel, (size_t)1 << 40, wraps) == 0);
    cr_assert(vit_packed_bytes(kernel, 0, 5) == 0);
    cr_assert(vit_attention_scratch_bytes(scalar_level(), huge, 64, 1) == 0);
    cr_assert(vit_attention_scratch_bytes(scalar_level(), 197, 64, huge) == 0);
    count_checks(4);
}
