/* test_parity_rows.c - row kernels give the bits of scalar, within their operands */
#include <criterion/criterion.h>
#include <string.h>

#include "check/kernel_cases.h"
#include "compare.h"

Test(parity, row_kernels_give_the_bits_of_scalar_and_stay_within_their_operands)
{
    for (size_t i = 0; i < row_case_count; i++)
        expect_cases(row_cases[i].name);
}

/* Every 257th float: all exponents, signs and kinds. */
Test(parity, activations_give_the_bits_of_scalar_over_all_floats)
{
    enum { CHUNK = 4096, STEP = 257 };
    static float x[CHUNK], expected[CHUNK], found[CHUNK];
    const uint64_t all = (uint64_t)1 << 32;
    const struct vit_activation_args args = activation_case_args(x); /* any weights will do */
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, all / STEP * VIT_ACTIVATIONS));)
        for (uint64_t bits = 0; bits < all;) {
            size_t n = 0;
            for (; n < CHUNK && bits < all; n++, bits += STEP)
                memcpy(&x[n], &(uint32_t){ (uint32_t)bits }, sizeof *x);
            for (enum vit_activation f = 0; f < VIT_ACTIVATIONS; f++) {
                scalar_level()->activation[f](n, x, &args, expected);
                level->activation[f](n, x, &args, found);
                expect_same_bits(n, expected, found, "%s activation %d before %#llx", level->isa,
                                 (int)f, (unsigned long long)bits);
            }
        }
}
