/* test_call_input.c - which images and pixels a call takes: errors, and shorter structs */
#include <math.h>
#include <string.h>

#include "call_pixels.h"
#include "compare.h"
#include "counts.h"

static struct vit_model *new_model(size_t channels)
{
    struct vit_config config = { BASE, .patch = 8 };
    struct vit_model *model = NULL;

    config.channels = channels;
    cr_assert_eq(vit_model_create_random(&config, 3, NULL, &model, NULL), VIT_OK);
    return model;
}

struct refusal {
    struct vit_context *context;
    const float *images;
    const struct vit_image *pixels;
    const struct vit_preprocess_config *preprocess;
};

static void refuses(const struct refusal *r, enum vit_status status, const char *words)
{
    static struct result out;
    struct vit_error err = { 0 };
    const enum vit_status found =
        forward(r->context, 3, r->images, r->pixels, r->preprocess, &out, &err);

    cr_assert_eq(found, status, "%s: %s", words, err.message);
    cr_assert(strstr(err.message, words), "\"%s\" does not contain \"%s\"", err.message, words);
    count_checks(2);
}

Test(call_input, is_either_images_or_pixels)
{
    static struct batch b;
    struct vit_model *const model = new_model(3);
    struct refusal r = { .context = new_context(model, 1) };
    float logits[CLASSES];
    struct vit_error err;

    fill_batch(&b, 3, HEIGHT, WIDTH, VIT_PIXEL_FORMAT_RGB, 0);
    refuses(&r, VIT_EINVAL, "images, image_list and pixels: expected one of them, found none");
    r.images = b.floats;
    r.preprocess = &b.config;
    refuses(&r, VIT_EINVAL, "preprocess: expected NULL without pixels");
    r.pixels = b.pixels;
    refuses(&r, VIT_EINVAL, "images, image_list and pixels: expected one of them, found two");
    cr_assert_eq(vit_forward(r.context, 1, NULL, logits, &err), VIT_EINVAL);
    free_batch(&b);
    vit_context_free(r.context);
    vit_model_free(model);
    count_checks(1);
}

Test(call_input, pixels_that_do_not_fit_are_refused_by_their_index)
{
    static struct batch b;
    struct vit_model *const model = new_model(3);
    struct refusal r = { .context = new_context(model, 1), .pixels = b.pixels };

    fill_batch(&b, 3, HEIGHT, WIDTH, VIT_PIXEL_FORMAT_RGB, 0);
    const struct vit_image good = b.pixels[2];
    b.pixels[2].width--;
    refuses(&r, VIT_EIMAGE, "pixels[2]: expected the model's 32x48, found 32x47");
    b.pixels[2] = good;
    b.pixels[2].height++;
    refuses(&r, VIT_EIMAGE, "pixels[2]: expected the model's 32x48, found 33x48");
    b.pixels[2] = good;
    b.pixels[2].stride--;
    refuses(&r, VIT_EIMAGE, "pixels[2]: expected a stride of at least 144 bytes, found 143");
    b.pixels[2] = good;
    b.pixels[2].format = (enum vit_pixel_format)FORMATS;
    refuses(&r, VIT_EIMAGE, "pixels[2]: expected a pixel format from 0 to 3, found 4");
    b.pixels[2] = good;
    b.pixels[3].width = 0; /* beyond the batch */
    cr_assert_eq(forward(r.context, 3, NULL, b.pixels, NULL, &(struct result){ 0 }, NULL), VIT_OK);
    free_batch(&b);
    vit_context_free(r.context);
    vit_model_free(model);
    count_checks(1);
}

Test(call_input, pixels_need_a_mean_and_std_of_the_models_channels)
{
    static struct batch b;
    struct vit_model *const model = new_model(3);
    struct vit_preprocess_config config = imagenet_config(1, HEIGHT, WIDTH);
    struct refusal r = { .context = new_context(model, 1),
                         .pixels = b.pixels,
                         .preprocess = &config };

    fill_batch(&b, 3, HEIGHT, WIDTH, VIT_PIXEL_FORMAT_RGB, 0);
    refuses(&r, VIT_EINVAL, "preprocess config: expected the model's 3 channels, found 1");
    config = (struct vit_preprocess_config){ .size = sizeof config, .channels = 3 };
    refuses(&r, VIT_EINVAL, "mean and std: expected numbers for 3 channels, found none");
    config.std[0] = config.std[1] = 1;
    refuses(&r, VIT_EINVAL, "std[2]: expected a finite number other than 0, found 0");
    config.std[2] = 1;
    config.mean[1] = NAN;
    refuses(&r, VIT_EINVAL, "mean[1]: expected a finite number");
    config = imagenet_config(3, HEIGHT, WIDTH);
    config.size = 7;
    refuses(&r, VIT_EINVAL, "struct vit_preprocess_config: expected size");
    free_batch(&b);
    vit_context_free(r.context);
    vit_model_free(model);
}

Test(call_input, a_model_of_two_channels_takes_no_pixels)
{
    struct vit_model *const model = new_model(2);
    struct vit_image image = noise(HEIGHT, WIDTH, VIT_PIXEL_FORMAT_RGB, 0, 1);
    const struct vit_image images[] = { image, image, image };
    const struct refusal r = { .context = new_context(model, 1), .pixels = images };
    refuses(&r, VIT_EINVAL, "preprocess config: expected 1 or 3 channels, found 2");
    vit_context_free(r.context);
    vit_model_free(model);
    free(image.pixels);
}

/* Callers of the first 0.2 headers, whose struct ends after output_count or 8 reserved bytes. */
Test(call_input, shorter_structs_have_no_pixels)
{
    static struct batch b;
    struct vit_model *const model = new_model(3);
    struct vit_context *const context = new_context(model, 1);
    float expected[CLASSES], found[CLASSES];
    const struct vit_output_request request = { .size = sizeof request, .data = found };
    const struct vit_call call = {
        .size = sizeof call, .batch = 1, .images = b.floats, .outputs = &request, .output_count = 1
    };

    fill_batch(&b, 3, HEIGHT, WIDTH, VIT_PIXEL_FORMAT_RGB, 0);
    cr_assert_eq(offsetof(struct vit_call, pixels), 5 * sizeof(size_t));
    cr_assert_eq(vit_forward(context, 1, b.floats, expected, NULL), VIT_OK);
    for (size_t size = 5 * sizeof(size_t); size <= 6 * sizeof(size_t); size += sizeof size) {
        struct vit_call *const old = malloc(size); /* AddressSanitizer sees a byte past its end */
        memcpy(old, &call, size);
        memcpy(old, &size, sizeof size);
        memset(found, 0, sizeof found);
        cr_assert_eq(vit_forward_call(context, old, NULL), VIT_OK);
        expect_same_bits(CLASSES, expected, found, "%zu bytes", size);
        free(old);
        count_checks(1);
    }
    free_batch(&b);
    vit_context_free(context);
    vit_model_free(model);
}
