/* test_packed.c - vit_matmul with kernels of other number types, and packing in chunks */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/compare_bits.h"
#include "check/test_data.h"
#include "compare.h"
#include "counts.h"

/*
 * A kernel of this test alone: activations are converted to int16, weights are int8, both of whole
 * numbers, and four rows of B lie together. Its sums are int32, so every result is exact.
 */
enum { MR = 2, NR = 3, GROUP = 4 };

static size_t groups_of(size_t k)
{
    return (k + GROUP - 1) / GROUP;
}

static size_t panel_bytes(size_t k) /* [groups][NR][GROUP] */
{
    return groups_of(k) * NR * GROUP;
}

static size_t row_bytes(size_t k)
{
    return groups_of(k) * GROUP * sizeof(int16_t);
}

static void pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride, void *panel)
{
    int8_t *const out = panel;

    memset(out, 0, panel_bytes(k));
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            out[(i / GROUP * NR + j) * GROUP + i % GROUP] = (int8_t)b[i * k_stride + j * n_stride];
}

static void convert(size_t m, size_t k, const float *x, size_t ldx, void *rows)
{
    for (size_t i = 0; i < m; i++) {
        int16_t *const row = (int16_t *)(void *)((char *)rows + i * row_bytes(k));
        memset(row, 0, row_bytes(k));
        for (size_t l = 0; l < k; l++)
            row[l] = (int16_t)x[i * ldx + l];
    }
}

static void tile(const struct vit_tile *t)
{
    const int8_t *const panel = t->panel;

    cr_assert(t->k_first % GROUP == 0 && t->m <= MR && t->n <= NR);
    for (size_t i = 0; i < t->m; i++)
        for (size_t j = 0; j < (t->acc_out ? (size_t)NR : t->n); j++) {
            const int16_t *const a =
                (const int16_t *)(const void *)((const char *)t->a + i * t->a_bytes);
            int32_t sum = 0;
            if (t->acc_in)
                memcpy(&sum, (const char *)t->acc_in + 4 * (i * NR + j), sizeof sum);
            for (size_t l = t->k_first; l < t->k_first + t->k; l++)
                sum += a[l] * panel[(l / GROUP * NR + j) * GROUP + l % GROUP];
            if (t->acc_out)
                memcpy((char *)t->acc_out + 4 * (i * NR + j), &sum, sizeof sum);
            else
                t->c[i * t->ldc + j] = (float)sum + t->epilogue->bias[j];
        }
}

static const struct vit_matmul_kernel integers = { .mr = MR,
                                                   .nr = NR,
                                                   .gemv_panels = 1,
                                                   .column_group = 1,
                                                   .k_group = GROUP,
                                                   .kc = 40,
                                                   .panel_bytes = panel_bytes,
                                                   .pack = pack,
                                                   .row_bytes = row_bytes,
                                                   .convert = convert,
                                                   .tile = tile };

/* Whole numbers within ±100. */
static void fill_whole(size_t n, float *x, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(int)(next_random(&seed) % 201) - 100.0f;
}

Test(packed, a_kernel_converts_activations_and_keeps_groups_of_rows_together)
{
    enum { M = 67, N = 50, K = 333 };
    static float a[M * K], b[N * K], bias[N], found[M * N];
    struct vit_packed packed = { &integers, N, K, malloc(vit_packed_bytes(&integers, N, K)) };
    void *const scratch = malloc(vit_matmul_scratch_bytes(&packed, M));
    const struct vit_epilogue epilogue = { .bias = bias };

    cr_assert(packed.panels && scratch);
    fill_whole(M * K, a, 1);
    fill_whole(N * K, b, 2);
    fill_whole(N, bias, 3);
    vit_pack(&packed, 0, N, b, K, 1);
    for (size_t threads = 1; threads < 6; threads += 4) {
        const struct vit_parallel parallel = { vit_parallel_openmp, NULL, threads };
        vit_matmul(&parallel, &(struct vit_matmul_args){ .m = M,
                                                         .a = a,
                                                         .lda = K,
                                                         .b = &packed,
                                                         .c = found,
                                                         .ldc = N,
                                                         .epilogue = &epilogue,
                                                         .scratch = scratch });
        for (size_t i = 0; i < M * N; i++) {
            double sum = (double)bias[i % N];
            for (size_t l = 0; l < K; l++)
                sum += (double)a[i / N * K + l] * (double)b[i % N * K + l];
            cr_assert_eq((double)found[i], sum, "element %zu", i);
        }
    }
    free(scratch);
    free(packed.panels);
    count_checks(2 * M * N);
}

Test(packed, chunks_in_any_order_give_the_bytes_of_one_call)
{
    enum { N = 401, K = 37 };
    static float b[N * K];
    const struct vit_kernels *level = scalar_level();

    fill_pattern(N * K, b, PATTERN_NORMAL, 1);
    for (size_t l = 0; level; level = next_level(&l, 1)) {
        const struct vit_matmul_kernel *const kernel = &level->matmul[VIT_MATMUL_F32_F32];
        const size_t bytes = vit_packed_bytes(kernel, N, K);
        struct vit_packed whole = { kernel, N, K, malloc(bytes) }, chunks = whole;
        size_t firsts[N], count = 0;
        chunks.panels = malloc(bytes);
        cr_assert(whole.panels && chunks.panels);
        vit_pack(&whole, 0, N, b, K, 1);
        for (size_t first = 0; first < N; first += vit_packed_chunk(&chunks, first)) {
            cr_assert_leq(vit_packed_chunk(&chunks, first), vit_packed_chunk(&chunks, 0));
            firsts[count++] = first;
        }
        while (count-- > 0)
            vit_pack(&chunks, firsts[count], vit_packed_chunk(&chunks, firsts[count]),
                     b + firsts[count] * K, K, 1);
        cr_assert_arr_eq(whole.panels, chunks.panels, bytes, "%s", level->isa);
        free(whole.panels);
        free(chunks.panels);
    }
}
