/* test_packed.c - vit_matmul with kernels of other number types, and packing in chunks */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/blocking.h"
#include "check/check.h"
#include "check/compare_bits.h"
#include "check/test_data.h"
#include "compare.h"
#include "counts.h"

/*
 * A kernel of this test alone: activations are converted to int16, weights are int8, both of whole
 * numbers, and four rows of B lie together. A converted activation is ZERO too large; the header of
 * a panel has the sum of each column, from which the last block of k subtracts the difference. Sums
 * are int32, so every result is exact.
 */
enum { MR = 2, NR = 3, GROUP = 4, ZERO = 7, HEADER = 4 * NR };

static size_t groups_of(size_t k)
{
    return (k + GROUP - 1) / GROUP;
}

static size_t panel_bytes(size_t k) /* sums[NR], then [groups][NR][GROUP] */
{
    return HEADER + groups_of(k) * NR * GROUP;
}

static size_t row_bytes(size_t k)
{
    return groups_of(k) * GROUP * sizeof(int16_t);
}

/* The whole part of x within ±limit; 0 of NaN. */
static int whole(float x, int limit)
{
    return x != x ? 0 : x > (float)limit ? limit : x < (float)-limit ? -limit : (int)x;
}

static void pack(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride, void *panel)
{
    int32_t *const sums = panel;
    int8_t *const out = (int8_t *)panel + HEADER;

    memset(panel, 0, panel_bytes(k));
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++) {
            const int element = whole(b[i * k_stride + j * n_stride], 100);
            out[(i / GROUP * NR + j) * GROUP + i % GROUP] = (int8_t)element;
            sums[j] += element;
        }
}

static void convert(size_t m, size_t k, const float *x, size_t ldx, void *rows)
{
    for (size_t i = 0; i < m; i++) {
        int16_t *const row = (int16_t *)(void *)((char *)rows + i * row_bytes(k));
        memset(row, 0, row_bytes(k));
        for (size_t l = 0; l < k; l++)
            row[l] = (int16_t)(whole(x[i * ldx + l], 100) + ZERO);
    }
}

static float finish(int32_t sum, const struct vit_tile *t, size_t i, size_t j)
{
    const struct vit_epilogue *const e = t->epilogue;
    const float residual = e->residual ? e->residual[i * e->ld_residual + j] : 0.0f;

    return (float)sum + (e->bias ? e->bias[j] : 0.0f) + residual;
}

static void tile(const struct vit_tile *t)
{
    const int32_t *const sums = t->panel;
    const int8_t *const b = (const int8_t *)t->panel + HEADER;

    cr_assert(t->k_first % GROUP == 0 && t->n <= NR);
    for (size_t i = 0; i < t->m; i++)
        for (size_t j = 0; j < (t->acc_out ? (size_t)NR : t->n); j++) {
            const int16_t *const a =
                (const int16_t *)(const void *)((const char *)t->a + i * t->a_bytes);
            int32_t sum = 0;
            if (t->acc_in)
                memcpy(&sum, (const char *)t->acc_in + 4 * (i * NR + j), sizeof sum);
            for (size_t l = t->k_first; l < t->k_first + t->k; l++)
                sum += a[l] * b[(l / GROUP * NR + j) * GROUP + l % GROUP];
            if (t->acc_out)
                memcpy((char *)t->acc_out + 4 * (i * NR + j), &sum, sizeof sum);
            else
                t->c[i * t->ldc + j] = finish(sum - (t->k > 0 ? ZERO * sums[j] : 0), t, i, j);
        }
}

/* Writes one byte after the last row. */
static void convert_too_much(size_t m, size_t k, const float *x, size_t ldx, void *rows)
{
    convert(m, k, x, ldx, rows);
    ((char *)rows)[m * row_bytes(k)] = 1;
}

static const struct vit_matmul_kernel integers = { .acc = VIT_DTYPE_S32,
                                                   .mr = MR,
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
    void *const scratch = malloc(vit_matmul_scratch_bytes(&packed, M, 5));
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

/* The first cases of a check with a kernel in the place of float32's, compared with itself. */
static struct check_result run_cases(const char *name, const struct vit_matmul_kernel *kernel)
{
    struct vit_kernels table = *scalar_level();
    struct check_case which = { .level = &table, .seed = 1 };
    struct check_result result = { .passed = true };

    table.matmul[VIT_MATMUL_F32_F32] = *kernel;
    for (size_t i = 0; check_kernel_at(i, &which.kernel); i++)
        if (strcmp(which.kernel.name, name) == 0)
            break;
    which.kernel.oracle = true; /* the reference is the level itself */
    for (; result.passed && which.index < 200; which.index++)
        result = check_case(&which);
    return result;
}

Test(packed, the_checks_convert_activations_and_compare_accumulators_of_integers)
{
    static const char *const names[] = { "matmul", "matmul_row", "pack", "vit_matmul" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct check_result result = run_cases(names[i], &integers);
        cr_assert(result.passed, "%s: %s: %s", names[i], result.shape, result.reason);
    }
    count_checks(200 * sizeof names / sizeof *names);
}

/* Accumulators that are NaN if they are read as float32, and depend on the tile's height. */
static void tile_with_wrong_sums(const struct vit_tile *t)
{
    tile(t);
    for (size_t i = 0; t->acc_out && i < t->m * NR; i++)
        memcpy((char *)t->acc_out + 4 * i, &(int32_t){ -1 - (int32_t)t->n }, 4);
}

Test(packed, the_checks_find_a_wrong_accumulator_that_is_nan_as_float32)
{
    struct vit_matmul_kernel wrong = integers;

    wrong.tile = tile_with_wrong_sums;
    const struct check_result result = run_cases("matmul", &wrong);
    cr_assert(!result.passed && strstr(result.reason, "acc_out"), "%s", result.reason);
    count_checks(1);
}

Test(packed, a_convert_that_writes_past_its_rows_is_found)
{
    struct vit_matmul_kernel wrong = integers;

    wrong.convert = convert_too_much;
    const struct check_result result = run_cases("vit_matmul", &wrong);
    cr_assert(!result.passed && strstr(result.reason, "scratch"), "%s", result.reason);
    count_checks(1);
}

/* 7/8 of L2 are for 96 rows of A, of 100 groups each, and two panels of them with their headers. */
Test(packed, a_block_of_k_has_whole_groups_and_leaves_out_the_header)
{
    const size_t operands = 96 * row_bytes(100 * GROUP) + 2 * panel_bytes(100 * GROUP);
    const struct vit_caches caches = { .l2 = (operands + 6) / 7 * 8 }, none = { 0 };
    struct vit_matmul_kernel groups = integers, threes = integers, small = integers;

    blocking_set(&groups, &caches);
    cr_assert_eq(groups.kc, 100 * GROUP);
    cr_assert_eq(blocking_rows(&groups, groups.kc, 96), 96);
    threes.k_group = 3 * GROUP;
    blocking_set(&threes, &caches);
    cr_assert_eq(threes.kc, 99 * GROUP);
    small.k_group = 3 * GROUP;
    blocking_set(&small, &none);
    cr_assert_eq(small.kc, 72); /* 64, rounded up to whole groups */
    cr_assert_eq(vit_packed_bytes(&integers, NR + 1, 1), 2 * (HEADER + NR * GROUP));
    count_checks(5);
}

/* The kernel has a header in each panel, which an empty B does not have. */
Test(packed, a_kernel_that_converts_multiplies_by_no_rows_without_panels_and_scratch)
{
    enum { M = 5, N = 7 };
    static const float bias[N] = { 1, 2, 3, 4, 5, 6, 7 };
    const struct vit_epilogue epilogue = { .bias = bias };
    const struct vit_packed packed = { &integers, N, 0, NULL };
    float c[M * N];

    cr_assert_eq(vit_packed_bytes(&integers, N, 0), 0);
    cr_assert_eq(vit_matmul_scratch_bytes(&packed, M, 3), 0);
    cr_assert_eq(vit_packed_chunk(&packed, 0), NR); /* then 2 and 2 columns */
    vit_pack(&packed, 0, N, NULL, 0, 1);
    for (size_t m = 1; m <= M; m++) {
        memset(c, 0xff, sizeof c);
        vit_matmul(NULL, &(struct vit_matmul_args){
                             .m = m, .b = &packed, .c = c, .ldc = N, .epilogue = &epilogue });
        for (size_t i = 0; i < m * N; i++)
            cr_assert_eq(c[i], bias[i % N], "m %zu, element %zu: %g", m, i, (double)c[i]);
    }
    count_checks(3 + M * (M + 1) / 2 * N);
}

Test(packed, there_is_no_chunk_after_the_last_column)
{
    const struct vit_kernels *level = scalar_level();

    for (size_t l = 0; level; level = next_level(&l, 300))
        for (size_t n = 0; n < 300; n++) {
            const struct vit_packed packed = { &level->matmul[VIT_MATMUL_F32_F32], n, 5, NULL };
            cr_assert_eq(vit_packed_chunk(&packed, n), 0, "%s, n %zu", level->isa, n);
            count_checks(1);
        }
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
