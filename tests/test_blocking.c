/* test_blocking.c - the sizes of blocks by rule; the same bits with an L2 of any size */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/blocking.h"
#include "base/dispatch.h"
#include "check/matmul_scratch.h"
#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "vit/vit.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static const size_t l2_sizes[] = { 64 * KIB, 256 * KIB, 512 * KIB, 1 * MIB, 2 * MIB, 4 * MIB };
enum { SIZES = sizeof l2_sizes / sizeof *l2_sizes };

/* --- the rule */

static size_t panel_bytes_16(size_t k)
{
    return 16 * k * sizeof(float);
}

static size_t panel_bytes_64(size_t k)
{
    return 64 * k * sizeof(float);
}

static const struct vit_matmul_kernel tile_6_16 = {
    .mr = 6, .nr = 16, .k_group = 1, .panel_bytes = panel_bytes_16
};
static const struct vit_matmul_kernel tile_6_64 = {
    .mr = 6, .nr = 64, .k_group = 1, .panel_bytes = panel_bytes_64
};

static struct vit_matmul_kernel with_l2(const struct vit_matmul_kernel *kernel, size_t l2_bytes)
{
    struct vit_matmul_kernel sized = *kernel;

    blocking_set(&sized, &(struct vit_caches){ .l2 = l2_bytes });
    return sized;
}

Test(blocking, blocks_are_those_of_the_table)
{
    static const struct {
        const struct vit_matmul_kernel *kernel;
        size_t l2, kc, k[4], fit[4], rows[4]; /* of A for each k: that fit; of several blocks */
    } table[] = {
        { &tile_6_16,
          256 * KIB,
          448,
          { 64, 384, 768, 3072 },
          { 864, 117, 117, 98 },
          { 256, 117, 117, 98 } },
        { &tile_6_16,
          512 * KIB,
          896,
          { 64, 384, 768, 3072 },
          { 1760, 266, 117, 117 },
          { 512, 128, 117, 117 } },
        { &tile_6_16,
          1 * MIB,
          1792,
          { 64, 384, 768, 3072 },
          { 3552, 565, 266, 117 },
          { 1024, 170, 128, 117 } },
        { &tile_6_16,
          4 * MIB,
          7168,
          { 64, 384, 768, 3072 },
          { 14304, 2357, 1162, 266 },
          { 4096, 682, 341, 128 } },
        { &tile_6_64,
          256 * KIB,
          224,
          { 64, 384, 768, 3072 },
          { 768, 126, 126, 126 },
          { 256, 126, 126, 126 } },
        { &tile_6_64,
          512 * KIB,
          448,
          { 64, 384, 768, 3072 },
          { 1664, 170, 170, 133 },
          { 512, 128, 128, 128 } },
        { &tile_6_64,
          1 * MIB,
          896,
          { 64, 384, 768, 3072 },
          { 3456, 469, 170, 170 },
          { 1024, 170, 128, 128 } },
        { &tile_6_64,
          4 * MIB,
          3584,
          { 64, 384, 768, 3072 },
          { 14208, 2261, 1066, 170 },
          { 4096, 682, 341, 128 } },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct vit_matmul_kernel kernel = with_l2(table[i].kernel, table[i].l2);
        cr_expect_eq(kernel.l2_bytes, table[i].l2);
        cr_expect_eq(kernel.kc, table[i].kc, "%zu: %zu", i, kernel.kc);
        for (size_t j = 0; j < 4; j++) {
            const size_t k = table[i].k[j], fit = table[i].fit[j], rows = table[i].rows[j];
            cr_expect_eq(blocking_rows(&kernel, k, 1), fit, "%zu, %zu: %zu", i, k,
                         blocking_rows(&kernel, k, 1));
            cr_expect_eq(blocking_rows(&kernel, k, SIZE_MAX), rows, "%zu, %zu: %zu", i, k,
                         blocking_rows(&kernel, k, SIZE_MAX));
        }
    }
    count_checks(10 * sizeof table / sizeof *table);
}

/* A block of A beside two panels, and what waits for the next block of k. */
Test(blocking, what_is_in_use_at_once_fits_l2)
{
    static const struct vit_matmul_kernel *const kernels[] = { &tile_6_16, &tile_6_64 };
    size_t checks = 0;

    for (size_t i = 0; i < 2 * SIZES; i++)
        for (size_t k = 1; k < 5000; k += 1 + k / 8) {
            const struct vit_matmul_kernel kernel = with_l2(kernels[i % 2], l2_sizes[i / 2]);
            const size_t cuts = blocking_cuts(&kernel, k), block = (k + cuts - 1) / cuts;
            const size_t rows = blocking_rows(&kernel, k, checks % 2 ? 1 : SIZE_MAX);
            const size_t waiting = cuts > 1 ? blocking_unfinished(&kernel) : 0;
            const size_t panels = 2 * kernel.panel_bytes(block);
            cr_assert(block <= kernel.kc && rows >= kernel.mr, "k = %zu", k);
            cr_assert(rows * block * sizeof(float) + panels + waiting <= kernel.l2_bytes ||
                          l2_sizes[i / 2] == 64 * KIB,
                      "k = %zu, L2 %zu: %zu rows", k, kernel.l2_bytes, rows);
            cr_assert(rows / kernel.mr * kernel.mr * kernel.nr * 4 <=
                          blocking_unfinished(&kernel) ||
                      cuts == 1);
            checks += 3;
        }
    count_checks(checks);
}

Test(blocking, no_cache_is_too_small)
{
    const struct vit_matmul_kernel none = with_l2(&tile_6_64, 0);

    cr_expect_eq(none.kc, 64);
    cr_expect_eq(blocking_rows(&none, 0, 100), 6);
    cr_expect_eq(blocking_rows(&none, 100, 100), 6);
    cr_expect_eq(blocking_unfinished(&none), 6 * 64 * 4);
    cr_expect_eq(blocking_score_rows(&none, 197), 24);
    count_checks(5);
}

Test(blocking, scores_take_half_of_l2_between_24_and_72_rows)
{
    static const size_t tokens[] = { 1, 197, 577, 1370, 4097, 100000 };
    static const size_t rows[3][6] = { { 72, 72, 55, 24, 24, 24 },
                                       { 72, 72, 72, 47, 24, 24 },
                                       { 72, 72, 72, 72, 31, 24 } };

    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 6; j++) {
            const struct vit_matmul_kernel kernel = with_l2(&tile_6_16, (256 * KIB) << i);
            cr_expect_eq(blocking_score_rows(&kernel, tokens[j]), rows[i][j], "%zu tokens: %zu",
                         tokens[j], blocking_score_rows(&kernel, tokens[j]));
        }
    count_checks(18);
}

/* A caller allocates for the most tokens, then calls with fewer. */
Test(blocking, scratch_of_attention_grows_with_tokens)
{
    const struct vit_kernels *kernels = NULL;
    size_t checks = 0;

    for (size_t i = 0; i < 7 * 3; i++) { /* the level that is used and scalar; columns of a head */
        const struct vit_caches caches = { .l2 = (64 * KIB) << i % 7 };
        cr_assert_eq(vit_kernels_get(i % 2 ? "scalar" : NULL, &kernels, NULL), VIT_OK);
        struct vit_kernels table = *kernels;
        size_t scratch = 0;
        blocking_set(&table.matmul[VIT_MATMUL_F32_F32], &caches);
        for (size_t tokens = 1; tokens <= 9000; tokens++, checks++) {
            const struct vit_matmul_kernel *const kernel = &table.matmul[VIT_MATMUL_F32_F32];
            const size_t bytes = vit_attention_scratch_bytes(&table, tokens, 32 << i / 7, 1);
            cr_assert_geq(bytes, scratch, "%zu tokens, L2 of %zu", tokens, caches.l2);
            cr_assert_geq(blocking_scores(kernel, tokens),
                          blocking_score_rows(kernel, tokens) * padded_stride(tokens));
            cr_assert_leq(blocking_score_rows(kernel, tokens), BLOCKING_SCORE_ROWS);
            scratch = bytes;
        }
    }
    count_checks(3 * checks);
}

/* --- the same bits */

static void assume_l2(size_t bytes)
{
    const struct vit_caches caches = { .l1d = 32 * KIB, .l2 = bytes, .l3 = 2 * MIB };

    dispatch_assume_caches(&caches);
}

static float *allocate(size_t floats)
{
    float *const memory = aligned_alloc(64, (floats * sizeof *memory + 63) / 64 * 64);

    cr_assert(memory);
    return memory;
}

static float *draw(size_t floats, uint64_t seed)
{
    float *const numbers = allocate(floats);

    fill_pattern(floats, numbers, PATTERN_NORMAL, seed);
    return numbers;
}

/* On one thread, or on three. */
static void multiply(const struct vit_kernels *level, size_t m, size_t n, size_t k, const float *a,
                     const float *b, size_t threads, float *c)
{
    const struct vit_parallel parallel = { vit_parallel_openmp, NULL, threads };
    struct vit_packed packed = { &level->matmul[VIT_MATMUL_F32_F32], n, k, NULL };

    packed.panels = allocate(vit_packed_bytes(packed.kernel, n, k) / sizeof(float));
    vit_pack(&packed, 0, n, b, k, 1);
    cr_assert(matmul_with_scratch(
        &parallel,
        &(struct vit_matmul_args){ .m = m, .a = a, .lda = k, .b = &packed, .c = c, .ldc = n }));
    free(packed.panels);
}

Test(blocking, a_matmul_has_the_same_bits_with_any_l2)
{
    static const size_t shapes[][3] = { { 331, 70, 401 }, { 197, 100, 1537 }, { 7, 650, 6400 } };
    const struct vit_kernels *level = scalar_level();

    for (size_t l = 0; level; level = next_level(&l, 3 * SIZES * 30000))
        for (size_t s = 0; s < 3; s++) {
            const size_t m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
            float *const a = draw(m * k, 1), *const b = draw(n * k, 2);
            float *const expected = allocate(m * n), *const found = allocate(m * n);
            assume_l2(1 * MIB);
            multiply(scalar_level(), m, n, k, a, b, 1, expected);
            for (size_t i = 0; i < SIZES; i++) {
                assume_l2(l2_sizes[i]);
                multiply(level, m, n, k, a, b, i % 2 ? 3 : 1, found);
                expect_same_bits(m * n, expected, found, "%s, L2 of %zu", level->isa, l2_sizes[i]);
            }
            free(a);
            free(b);
            free(expected);
            free(found);
        }
}

enum { QUERIES = 80, TOKENS = 1100, HEADS = 2, HEAD_DIM = 20, DIM = HEADS * HEAD_DIM };

static void attend(const struct vit_kernels *level, const float *q, const float *k, const float *v,
                   size_t threads, float *out)
{
    const struct vit_parallel parallel = { vit_parallel_openmp, NULL, threads };
    const size_t bytes = vit_attention_scratch_bytes(level, TOKENS, HEAD_DIM, threads);
    float *const scratch = allocate(bytes / sizeof *scratch);

    vit_attention(level, &parallel,
                  &(struct vit_attention_args){ .queries = QUERIES,
                                                .tokens = TOKENS,
                                                .heads = HEADS,
                                                .head_dim = HEAD_DIM,
                                                .q = q,
                                                .ldq = DIM,
                                                .k = k,
                                                .v = v,
                                                .ldkv = DIM,
                                                .out = out,
                                                .ld_out = DIM,
                                                .scale = 0.3f,
                                                .scratch = scratch });
    free(scratch);
}

Test(blocking, attention_has_the_same_bits_with_any_l2)
{
    float *const q = draw(QUERIES * DIM, 1), *const k = draw(TOKENS * DIM, 2);
    float *const v = draw(TOKENS * DIM, 3);
    float expected[QUERIES * DIM], found[QUERIES * DIM];
    const struct vit_kernels *level = scalar_level();

    assume_l2(1 * MIB);
    attend(level, q, k, v, 1, expected);
    for (size_t l = 0; level; level = next_level(&l, SIZES * QUERIES * DIM))
        for (size_t i = 0; i < SIZES; i++) {
            assume_l2(l2_sizes[i]);
            attend(level, q, k, v, i % 2 ? 3 : 1, found);
            expect_same_bits(QUERIES * DIM, expected, found, "%s, L2 of %zu", level->isa,
                             l2_sizes[i]);
        }
    free(q);
    free(k);
    free(v);
}

static void forward(const char *isa, size_t threads, const float *image, float *logits)
{
    const struct vit_model_options options = { .size = sizeof options, .isa = isa };
    const struct vit_context_options context_options = { .size = sizeof context_options,
                                                         .threads = threads };
    struct vit_config config = divisible_config(2);
    struct vit_model *model = NULL;
    struct vit_context *context = NULL;

    config.mlp_dim = 1000; /* longer than a block of k in the smaller caches */
    cr_assert(!vit_model_create_random(&config, 5, &options, &model, NULL));
    cr_assert(!vit_context_create(model, &context_options, &context, NULL));
    cr_assert(!vit_forward(context, 1, image, logits, NULL));
    vit_context_free(context);
    vit_model_free(model);
}

Test(blocking, a_forward_pass_has_the_same_bits_with_any_l2)
{
    float *const image = draw(DIVISIBLE_IMAGE, 9);
    float expected[DIVISIBLE_CLASSES], found[DIVISIBLE_CLASSES];
    const struct vit_kernels *level = scalar_level();

    assume_l2(1 * MIB);
    forward("scalar", 1, image, expected);
    for (size_t l = 0; level; level = next_level(&l, SIZES * DIVISIBLE_CLASSES))
        for (size_t i = 0; i < SIZES; i++) {
            assume_l2(l2_sizes[i]);
            forward(level->isa, i % 2 ? 3 : 1, image, found);
            expect_same_bits(DIVISIBLE_CLASSES, expected, found, "%s, L2 of %zu", level->isa,
                             l2_sizes[i]);
        }
    free(image);
}
