/* last_output.h - what a model computes last, for two images of noise */
#ifndef VIT_TESTS_LAST_OUTPUT_H
#define VIT_TESTS_LAST_OUTPUT_H

#include <criterion/criterion.h>
#include <stdlib.h>

#include "compare.h"
#include "model_config.h"

/* Logits, or else the embedding or the last hidden state: *count numbers; the caller frees them. */
static inline float *last_output(const struct vit_model *model, size_t *count)
{
    const struct vit_context_options options = { .size = sizeof options, .max_batch = 2 };
    const struct vit_config c = model_config(model);
    const enum vit_output output = c.classes > 0             ? VIT_OUTPUT_LOGITS
                                   : c.pool != VIT_POOL_NONE ? VIT_OUTPUT_EMBEDDING
                                                             : VIT_OUTPUT_LAST_HIDDEN_STATE;
    const size_t pixels = 2 * c.channels * c.height * c.width;
    float *const images = malloc(pixels * sizeof *images);
    struct vit_context *context;
    size_t rows, columns;

    vit_output_shape(model, output, 0, &rows, &columns);
    *count = 2 * rows * columns;
    float *const out = malloc(*count * sizeof *out);
    cr_assert(images && out);
    fill_pattern(pixels, images, PATTERN_NORMAL, 5);
    cr_assert_eq(vit_context_create(model, &options, &context, NULL), VIT_OK);
    cr_assert_eq(forward_output(context, output, 0, 2, images, out, NULL), VIT_OK);
    vit_context_free(context);
    free(images);
    return out;
}

#endif
