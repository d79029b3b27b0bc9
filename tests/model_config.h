/* model_config.h - a model's configuration by value, and one output of a batch */
#ifndef VIT_TESTS_MODEL_CONFIG_H
#define VIT_TESTS_MODEL_CONFIG_H

#include "vit/vit.h"

static inline struct vit_config model_config(const struct vit_model *model)
{
    struct vit_config config = { .size = sizeof config };

    vit_model_get_config(model, &config, NULL); /* the size is right: it cannot fail */
    return config;
}

static inline struct vit_preprocess_config model_preprocess_config(const struct vit_model *model)
{
    struct vit_preprocess_config config = { .size = sizeof config };

    vit_model_get_preprocess_config(model, &config, NULL);
    return config;
}

/* A model with enough work to divide one image among threads, of 10 classes. */
enum { DIVISIBLE_IMAGE = 3 * 48 * 80, DIVISIBLE_CLASSES = 10 };
static inline struct vit_config divisible_config(size_t depth)
{
    return (struct vit_config){ .size = sizeof(struct vit_config),
                                .channels = 3,
                                .height = 48,
                                .width = 80,
                                .patch = 8,
                                .dim = 96,
                                .depth = depth,
                                .heads = 4,
                                .mlp_dim = 200,
                                .classes = DIVISIBLE_CLASSES,
                                .eps = 1e-6f,
                                .activation = VIT_ACTIVATION_GELU };
}

/* One output of a batch: out is [batch][rows][columns]. */
static inline enum vit_status forward_output(struct vit_context *context, enum vit_output output,
                                             size_t block, size_t batch, const float *images,
                                             float *out, struct vit_error *err)
{
    const struct vit_output_request request = {
        .size = sizeof request, .output = output, .block = block, .data = out
    };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = batch,
                                   .images = images,
                                   .outputs = &request,
                                   .output_count = 1 };

    return vit_forward_call(context, &call, err);
}

#endif
