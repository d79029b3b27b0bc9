/* test_parity_matmul.c - every tile and epilogue on every level gives the bits of scalar */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "guard.h"
#include "tally.h"

/* A matmul's operands, each against a guard page, with strides wider than the rows. */
struct operands {
    size_t m, n, k, lda, ldc, ldr;
    struct guard a, b, bias, gamma, residual, row_scale;
};

static size_t span(size_t rows, size_t columns, size_t ld)
{
    return (rows - 1) * ld + columns; /* the last row has nothing behind it */
}

static struct operands operands_new(size_t m, size_t n, size_t k, enum pattern pattern,
                                    enum guard_side side)
{
    struct operands o = { .m = m, .n = n, .k = k, .lda = k + 3, .ldc = n + 5, .ldr = n + 2 };

    o.a = guard_new(span(m, k, o.lda), side);
    o.b = guard_new(n * k, side);
    o.bias = guard_new(n, side);
    o.gamma = guard_new(n, side);
    o.residual = guard_new(span(m, n, o.ldr), side);
    o.row_scale = guard_new(m, side);
    fill_pattern(o.a.count, o.a.at, pattern, m + n);
    fill_pattern(o.b.count, o.b.at, pattern == PATTERN_NAN ? PATTERN_NORMAL : pattern, k);
    fill_pattern(n, o.bias.at, PATTERN_NORMAL, 3);
    fill_pattern(n, o.gamma.at, PATTERN_NORMAL, 4);
    fill_pattern(o.residual.count, o.residual.at, PATTERN_NORMAL, 5);
    fill_pattern(m, o.row_scale.at, PATTERN_NORMAL, 6);
    return o;
}

static void operands_free(struct operands *o)
{
    guard_free(&o->a);
    guard_free(&o->b);
    guard_free(&o->bias);
    guard_free(&o->gamma);
    guard_free(&o->residual);
    guard_free(&o->row_scale);
}

/*
 * Which steps of the epilogue are taken, one bit each; the activation goes round with the
 * number.
 */
enum {
    STEP_SCALE = 1,
    STEP_ROW_SCALE = 2,
    STEP_BIAS = 4,
    STEP_GAMMA = 8,
    STEP_RESIDUAL = 16,
    STEPS = 32
};

static struct vit_epilogue epilogue_of(const struct operands *o, unsigned steps)
{
    return (struct vit_epilogue){
        .scale = steps & STEP_SCALE ? -0.37f : 0.0f,
        .row_scale = steps & STEP_ROW_SCALE ? o->row_scale.at : NULL,
        .bias = steps & STEP_BIAS ? o->bias.at : NULL,
        .activation = (enum vit_activation)(steps % VIT_ACTIVATIONS),
        .gamma = steps & STEP_GAMMA ? o->gamma.at : NULL,
        .residual = steps & STEP_RESIDUAL ? o->residual.at : NULL,
        .ld_residual = o->ldr,
    };
}

/* C on a level, the gaps between its rows included: they must keep what they held. */
static struct guard product(const struct vit_kernels *level, const struct operands *o,
                            unsigned steps, enum guard_side side)
{
    struct guard c = guard_new(span(o->m, o->n, o->ldc), side);
    struct guard packed = guard_new(vit_matmul_packed_size(level, o->n, o->k), side);
    const struct vit_epilogue e = epilogue_of(o, steps);

    vit_matmul_pack(level, o->n, o->k, o->b.at, o->k, 1, packed.at);
    vit_matmul(level, NULL, o->m, o->n, o->k, o->a.at, o->lda, packed.at, c.at, o->ldc, &e);
    guard_free(&packed);
    return c;
}

static void check_matmul(const struct vit_kernels *level, size_t m, size_t n, size_t k,
                         enum pattern pattern, unsigned steps)
{
    const enum guard_side side = (m + n + k + steps) % GUARD_SIDES;
    struct operands o = operands_new(m, n, k, pattern, side);
    struct guard expected = product(scalar_level(), &o, steps, side);
    struct guard found = product(level, &o, steps, side);

    expect_same_bits(expected.count, expected.at, found.at, "%s %zux%zux%zu, %s, epilogue %u",
                     level->isa, m, n, k, pattern_name(pattern), steps);
    guard_free(&expected);
    guard_free(&found);
    operands_free(&o);
}

Test(parity, every_partial_tile_gives_the_bits_of_scalar)
{
    static const size_t depths[] = { 1, 2, 5, 17 };
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, 6 * 64 * 4));)
        for (size_t m = 1; m <= level->matmul.mr; m++)
            for (size_t n = 1; n <= level->matmul.nr; n++)
                for (size_t d = 0; d < 4; d++)
                    check_matmul(level, m, n, depths[d], PATTERN_NORMAL,
                                 (unsigned)(m * n + d) % STEPS);
}

Test(parity, a_row_of_any_number_of_panels_gives_the_bits_of_scalar)
{
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, 6 * 64));)
        for (size_t n = 1; n <= 6 * level->matmul.nr; n++)
            check_matmul(level, 1, n, 1 + n % 9, PATTERN_NORMAL, (unsigned)n % STEPS);
}

Test(parity, every_epilogue_gives_the_bits_of_scalar_on_every_kind_of_number)
{
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, STEPS * PATTERNS * 16 * 83));)
        for (unsigned steps = 0; steps < STEPS; steps++)
            for (enum pattern p = 0; p < PATTERNS; p++)
                check_matmul(level, 16, 83, 29, p, steps);
}

Test(parity, matmuls_of_many_panels_and_row_blocks_give_the_bits_of_scalar)
{
    static const size_t shapes[][3] = { { 1, 1, 1 },      { 1, 1000, 96 },  { 197, 197, 64 },
                                        { 197, 64, 197 }, { 13, 131, 257 }, { 50, 300, 128 },
                                        { 523, 67, 31 },  { 2, 129, 1000 }, { 7, 15, 2048 } };
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, 9 * 10000));)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
            check_matmul(level, shapes[s][0], shapes[s][1], shapes[s][2], PATTERN_NORMAL,
                         STEP_BIAS | STEP_GAMMA | STEP_RESIDUAL);
}

Test(parity, a_sum_longer_than_a_block_of_k_gives_the_bits_of_scalar)
{
    const size_t m = 15, n = 70;
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, 3 * m * n));)
        for (size_t blocks = 1; blocks <= 3; blocks++)
            check_matmul(level, m, n, blocks * level->matmul.kc + 3, PATTERN_NORMAL,
                         STEP_BIAS | STEP_GAMMA | STEP_RESIDUAL);
}

Test(parity, chains_may_wait_after_any_k)
{
    enum { M = 3, N = 5, K = 9 };
    float a[M * K], b[N * K];
    size_t i = 0;

    fill_pattern(M * K, a, PATTERN_NORMAL, 1);
    fill_pattern(N * K, b, PATTERN_NORMAL, 2);
    for (const struct vit_kernels *level; (level = next_level(&i, (K - 1) * M * N));) {
        const struct vit_matmul_kernel *kernel = &level->matmul;
        struct guard packed = guard_new(kernel->nr * K, GUARD_AFTER);
        struct guard waiting = guard_new(kernel->nr * M, GUARD_AFTER);
        float whole[M * N], broken[M * N];

        kernel->pack(N, K, b, K, 1, packed.at);
        vit_matmul(level, NULL, M, N, K, a, K, packed.at, whole, N, NULL);
        for (size_t k = 1; k < K; k++) {
            const struct vit_epilogue none = { 0 };
            struct vit_tile t = { .m = M, .n = N, .k = k, .a = a, .lda = K };
            t.panel = t.next = packed.at;
            t.to = waiting.at;
            kernel->tile(&t);
            t = (struct vit_tile){ .m = M, .n = N, .k = K - k, .a = a + k, .lda = K };
            t.panel = t.next = packed.at + k * kernel->nr;
            t.from = waiting.at;
            t.c = broken;
            t.ldc = N;
            t.epilogue = &none;
            kernel->tile(&t);
            expect_same_bits(M * N, whole, broken, "%s, broken at %zu", level->isa, k);
        }
        guard_free(&packed);
        guard_free(&waiting);
    }
}

Test(parity, a_residual_may_be_the_result_itself)
{
    /* and k in two blocks, between which the residual must not be lost */
    const size_t m = 21, n = 70, k = 4000;
    size_t i = 0;

    for (const struct vit_kernels *level; (level = next_level(&i, m * n));) {
        struct operands o = operands_new(m, n, k, PATTERN_NORMAL, GUARD_AFTER);
        o.ldc = o.ldr;
        struct guard expected = product(level, &o, STEP_RESIDUAL, GUARD_AFTER);
        struct guard packed = guard_new(vit_matmul_packed_size(level, n, k), GUARD_AFTER);
        const struct vit_epilogue e = epilogue_of(&o, STEP_RESIDUAL);

        vit_matmul_pack(level, n, k, o.b.at, k, 1, packed.at);
        vit_matmul(level, NULL, m, n, k, o.a.at, o.lda, packed.at, o.residual.at, o.ldr, &e);
        for (size_t row = 0; row < m; row++)
            expect_same_bits(n, expected.at + row * o.ldc, o.residual.at + row * o.ldr,
                             "%s, row %zu", level->isa, row);
        guard_free(&expected);
        guard_free(&packed);
        operands_free(&o);
    }
}

Test(parity, packing_from_either_orientation_is_the_same)
{
    const size_t n = 77, k = 41;
    struct guard rows = guard_new(n * k, GUARD_AFTER), columns = guard_new(n * k, GUARD_AFTER);
    size_t i = 0;

    fill_pattern(n * k, rows.at, PATTERN_WIDE, 9);
    for (size_t r = 0; r < n; r++)
        for (size_t c = 0; c < k; c++)
            columns.at[c * n + r] = rows.at[r * k + c];
    for (const struct vit_kernels *level; (level = next_level(&i, n * k));) {
        const size_t size = vit_matmul_packed_size(level, n, k);
        struct guard one = guard_new(size, GUARD_AFTER), other = guard_new(size, GUARD_BEFORE);
        vit_matmul_pack(level, n, k, rows.at, k, 1, one.at);
        vit_matmul_pack(level, n, k, columns.at, 1, n, other.at);
        expect_same_bits(size, one.at, other.at, "%s", level->isa);
        guard_free(&one);
        guard_free(&other);
    }
    guard_free(&rows);
    guard_free(&columns);
}

Test(matmul, a_size_that_does_not_fit_is_0)
{
    /* the products are small numbers modulo 2^64 */
    const size_t wraps = ((size_t)1 << 24) + 1, huge = ((size_t)1 << 60) + 1;

    cr_assert(vit_matmul_packed_size(scalar_level(), (size_t)1 << 40, wraps) == 0);
    cr_assert(vit_matmul_packed_size(scalar_level(), 0, 5) == 0);
    cr_assert(vit_attention_scratch_size(scalar_level(), huge, 1, 64, 1) == 0);
    cr_assert(vit_attention_scratch_size(scalar_level(), 197, 12, 64, huge) == 0);
    tally(4);
}
