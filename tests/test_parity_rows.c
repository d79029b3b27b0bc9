/* test_parity_rows.c - row kernels give the bits of scalar, within their operands */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "check/kernel_cases.h"
#include "compare.h"

Test(parity, row_kernels_give_the_bits_of_scalar_and_stay_within_their_operands)
{
    for (size_t i = 0; i < row_case_count; i++)
        expect_cases(row_cases[i].name);
}

/*
 * Rows of several vectors have paths of their own by the length, by the rows left over and by where
 * a row lies in a cache line: operands begin at each sixteenth of one.
 */
static void expect_rows(const struct vit_kernels *level, size_t n, size_t rows, size_t offset)
{
    enum { MOST = 10 * 600 };
    static float x[MOST], expected[MOST], found[MOST], gamma[600], beta[600];
    const size_t ldx = n + offset % 3, ldy = n + offset % 2;

    fill_pattern(MOST, x, (enum pattern)(offset % PATTERNS), n);
    fill_pattern(n, gamma, PATTERN_NORMAL, 1);
    fill_pattern(n, beta, PATTERN_NORMAL, 2);
    for (size_t i = 0; i < 4; i++) { /* layernorm, rmsnorm, softmax, exp_sub_max */
        struct rows r = { .rows = rows, .n = n, .x = x + offset, .ldx = ldx };
        r.gamma = gamma, r.beta = beta, r.ldy = ldy;
        memset(expected, 0, sizeof expected);
        memset(found, 0, sizeof found);
        r.y = expected + offset;
        row_cases[i].run(scalar_level(), &r);
        r.y = found + offset;
        row_cases[i].run(level, &r);
        expect_same_bits(MOST, expected, found, "%s %s, %zu rows of %zu at %zu", level->isa,
                         row_cases[i].name, rows, n, offset);
        memcpy(expected, x, sizeof expected);
        memcpy(found, x, sizeof found);
        r.ldy = ldx;
        r.x = r.y = expected + offset;
        row_cases[i].run(scalar_level(), &r);
        r.x = r.y = found + offset;
        row_cases[i].run(level, &r);
        expect_same_bits(MOST, expected, found, "%s %s in place, %zu rows of %zu at %zu",
                         level->isa, row_cases[i].name, rows, n, offset);
    }
}

Test(parity, rows_of_any_length_number_and_place_give_the_bits_of_scalar)
{
    static const size_t lengths[] = { 16, 17, 50, 64, 127, 128, 143, 144, 159, 197, 208, 257, 577 };
    enum { LENGTHS = sizeof lengths / sizeof *lengths, MOST_ROWS = 9 };
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, LENGTHS * MOST_ROWS * 16));)
        for (size_t j = 0; j < LENGTHS; j++)
            for (size_t rows = 1; rows <= MOST_ROWS; rows++)
                for (size_t offset = 0; offset < 16; offset++)
                    expect_rows(level, lengths[j], rows, offset);
}

/* Rows that no cache is expected to hold are computed in another order. */
Test(parity, layernorm_of_many_rows_gives_the_bits_of_scalar)
{
    enum { N = 17, ROWS = 130000, COUNT = N * ROWS };
    float *const x = malloc(COUNT * sizeof *x), *const expected = malloc(COUNT * sizeof *x);
    float *const found = malloc(COUNT * sizeof *x);
    struct vit_layernorm_args args = { .rows = ROWS,
                                       .n = N,
                                       .x = x,
                                       .ldx = N,
                                       .gamma = x,
                                       .beta = x + N,
                                       .eps = 1e-6f,
                                       .y = expected,
                                       .ldy = N };
    size_t i = 0;

    cr_assert(x && expected && found);
    fill_pattern(COUNT, x, PATTERN_NORMAL, 1);
    scalar_level()->layernorm(&args);
    args.y = found;
    for (const struct vit_kernels *level; (level = next_level(&i, COUNT));) {
        memset(found, 0, COUNT * sizeof *found);
        level->layernorm(&args);
        expect_same_bits(COUNT, expected, found, "%s: %d rows", level->isa, ROWS);
    }
    free(x);
    free(expected);
    free(found);
}

Test(parity, a_norm_without_gamma_or_beta_has_the_bits_of_ones_and_zeros)
{
    enum { N = 37, ROWS = 6, COUNT = N * ROWS };
    float x[COUNT], gamma[N], beta[N], ones[N], zeros[N] = { 0 }, expected[COUNT], found[COUNT];
    size_t i = 0;

    fill_pattern(COUNT, x, PATTERN_NORMAL, 1);
    fill_pattern(N, gamma, PATTERN_NORMAL, 2);
    fill_pattern(N, beta, PATTERN_NORMAL, 3);
    for (size_t j = 0; j < N; j++)
        ones[j] = 1.0f;
    for (const struct vit_kernels *level; (level = next_level(&i, COUNT * 8));)
        for (unsigned kind = 0; kind < 8; kind++) {
            struct vit_layernorm_args args = { .rows = ROWS,
                                               .n = N,
                                               .x = x,
                                               .ldx = N,
                                               .gamma = kind & 1 ? ones : gamma,
                                               .beta = kind & 2 ? zeros : beta,
                                               .eps = 1e-6f,
                                               .y = expected,
                                               .ldy = N,
                                               .no_mean = kind & 4 };
            level->layernorm(&args);
            args.gamma = kind & 1 ? NULL : gamma;
            args.beta = kind & 2 ? NULL : beta;
            args.y = found;
            level->layernorm(&args);
            expect_same_bits(COUNT, expected, found, "%s: kind %u", level->isa, kind);
        }
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
