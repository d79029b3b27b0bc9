/* test_parity_matmul.c - tiles, epilogues and packing on every level give the bits of scalar */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/matmul_scratch.h"
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

Test(parity, a_matmul_of_size_0_writes_the_epilogue_of_0_or_nothing)
{
    expect_pairs("zero_matmul");
}

Test(matmul, scratch_changes_no_bit)
{
    enum { M = 37, N = 70 };
    const struct vit_kernels *level = scalar_level();

    for (size_t l = 0; level; level = next_level(&l, M * N)) {
        const struct vit_matmul_kernel *const kernel = &level->matmul[VIT_MATMUL_F32_F32];
        const size_t k = 2 * kernel->kc + 5;
        float *const a = malloc(M * k * sizeof *a), *const b = malloc(N * k * sizeof *b);
        static float with[M * N], without[M * N];
        struct vit_packed packed = { kernel, N, k, malloc(vit_packed_bytes(kernel, N, k)) };
        const struct vit_parallel parallel = { vit_parallel_openmp, NULL, 3 };
        struct vit_matmul_args args = {
            .m = M, .a = a, .lda = k, .b = &packed, .c = with, .ldc = N
        };
        cr_assert(a && b && packed.panels);
        fill_pattern(M * k, a, PATTERN_NORMAL, 1);
        fill_pattern(N * k, b, PATTERN_NORMAL, 2);
        vit_pack(&packed, 0, N, b, k, 1);
        cr_assert(vit_matmul_scratch_bytes(&packed, M, 3) > 0);
        cr_assert(matmul_with_scratch(&parallel, &args));
        args.c = without;
        vit_matmul(&parallel, &args);
        expect_same_bits(M * N, with, without, "%s", level->isa);
        free(packed.panels);
        free(a);
        free(b);
    }
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
    const struct vit_packed packed = { kernel, 1, (size_t)1 << 40, NULL };
    cr_assert(vit_matmul_scratch_bytes(&packed, 64, huge) == 0);
    cr_assert(vit_matmul_scratch_bytes(&packed, 64, SIZE_MAX / 16) == 0);
    const struct vit_packed endless = { &scalar_level()->matmul[VIT_MATMUL_U8_S8], 1, SIZE_MAX,
                                        NULL };
    cr_assert(vit_matmul_scratch_bytes(&endless, 1, 1) == 0);
    count_checks(7);
}

/* Rows that the threads do not share evenly, and an n of several groups of 128. */
Test(matmul, a_layernorm_before_it_has_the_bits_of_vit_layernorm)
{
    enum { M = 131, N = 70, K = 300, LDX = K + 3, LDH = K + 5 };
    static float x[M * LDX], b[N * K], gamma[K], beta[K], h[2][M * LDH], c[2][M * N];
    const struct vit_kernels *level = scalar_level();

    fill_pattern(M * LDX, x, PATTERN_NORMAL, 1);
    fill_pattern(N * K, b, PATTERN_NORMAL, 2);
    fill_pattern(K, gamma, PATTERN_NORMAL, 3);
    fill_pattern(K, beta, PATTERN_NORMAL, 4);
    for (size_t l = 0; level; level = next_level(&l, 2 * M * N))
        for (size_t i = 0; i < 3 * VIT_MATMUL_PAIRS; i++) {
            const struct vit_matmul_kernel *const kernel = &level->matmul[i / 3];
            const struct vit_packed packed = { kernel, N, K,
                                               malloc(vit_packed_bytes(kernel, N, K)) };
            const struct vit_parallel parallel = { vit_parallel_openmp, NULL, 1 + 3 * (i % 3) };
            const size_t bytes = vit_matmul_scratch_bytes(&packed, M, parallel.threads);
            struct vit_layernorm_args norm = { .rows = M,
                                               .n = K,
                                               .x = x,
                                               .ldx = LDX,
                                               .gamma = i % 2 ? NULL : gamma,
                                               .beta = i % 3 ? beta : NULL,
                                               .eps = 1e-5f,
                                               .y = h[0],
                                               .ldy = LDH,
                                               .no_mean = i % 2 };
            struct vit_matmul_args args = { .m = M,
                                            .a = h[0],
                                            .lda = LDH,
                                            .b = &packed,
                                            .c = c[0],
                                            .ldc = N,
                                            .scratch = aligned_alloc(64, (bytes + 64) / 64 * 64) };
            cr_assert(packed.panels && args.scratch);
            vit_pack(&packed, 0, N, b, K, 1);
            vit_layernorm(level, NULL, &norm);
            vit_matmul(NULL, &args);
            memset(h[1], 0, sizeof h[1]);
            norm.y = h[1];
            args.a = h[1];
            args.c = c[1];
            vit_layernorm_matmul(level, &parallel, &norm, &args);
            expect_same_bits(M * LDH, h[0], h[1], "%s, y", level->isa);
            expect_same_bits(M * N, c[0], c[1], "%s, %zu threads", level->isa, parallel.threads);
            free(args.scratch);
            free(packed.panels);
        }
}
