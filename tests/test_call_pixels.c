/* test_call_pixels.c - forward passes from pixels have the bits of those from floats */
#include <fenv.h>
#include <string.h>

#include "alloc_counter.h"
#include "call_pixels.h"
#include "compare.h"
#include "counts.h"
#include "model_config.h"

#define T2T                                                                                        \
    .patch = 16, .t2t_kernels = { 7, 3, 3 }, .t2t_dim = 24, .t2t_heads = 1, .t2t_mlp_dim = 24,     \
    .pos_embed = VIT_POS_EMBED_SINUSOID

static const struct variation {
    const char *name;
    struct vit_config config;
} variations[] = {
    { "color", { BASE, .patch = 8 } },
    { "distilled", { BASE, .patch = 16, .class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION } },
    { "pixels beyond the last patch", { BASE, .patch = 10, .crop_to_patches = true } },
    { "normed patches", { BASE, .patch = 8, .patch_norms = true } },
    { "soft splits", { BASE, .tokenizer = VIT_TOKENIZER_T2T_TRANSFORMER, T2T } },
    { "performer", { BASE, .tokenizer = VIT_TOKENIZER_T2T_PERFORMER, T2T } },
    { "one channel", { BASE, .patch = 8 } }, /* new_model() sets it */
    { "soft splits, one channel", { BASE, .tokenizer = VIT_TOKENIZER_T2T_QK_SCALE, T2T } },
};

enum { VARIATIONS = sizeof variations / sizeof *variations, FIRST_OF_ONE_CHANNEL = 6 };

static struct vit_model *new_model(size_t variation)
{
    struct vit_config config = variations[variation].config;
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };

    config.channels = variation < FIRST_OF_ONE_CHANNEL ? 3 : 1;
    cr_assert_eq(vit_model_create_random(&config, 3, NULL, &model, &err), VIT_OK, "%s",
                 err.message);
    return model;
}

static void expect_same(struct vit_context *context, size_t count, const struct batch *b,
                        const struct vit_image *pixels, const char *name)
{
    static struct result expected, found;
    struct vit_error err = { 0 };

    memset(&expected, 0, sizeof expected);
    memset(&found, 0, sizeof found);
    cr_assert_eq(forward(context, count, b->floats, NULL, NULL, &expected, &err), VIT_OK, "%s",
                 err.message);
    cr_assert_eq(forward(context, count, NULL, pixels, &b->config, &found, &err), VIT_OK, "%s: %s",
                 name, err.message);
    expect_same_bits(sizeof found / sizeof(float), expected.logits, found.logits,
                     "%s, %zu images of format %d, %zu threads", name, count, (int)pixels->format,
                     vit_context_threads(context));
}

Test(call_pixels, have_the_bits_of_floats_in_every_model_format_batch_and_number_of_threads)
{
    static struct batch b;

    for (size_t v = 0; v < VARIATIONS; v++) {
        struct vit_model *const model = new_model(v);
        for (int format = 0; format < FORMATS; format++) {
            fill_batch(&b, model_config(model).channels, 61, 77, (enum vit_pixel_format)format,
                       PADDING);
            for (size_t threads = 1; threads <= 3; threads++) {
                struct vit_context *const context = new_context(model, threads);
                for (size_t count = 1; count <= BATCH; count++)
                    expect_same(context, count, &b, b.pixels, variations[v].name);
                vit_context_free(context);
            }
            free_batch(&b);
        }
        vit_model_free(model);
    }
}

/* An image of the model's size may be passed as it is: a resize to its own size changes nothing. */
Test(call_pixels, of_every_format_and_stride_are_converted_as_preprocessing_does)
{
    static struct batch b;

    for (size_t v = 0; v < VARIATIONS; v++) {
        struct vit_model *const model = new_model(v);
        struct vit_context *const context = new_context(model, 1);
        for (int format = 0; format < FORMATS; format++)
            for (size_t padding = 0; padding <= PADDING; padding += PADDING) {
                const size_t channels = model_config(model).channels;
                fill_batch(&b, channels, HEIGHT, WIDTH, (enum vit_pixel_format)format, padding);
                b.config.crop_mode = VIT_CROP_MODE_SQUASH;
                b.config.crop_pct = 1;
                for (size_t i = 0; i < BATCH; i++)
                    cr_assert_eq(vit_preprocess_image(&b.config, &b.image[i], NULL,
                                                      b.floats + i * channels * HEIGHT * WIDTH,
                                                      NULL),
                                 VIT_OK);
                expect_same(context, BATCH, &b, b.image, variations[v].name);
                free_batch(&b);
            }
        vit_context_free(context);
        vit_model_free(model);
    }
}

static void expect_same_logits(const char *directory)
{
    struct vit_error err = { 0 };
    struct vit_model *model = NULL;
    struct vit_context *context = NULL;

    cr_assert_eq(vit_model_open(directory, NULL, &model, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_context_create(model, NULL, &context, NULL), VIT_OK);
    const struct vit_config c = model_config(model);
    const struct vit_preprocess_config preprocess = model_preprocess_config(model);
    const size_t count = c.channels * c.height * c.width;
    struct vit_image image = noise(70, 90, VIT_PIXEL_FORMAT_RGB, 0, 1);
    struct vit_image pixels = { .pixels = malloc(count) };
    float *const input = malloc(count * sizeof *input);
    float *const expected = malloc(c.classes * sizeof *expected);
    float *const found = malloc(c.classes * sizeof *found);
    const struct vit_output_request request = { .size = sizeof request, .data = found };
    const struct vit_call call = {
        .size = sizeof call, .batch = 1, .outputs = &request, .output_count = 1, .pixels = &pixels
    };

    cr_assert_eq(vit_preprocess_image(&preprocess, &image, NULL, input, NULL), VIT_OK);
    cr_assert_eq(vit_preprocess_pixels(&preprocess, &image, NULL, &pixels, NULL), VIT_OK);
    cr_assert_eq(vit_forward(context, 1, input, expected, NULL), VIT_OK);
    cr_assert_eq(vit_forward_call(context, &call, &err), VIT_OK, "%s: %s", directory, err.message);
    expect_same_bits(c.classes, expected, found, "%s", directory);
    free(found);
    free(expected);
    free(input);
    free(pixels.pixels);
    free(image.pixels);
    vit_context_free(context);
    vit_model_free(model);
}

Test(call_pixels, have_the_mean_and_std_of_the_checkpoint)
{
    expect_same_logits("tests/golden/timm-vit");
    expect_same_logits("tests/golden/timm-deit-distilled");
    expect_same_logits("tests/golden/timm-nonsquare");
    expect_same_logits("models/digits");
}

Test(call_pixels, of_preprocessing_are_packed_and_gray_takes_one_byte)
{
    static const enum vit_pixel_format color[FORMATS] = {
        VIT_PIXEL_FORMAT_RGB, VIT_PIXEL_FORMAT_BGR, VIT_PIXEL_FORMAT_RGB, VIT_PIXEL_FORMAT_GRAY
    };
    static uint8_t memory[3 * HEIGHT * WIDTH + 1];

    for (size_t channels = 1; channels <= 3; channels += 2)
        for (int format = 0; format < FORMATS; format++) {
            const enum vit_pixel_format expected =
                channels == 1 ? VIT_PIXEL_FORMAT_GRAY : color[format];
            const size_t bytes = vit_pixel_bytes(expected) * HEIGHT * WIDTH;
            struct vit_preprocess_config config = imagenet_config(channels, HEIGHT, WIDTH);
            struct vit_image image = noise(50, 60, (enum vit_pixel_format)format, PADDING, 1);
            struct vit_image out = { .pixels = memory };
            memset(config.mean, 0, sizeof config.mean);
            memset(config.std, 0, sizeof config.std);
            memory[bytes] = 77;
            cr_assert_eq(vit_preprocess_pixels(&config, &image, NULL, &out, NULL), VIT_OK);
            cr_assert(out.pixels == memory && out.height == HEIGHT && out.width == WIDTH);
            cr_assert(out.format == expected && out.stride * HEIGHT == bytes);
            cr_assert_eq(memory[bytes], 77);
            free(image.pixels);
            count_checks(3);
        }
}

Test(call_pixels, do_not_depend_on_the_callers_rounding_and_keep_it)
{
    static struct batch b;
    static struct result expected, found;
    struct vit_model *const model = new_model(0);
    struct vit_context *const context = new_context(model, 1);

    fill_batch(&b, 3, 61, 77, VIT_PIXEL_FORMAT_RGB, 0);
    cr_assert_eq(forward(context, BATCH, b.floats, NULL, NULL, &expected, NULL), VIT_OK);
    fesetround(FE_UPWARD);
    const enum vit_status status = forward(context, BATCH, NULL, b.pixels, &b.config, &found, NULL);
    const int rounding = fegetround();
    fesetround(FE_TONEAREST);
    cr_assert(status == VIT_OK && rounding == FE_UPWARD);
    expect_same_bits(BATCH * CLASSES, expected.logits, found.logits, "rounding upward");
    free_batch(&b);
    vit_context_free(context);
    vit_model_free(model);
    count_checks(1);
}

Test(call_pixels, are_computed_without_an_allocation)
{
    static struct batch b;
    static struct result found;

    for (size_t v = 0; v < VARIATIONS; v++) {
        struct vit_model *const model = new_model(v);
        struct vit_context *const context = new_context(model, 2);
        fill_batch(&b, model_config(model).channels, 61, 77, VIT_PIXEL_FORMAT_RGB, 0);
        const size_t before = watched_allocations();
        cr_assert_eq(forward(context, BATCH, NULL, b.pixels, &b.config, &found, NULL), VIT_OK);
        cr_assert_eq(watched_allocations(), before, "%s", variations[v].name);
        free_batch(&b);
        vit_context_free(context);
        vit_model_free(model);
        count_checks(1);
    }
}
