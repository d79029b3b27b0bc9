/* test_float16.c - float16 weights: their rounding, and the bits of float32 on rounded weights */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "check/compare_bits.h"
#include "check/matmul_scratch.h"
#include "check/test_data.h"
#include "compare.h"
#include "counts.h"
#include "half.h"

/* The finite float16 of these bits. */
static double value_of(unsigned bits)
{
    const unsigned exponent = bits >> 10;

    return exponent == 0 ? ldexp(bits, -24) : ldexp(1024.0 + bits % 1024, (int)exponent - 25);
}

/* Packs n weights as rows of k = 1 and multiplies them by 1. */
static void read_back(const struct vit_matmul_kernel *kernel, size_t n, const float *weights,
                      float *found)
{
    static const float one = 1.0f;
    const struct vit_packed packed = { kernel, n, 1, malloc(vit_packed_bytes(kernel, n, 1)) };

    cr_assert_not_null(packed.panels);
    vit_pack(&packed, 0, n, weights, 1, 1);
    vit_matmul(NULL, &(struct vit_matmul_args){
                         .m = 1, .a = &one, .lda = 1, .b = &packed, .c = found, .ldc = n });
    free(packed.panels);
}

/* Each float16, and between each two the middle and its neighbors, of both signs. */
Test(float16, weights_are_rounded_to_the_nearest_and_ties_to_even)
{
    enum { FINITE = 0x7c00, EACH = 4, N = 2 * EACH * FINITE };
    static float weights[N], found[N];
    const struct vit_kernels *level = scalar_level();

    for (unsigned i = 0; i < FINITE; i++) {
        const double next = i + 1 < FINITE ? value_of(i + 1) : 65536.0;
        const float middle = (float)((value_of(i) + next) / 2);
        const float of[EACH] = { (float)value_of(i), nextafterf(middle, 0.0f), middle,
                                 nextafterf(middle, INFINITY) };
        for (size_t j = 0; j < EACH; j++) {
            weights[EACH * i + j] = of[j];
            weights[EACH * (FINITE + i) + j] = -of[j];
        }
    }
    for (size_t l = 0; level; level = next_level(&l, N)) {
        read_back(&level->matmul[VIT_MATMUL_F32_F16], N, weights, found);
        for (size_t i = 0; i < N; i++) {
            const float expected = half_rounded(weights[i]) + 0.0f; /* sums begin at +0 */
            cr_assert(same_bits(1, &expected, &found[i]), "%s: %a becomes %a, expected %a",
                      level->isa, (double)weights[i], (double)found[i], (double)expected);
        }
        count_checks(N);
    }
}

Test(float16, rounded_weights_give_the_bits_of_float32)
{
    enum { M = 45, N = 203, K = 777 };
    static float a[M * K], b[N * K], r[N * K], expected[M * N], found[M * N];
    const struct vit_kernels *level = scalar_level();

    fill_pattern(M * K, a, PATTERN_NORMAL, 1);
    fill_pattern(N * K, b, PATTERN_NORMAL, 2);
    for (size_t i = 0; i < N * K; i++) {
        b[i] = ldexpf(b[i], -(int)(i % 29)); /* subnormal float16 among them */
        r[i] = half_rounded(b[i]);
    }
    for (size_t l = 0; level; level = next_level(&l, M * N)) {
        const enum vit_matmul_pair pairs[] = { VIT_MATMUL_F32_F32, VIT_MATMUL_F32_F16 };
        for (size_t p = 0; p < 2; p++) {
            const struct vit_matmul_kernel *const kernel = &level->matmul[pairs[p]];
            const struct vit_packed packed = { kernel, N, K,
                                               malloc(vit_packed_bytes(kernel, N, K)) };
            cr_assert_not_null(packed.panels);
            vit_pack(&packed, 0, N, p == 0 ? r : b, K, 1);
            cr_assert(
                matmul_with_scratch(NULL, &(struct vit_matmul_args){ .m = M,
                                                                     .a = a,
                                                                     .lda = K,
                                                                     .b = &packed,
                                                                     .c = p == 0 ? expected : found,
                                                                     .ldc = N }));
            free(packed.panels);
        }
        cr_assert(same_bits(M * N, expected, found), "%s", level->isa);
        count_checks(M * N);
    }
}

Test(float16, weights_take_half_of_the_memory)
{
    const struct vit_kernels *level = scalar_level();

    for (size_t l = 0; level; level = next_level(&l, 1)) {
        cr_assert_eq(2 * vit_packed_bytes(&level->matmul[VIT_MATMUL_F32_F16], 1000, 768),
                     vit_packed_bytes(&level->matmul[VIT_MATMUL_F32_F32], 1000, 768), "%s",
                     level->isa);
        count_checks(1);
    }
}
