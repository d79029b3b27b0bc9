/* test_oracle_model.c - what a model computes without kernels is as exact as numerics.md says */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "check/hard_rows.h"
#include "check/test_data.h"
#include "counts.h"
#include "model/positions.h"
#include "model_config.h"

enum { ROWS = 32, COLUMNS = 64, TOKENS = ROWS * COLUMNS, DIM = 16 };

/* Patches of one pixel, and their mean. */
static struct vit_context *averaging_context(void)
{
    const struct vit_config config = { .size = sizeof config,
                                       .channels = 1,
                                       .height = ROWS,
                                       .width = COLUMNS,
                                       .patch = 1,
                                       .dim = DIM,
                                       .heads = 1,
                                       .mlp_dim = 1,
                                       .eps = 1e-6f,
                                       .pos_embed = VIT_POS_EMBED_NONE,
                                       .class_tokens = VIT_CLASS_TOKENS_NONE,
                                       .pool = VIT_POOL_MEAN,
                                       .final_norm = VIT_FINAL_NORM_NONE };
    struct vit_model *model;
    struct vit_context *context;

    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_context_create(model, NULL, &context, NULL), VIT_OK);
    vit_model_free(model);
    return context;
}

/* Half an ulp of the mean, and TOKENS roundings in double of the mean magnitude. */
static double mean_bound(double mean, double magnitude)
{
    return fabs(mean) * 0x1p-24 + magnitude * TOKENS * 0x1p-53 + 0x1p-150;
}

Test(oracle_model, means_of_tokens_are_rounded_once_even_where_they_cancel)
{
    static float image[TOKENS], tokens[TOKENS * DIM];
    float mean[DIM];
    struct vit_context *const context = averaging_context();

    for (enum hard_row kind = 0; kind < HARD_ROWS; kind++) {
        fill_hard(TOKENS, image, kind, kind);
        cr_assert_eq(forward_output(context, VIT_OUTPUT_PATCH_EMBEDDING, 0, 1, image, tokens, NULL),
                     VIT_OK);
        cr_assert_eq(forward_output(context, VIT_OUTPUT_EMBEDDING, 0, 1, image, mean, NULL),
                     VIT_OK);
        for (size_t j = 0; j < DIM; j++) {
            long double sum = 0.0L, magnitude = 0.0L;
            for (size_t i = 0; i < TOKENS; i++) {
                sum += (long double)tokens[i * DIM + j];
                magnitude += fabsl((long double)tokens[i * DIM + j]);
            }
            const double truth = (double)(sum / TOKENS);
            cr_assert_leq(
                fabs((double)mean[j] - truth), mean_bound(truth, (double)(magnitude / TOKENS)),
                "kind %d, channel %zu: %g, expected %g", (int)kind, j, (double)mean[j], truth);
        }
        count_checks(DIM);
    }
    vit_context_free(context);
}

/* Of every byte v, with means that v/255 cancels against: (v/255 − mean)/std, three roundings. */
Test(oracle_model, preprocessing_rounds_three_times_relative_to_its_larger_term)
{
    enum { SIDE = 16 };
    static const float deviations[] = { 0.229f, 1.0f, 1e-3f, -0.5f, 255.0f };
    static float out[SIDE * SIDE];
    unsigned char pixels[SIDE * SIDE];
    const struct vit_image image = { .format = VIT_PIXEL_FORMAT_GRAY,
                                     .height = SIDE,
                                     .width = SIDE,
                                     .stride = SIDE,
                                     .pixels = pixels };

    for (size_t v = 0; v < SIDE * SIDE; v++)
        pixels[v] = (unsigned char)v;
    for (size_t t = 0; t < 256 * 5; t++) {
        struct vit_preprocess_config config = {
            .size = sizeof config, .channels = 1, .height = SIDE, .width = SIDE, .crop_pct = 1.0
        };
        config.mean[0] = (float)(t / 5) / 255.0f;
        config.std[0] = deviations[t % 5];
        cr_assert_eq(vit_preprocess_image(&config, &image, NULL, out, NULL), VIT_OK);
        for (size_t v = 0; v < SIDE * SIDE; v++) {
            const double unit = (double)v / 255.0, mean = (double)config.mean[0];
            const double truth = (unit - mean) / (double)config.std[0];
            const double bound =
                0x1p-24 * (unit + 2.0 * fabs(unit - mean)) / fabs((double)config.std[0]);
            cr_assert_leq(fabs((double)out[v] - truth), bound * (1.0 + 0x1p-20), "%zu, mean %g", v,
                          mean);
        }
        count_checks(SIDE * SIDE);
    }
}

Test(oracle_model, equal_positions_stay_equal_at_every_grid)
{
    static const enum positions_resize ways[] = { RESIZE_BICUBIC_ANTIALIAS, RESIZE_BICUBIC,
                                                  RESIZE_BILINEAR, RESIZE_BILINEAR_CORNERS };
    enum { FROM = 7, MAX = 23 };
    static const float values[3] = { 3.3f, -1e-30f, 1e30f };
    static float in[FROM * FROM * 3], out[MAX * MAX * 3];

    for (size_t i = 0; i < FROM * FROM * 3; i++)
        in[i] = values[i % 3];
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++)
        for (size_t side = 1; side <= MAX; side++) {
            const struct config_grid from = { FROM, FROM }, to = { side, MAX + 1 - side };
            cr_assert_eq(positions_resize(ways[w], 3, from, in, to, out, NULL), VIT_OK);
            for (size_t i = 0; i < to.rows * to.columns * 3; i++)
                cr_assert_eq(out[i], values[i % 3], "way %zu, %zu × %zu: %a", w, to.rows,
                             to.columns, (double)out[i]);
            count_checks(to.rows * to.columns * 3);
        }
}
