/* test_parity_rows.c - row kernels give the bits of scalar, within their operands */
#include <criterion/criterion.h>
#include <string.h>

#include "compare.h"
#include "guard.h"
#include "kernel_cases.h"

static const size_t lengths[] = { 1,  2,  3,  5,  7,  8,  9,  13, 15,  16,  17,  23,  31,
                                  32, 33, 47, 48, 49, 64, 65, 97, 127, 128, 197, 384, 769 };
#define LENGTHS (sizeof lengths / sizeof *lengths)

/* One row on one level, every operand against a guard page, out of place and in place. */
static void check_row(const struct vit_kernels *level, const struct row_case *c, size_t n,
                      enum pattern pattern, enum guard_side side)
{
    struct guard x = guard_new(n, side), gamma = guard_new(n, side), beta = guard_new(n, side);
    struct guard expected = guard_new(n, side), found = guard_new(n, side);

    fill_pattern(n, x.at, pattern, n);
    fill_pattern(n, gamma.at, PATTERN_NORMAL, n + 1);
    fill_pattern(n, beta.at, PATTERN_NORMAL, n + 2);
    c->run(scalar_level(), n, x.at, gamma.at, beta.at, expected.at);
    c->run(level, n, x.at, gamma.at, beta.at, found.at);
    expect_same_bits(n, expected.at, found.at, "%s %s, %zu %s numbers", level->isa, c->name, n,
                     pattern_name(pattern));
    c->run(level, n, x.at, gamma.at, beta.at, x.at);
    expect_same_bits(n, expected.at, x.at, "%s %s in place, %zu %s numbers", level->isa, c->name, n,
                     pattern_name(pattern));

    guard_free(&x);
    guard_free(&gamma);
    guard_free(&beta);
    guard_free(&expected);
    guard_free(&found);
}

static void check_rows(const struct vit_kernels *level, const struct row_case *c)
{
    for (size_t l = 0; l < LENGTHS; l++)
        for (enum pattern p = 0; p < PATTERNS; p++)
            for (enum guard_side side = 0; side < GUARD_SIDES; side++)
                check_row(level, c, lengths[l], p, side);
}

static size_t checks_per_level(void)
{
    size_t numbers = 0;
    for (size_t l = 0; l < LENGTHS; l++)
        numbers += lengths[l];
    return numbers * PATTERNS * GUARD_SIDES * 2 * row_case_count;
}

Test(parity, row_kernels_give_the_bits_of_scalar_and_stay_within_their_operands)
{
    size_t i = 0;
    for (const struct vit_kernels *level; (level = next_level(&i, checks_per_level()));)
        for (size_t c = 0; c < row_case_count; c++)
            check_rows(level, &row_cases[c]);
}

/* Every 257th float there is, and so every exponent, sign and kind. */
Test(parity, activations_give_the_bits_of_scalar_over_all_floats)
{
    enum { CHUNK = 4096, STEP = 257 };
    static float x[CHUNK], expected[CHUNK], found[CHUNK];
    const uint64_t all = (uint64_t)1 << 32;
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, all / STEP * VIT_ACTIVATIONS));)
        for (uint64_t bits = 0; bits < all;) {
            size_t n = 0;
            for (; n < CHUNK && bits < all; n++, bits += STEP)
                memcpy(&x[n], &(uint32_t){ (uint32_t)bits }, sizeof *x);
            for (enum vit_activation f = 0; f < VIT_ACTIVATIONS; f++) {
                scalar_level()->activation[f](n, x, expected);
                level->activation[f](n, x, found);
                expect_same_bits(n, expected, found, "%s activation %d before %#llx", level->isa,
                                 (int)f, (unsigned long long)bits);
            }
        }
}
