/* compare_side.c - one of the two models that `libvit compare` runs, and its outputs of a batch */
#include "tools/compare_side.h"

#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/product.h"

static enum vit_status allocate(const struct vit_model *model, size_t batch,
                                const struct vit_output_request *requests, struct side *side,
                                struct vit_error *err)
{
    size_t rows, columns, length = 0, bytes;

    side->requests = calloc(side->count, sizeof *side->requests);
    side->lengths = calloc(side->count, sizeof *side->lengths);
    if (!side->requests || !side->lengths)
        return tool_no_memory(err);
    memcpy(side->requests, requests, side->count * sizeof *requests);
    for (size_t i = 0; i < side->count; i++) {
        vit_output_shape(model, requests[i].output, requests[i].block, &rows, &columns);
        if (!product(2, (size_t[]){ rows, columns }, &side->lengths[i]) ||
            __builtin_add_overflow(length, side->lengths[i], &length))
            return tool_no_memory(err);
    }
    if (product(3, (size_t[]){ batch, length, sizeof *side->data }, &bytes))
        side->data = malloc(bytes);
    if (!side->data)
        return tool_no_memory(err);
    float *next = side->data;
    for (size_t i = 0; i < side->count; i++) {
        side->requests[i].data = next;
        next += batch * side->lengths[i];
    }
    return VIT_OK;
}

enum vit_status side_open(const struct session *session, const struct vit_model *model,
                          struct vit_context *context, size_t batch, size_t count,
                          const struct vit_output_request *requests, struct side *side,
                          struct vit_error *err)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = batch,
                                                 .threads = session->parallel.threads,
                                                 .run = session->parallel.run,
                                                 .user = session->parallel.user };
    enum vit_status status = VIT_OK;

    *side = (struct side){ .count = count };
    if (!context)
        status = vit_context_create(model, &options, &side->own, err);
    side->context = context ? context : side->own;
    return status ? status : allocate(model, batch, requests, side, err);
}

void side_close(struct side *side)
{
    free(side->data);
    free(side->lengths);
    free(side->requests);
    vit_context_free(side->own);
    *side = (struct side){ 0 };
}

enum vit_status side_forward(const struct side *side, size_t count, const struct vit_image *pixels,
                             struct vit_error *err)
{
    const struct vit_call call = { .size = sizeof call,
                                   .batch = count,
                                   .outputs = side->requests,
                                   .output_count = side->count,
                                   .pixels = pixels };

    return vit_forward_call(side->context, &call, err);
}

const float *side_output(const struct side *side, size_t i, size_t image)
{
    return side->requests[i].data + image * side->lengths[i];
}
