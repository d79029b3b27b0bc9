/* call_pixels.h - small models and a batch of images, as pixels and as floats */
#ifndef VIT_TESTS_CALL_PIXELS_H
#define VIT_TESTS_CALL_PIXELS_H

#include <criterion/criterion.h>
#include <stdlib.h>

#include "imagenet_config.h"
#include "vit/vit.h"

enum { BATCH = 5, HEIGHT = 32, WIDTH = 48, CLASSES = 10, PADDING = 5, FORMATS = 4 };

/* A configuration without its patches and tokenizer. */
#define BASE                                                                                       \
    .size = sizeof(struct vit_config), .channels = 3, .height = HEIGHT, .width = WIDTH, .dim = 72, \
    .depth = 1, .heads = 3, .mlp_dim = 100, .classes = CLASSES, .eps = 1e-6f

static inline struct vit_context *new_context(const struct vit_model *model, size_t threads)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = threads };
    struct vit_context *context = NULL;

    cr_assert_eq(vit_context_create(model, &options, &context, NULL), VIT_OK);
    return context;
}

/* Noise, also in alpha and between rows. */
static inline struct vit_image noise(size_t height, size_t width, enum vit_pixel_format format,
                                     size_t padding, uint32_t seed)
{
    const size_t stride = width * vit_pixel_bytes(format) + padding;
    struct vit_image image = { malloc(height * stride), height, width, stride, format };

    for (size_t i = 0; i < height * stride; i++) {
        seed = seed * 1664525u + 1013904223u;
        image.pixels[i] = (uint8_t)(seed >> 24);
    }
    return image;
}

/* The logits and the patches of a batch, from either kind of image. */
struct result {
    float logits[BATCH * CLASSES];
    float patches[BATCH * (HEIGHT / 8) * (WIDTH / 8) * 72];
};

static inline enum vit_status forward(struct vit_context *context, size_t batch,
                                      const float *images, const struct vit_image *pixels,
                                      const struct vit_preprocess_config *preprocess,
                                      struct result *out, struct vit_error *err)
{
    const struct vit_output_request requests[] = {
        { .size = sizeof *requests, .output = VIT_OUTPUT_LOGITS, .data = out->logits },
        { .size = sizeof *requests, .output = VIT_OUTPUT_PATCH_EMBEDDING, .data = out->patches },
    };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = batch,
                                   .images = images,
                                   .outputs = requests,
                                   .output_count = 2,
                                   .pixels = pixels,
                                   .preprocess = preprocess };

    return vit_forward_call(context, &call, err);
}

/*
 * A batch of images of one format: `image` of any size becomes `pixels` by vit_preprocess_pixels,
 * and `floats` by vit_preprocess_image.
 */
struct batch {
    struct vit_preprocess_config config;
    struct vit_image image[BATCH], pixels[BATCH];
    float floats[BATCH * 3 * HEIGHT * WIDTH];
};

static inline void fill_batch(struct batch *b, size_t channels, size_t height, size_t width,
                              enum vit_pixel_format format, size_t padding)
{
    struct vit_error err = { 0 };

    b->config = imagenet_config(channels, HEIGHT, WIDTH);
    for (size_t i = 0; i < BATCH; i++) {
        b->image[i] = noise(height, width, format, padding, (uint32_t)i);
        b->pixels[i].pixels = malloc(channels * HEIGHT * WIDTH);
        cr_assert_eq(vit_preprocess_pixels(&b->config, &b->image[i], NULL, &b->pixels[i], &err),
                     VIT_OK, "%s", err.message);
        cr_assert_eq(vit_preprocess_image(&b->config, &b->image[i], NULL,
                                          b->floats + i * channels * HEIGHT * WIDTH, NULL),
                     VIT_OK);
    }
}

static inline void free_batch(struct batch *b)
{
    for (size_t i = 0; i < BATCH; i++) {
        free(b->image[i].pixels);
        free(b->pixels[i].pixels);
    }
}

#endif
