/* test_attention_map.c - the attention over patches and its rollout, against their definitions */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "counts.h"
#include "model_config.h"
#include "tools/attention.h"

/* Sums of a few doubles below 1 in another order: a few roundings of 2^-53 each. */
#define ROUNDINGS 1e-15

enum { TOKENS = 2 + 2 + 6, BLOCKS = 3, HEADS = 2, PATCHES = 6 };

static const struct vit_config attentive = { .size = sizeof attentive,
                                             .channels = 1,
                                             .height = 8,
                                             .width = 12,
                                             .patch = 4,
                                             .dim = 8,
                                             .depth = BLOCKS,
                                             .heads = HEADS,
                                             .mlp_dim = 16,
                                             .classes = 2,
                                             .eps = 1e-6f,
                                             .class_tokens =
                                                 VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION,
                                             .registers = 2 };

static void open_session(const struct vit_config *config, struct session *session)
{
    struct vit_error err;

    *session = (struct session){ .config = { .size = sizeof session->config }, .batch = 1 };
    cr_assert_eq(vit_model_create_random(config, 1, NULL, &session->model, &err), VIT_OK, "%s",
                 err.message);
    cr_assert_eq(vit_model_get_config(session->model, &session->config, NULL), VIT_OK);
    cr_assert_eq(vit_context_create(session->model, NULL, &session->context, NULL), VIT_OK);
}

/* Noise, as pixels and as the input that the model's mean 0 and std 1 make of them. */
struct seen {
    uint8_t bytes[8 * 12];
    float input[8 * 12];
    struct vit_image pixels;
};

static void see(struct seen *seen)
{
    uint32_t state = 2;

    for (size_t i = 0; i < sizeof seen->bytes; i++) {
        state = state * 1664525u + 1013904223u;
        seen->bytes[i] = (uint8_t)(state >> 24);
        seen->input[i] = (float)seen->bytes[i] / 255.0f;
    }
    seen->pixels = (struct vit_image){ seen->bytes, 8, 12, 12, VIT_PIXEL_FORMAT_GRAY };
}

/* One block's weights, the mean of heads: mean[TOKENS][TOKENS]. */
static void mean_of_heads(const struct session *session, size_t block, const float *input,
                          double mean[TOKENS][TOKENS])
{
    static float weights[HEADS][TOKENS][TOKENS];

    cr_assert_eq(forward_output(session->context, VIT_OUTPUT_ATTENTION, block, 1, input,
                                &weights[0][0][0], NULL),
                 VIT_OK);
    for (size_t i = 0; i < TOKENS; i++)
        for (size_t j = 0; j < TOKENS; j++)
            mean[i][j] = ((double)weights[0][i][j] + (double)weights[1][i][j]) / 2;
}

/* Weights of 0.02 make attention almost flat; a large qk_scale makes it vary. */
static struct vit_config steep(void)
{
    struct vit_config config = attentive;
    config.qk_scale = 3000;
    return config;
}

Test(attention_map, a_rollout_is_the_product_over_blocks_of_half_attention_half_identity)
{
    const struct vit_config config = steep();
    static double product[TOKENS][TOKENS], mean[TOKENS][TOKENS], next[TOKENS][TOKENS];
    double found[PATCHES], spread = 0;
    struct seen seen;
    struct session session;

    open_session(&config, &session);
    see(&seen);
    for (size_t i = 0; i < TOKENS; i++)
        product[i][i] = 1;
    for (size_t b = 0; b < BLOCKS; b++) {
        mean_of_heads(&session, b, seen.input, mean);
        for (size_t i = 0; i < TOKENS; i++) {
            for (size_t j = 0; j < TOKENS; j++) {
                next[i][j] = 0.5 * product[i][j];
                for (size_t k = 0; k < TOKENS; k++)
                    next[i][j] += 0.5 * mean[i][k] * product[k][j];
            }
        }
        memcpy(product, next, sizeof product);
    }
    cr_assert_eq(
        attention_over_patches(&session, INDEX_WORD, INDEX_WORD, &seen.pixels, found, NULL),
        VIT_OK);
    for (size_t i = 0; i < PATCHES; i++) {
        /* rows of float32 weights sum to 1 within some 1e-7; normalization removes the rest */
        cr_assert(fabs(found[i] - product[0][TOKENS - PATCHES + i]) <= 1e-6, "%zu: %g, %g", i,
                  found[i], product[0][TOKENS - PATCHES + i]);
        spread = fmax(spread, fabs(found[i] - found[0]));
    }
    cr_assert_gt(spread, 1e-3);
    session_close(&session);
    count_checks(PATCHES + 1);
}

Test(attention_map, a_blocks_attention_is_the_class_tokens_row_over_the_last_tokens)
{
    const struct vit_config config = steep();
    static float weights[HEADS][TOKENS][TOKENS];
    double found[PATCHES];
    struct seen seen;
    struct session session;

    open_session(&config, &session);
    see(&seen);
    cr_assert_eq(forward_output(session.context, VIT_OUTPUT_ATTENTION, 1, 1, seen.input,
                                &weights[0][0][0], NULL),
                 VIT_OK);
    for (size_t head = 0; head <= HEADS; head++) {
        const bool mean = head == HEADS;
        cr_assert_eq(attention_over_patches(&session, 1, mean ? INDEX_WORD : head, &seen.pixels,
                                            found, NULL),
                     VIT_OK);
        for (size_t i = 0; i < PATCHES; i++) {
            const size_t token = TOKENS - PATCHES + i;
            const double expected =
                mean ? ((double)weights[0][0][token] + (double)weights[1][0][token]) / 2
                     : (double)weights[head][0][token];
            cr_assert(fabs(found[i] - expected) <= ROUNDINGS);
        }
    }
    session_close(&session);
    count_checks((HEADS + 1) * PATCHES);
}

Test(attention_map, without_a_class_token_the_rows_of_all_tokens_are_averaged)
{
    enum { ALL = PATCHES };
    struct vit_config config = steep();
    static float weights[HEADS][ALL][ALL];
    double found[PATCHES];
    struct seen seen;
    struct session session;

    config.class_tokens = VIT_CLASS_TOKENS_NONE;
    config.registers = 0;
    config.pool = VIT_POOL_MEAN;
    open_session(&config, &session);
    see(&seen);
    cr_assert_eq(forward_output(session.context, VIT_OUTPUT_ATTENTION, 0, 1, seen.input,
                                &weights[0][0][0], NULL),
                 VIT_OK);
    cr_assert_eq(attention_over_patches(&session, 0, 1, &seen.pixels, found, NULL), VIT_OK);
    for (size_t j = 0; j < PATCHES; j++) {
        double expected = 0;
        for (size_t i = 0; i < ALL; i++)
            expected += (double)weights[1][i][j] / ALL;
        cr_assert(fabs(found[j] - expected) <= ROUNDINGS);
    }
    session_close(&session);
    count_checks(PATCHES);
}
