/* test_pool.c - how tokens become the embedding, from the library's own last hidden state */
#include <criterion/criterion.h>
#include <math.h>

#include "compare.h"
#include "counts.h"
#include "model_config.h"

enum { DIM = 40, REGISTERS = 2, PREFIX = 1 + REGISTERS, TOKENS = PREFIX + 4 * 6 };

/* Channel j of the mean or of the maximum of rows first to TOKENS - 1. */
static double mean(const float *rows, size_t first, size_t j)
{
    double sum = 0;

    for (size_t i = first; i < TOKENS; i++)
        sum += (double)rows[i * DIM + j];
    return sum / (double)(TOKENS - first);
}

static double max(const float *rows, size_t first, size_t j)
{
    double most = -INFINITY;

    for (size_t i = first; i < TOKENS; i++)
        most = fmax(most, (double)rows[i * DIM + j]);
    return most;
}

/* Number j of the embedding. */
static double pooled(enum vit_pool pool, const float *rows, size_t j)
{
    switch (pool) {
    case VIT_POOL_MEAN:
        return mean(rows, PREFIX, j);
    case VIT_POOL_MEAN_ALL:
        return mean(rows, 0, j);
    case VIT_POOL_MAX:
        return max(rows, PREFIX, j);
    case VIT_POOL_MEAN_AND_MAX:
        return (mean(rows, PREFIX, j) + max(rows, PREFIX, j)) / 2;
    case VIT_POOL_CLASS_AND_MEAN:
        return j < DIM ? (double)rows[j] : mean(rows, PREFIX, j - DIM);
    default:
        return (double)rows[j];
    }
}

static struct vit_config small_config(void)
{
    return (struct vit_config){ .size = sizeof(struct vit_config),
                                .channels = 3,
                                .height = 32,
                                .width = 48,
                                .patch = 8,
                                .dim = DIM,
                                .depth = 1,
                                .heads = 2,
                                .mlp_dim = 50 };
}

Test(pool_of_tokens, each_kind_is_of_the_rows_that_it_names)
{
    static const enum vit_pool pools[] = { VIT_POOL_CLASS,        VIT_POOL_MEAN,
                                           VIT_POOL_MEAN_ALL,     VIT_POOL_MAX,
                                           VIT_POOL_MEAN_AND_MAX, VIT_POOL_CLASS_AND_MEAN };
    float image[3 * 32 * 48], rows[TOKENS * DIM], embedding[2 * DIM];

    fill_pattern(3 * 32 * 48, image, PATTERN_NORMAL, 9);
    for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
        struct vit_config config = small_config();
        config.registers = REGISTERS;
        config.pool = pools[i];
        config.eps = 1e-6f;
        const size_t numbers = pools[i] == VIT_POOL_CLASS_AND_MEAN ? 2 * DIM : DIM;
        struct vit_model *model;
        struct vit_context *ctx;
        cr_assert_eq(vit_model_create_random(&config, 4, NULL, &model, NULL), VIT_OK);
        cr_assert_eq(vit_context_create(model, NULL, &ctx, NULL), VIT_OK);
        cr_assert(!forward_output(ctx, VIT_OUTPUT_LAST_HIDDEN_STATE, 0, 1, image, rows, NULL));
        cr_assert(!forward_output(ctx, VIT_OUTPUT_EMBEDDING, 0, 1, image, embedding, NULL));
        for (size_t j = 0; j < numbers; j++) {
            const double expected = pooled(pools[i], rows, j);
            cr_assert(fabs((double)embedding[j] - expected) <= 1e-6,
                      "pool %d: number %zu is %g, expected %g", (int)pools[i], j,
                      (double)embedding[j], expected);
        }
        vit_context_free(ctx);
        vit_model_free(model);
        count_checks(numbers);
    }
}

/* The norm is over the whole vector, also where it is wider than a token. */
Test(pool_of_tokens, a_pooled_vector_is_normed_as_one)
{
    struct vit_config config = small_config();
    float image[3 * 32 * 48], embedding[2 * DIM];
    struct vit_model *model;
    struct vit_context *ctx;
    double sum = 0, squares = 0;

    config.pool = VIT_POOL_CLASS_AND_MEAN;
    config.final_norm = VIT_FINAL_NORM_POOLED;
    config.eps = 1e-12f;
    fill_pattern(3 * 32 * 48, image, PATTERN_NORMAL, 9);
    cr_assert_eq(vit_model_create_random(&config, 4, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_context_create(model, NULL, &ctx, NULL), VIT_OK);
    cr_assert(!forward_output(ctx, VIT_OUTPUT_EMBEDDING, 0, 1, image, embedding, NULL));
    for (size_t j = 0; j < 2 * DIM; j++) {
        sum += (double)embedding[j];
        squares += (double)embedding[j] * (double)embedding[j];
    }
    cr_assert(fabs(sum / (2 * DIM)) < 1e-5 && fabs(squares / (2 * DIM) - 1) < 1e-4, "%g, %g", sum,
              squares);
    vit_context_free(ctx);
    vit_model_free(model);
    count_checks(1);
}
