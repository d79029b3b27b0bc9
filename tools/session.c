/* session.c - a model, a context whose batch suits the work, and small things the verbs share */
#include "tools/tool.h"

#include <string.h>

/*
 * Images of one forward pass: eight for each thread, so that threads can take whole images and idle
 * little at the end; but no more than 64, since activations take memory, unless there are more
 * threads than that.
 */
static size_t batch_for(size_t images, size_t threads)
{
    size_t batch = 8 * threads < 64 ? 8 * threads : 64;

    if (batch < threads)
        batch = threads;
    return images < batch ? images : batch;
}

struct vit_model_options model_options(const struct options *options)
{
    return (struct vit_model_options){ .size = sizeof(struct vit_model_options),
                                       .isa = options->isa,
                                       .height = options->size[0],
                                       .width = options->size[1] };
}

enum vit_status runner_open(const struct options *options, const char *folder, size_t images,
                            struct runner *runner, struct vit_error *err)
{
    const struct vit_model_options model = model_options(options);
    struct vit_context_options context = { .size = sizeof context, .threads = options->threads };
    enum vit_status status;

    *runner = (struct runner){ .batch = 1 };
    status = vit_model_open(folder, &model, &runner->model, err);
    if (status)
        goto fail;
    /* a context of one image tells how many threads there are; it is all that one image needs */
    status = vit_context_create(runner->model, &context, &runner->context, err);
    if (status)
        goto fail;
    runner->threads = vit_context_threads(runner->context);
    if (images > 1) {
        runner->batch = batch_for(images, runner->threads);
        vit_context_free(runner->context);
        runner->context = NULL;
        context.max_batch = runner->batch;
        status = vit_context_create(runner->model, &context, &runner->context, err);
        if (status)
            goto fail;
    }
    return VIT_OK;

fail:
    runner_close(runner);
    return status;
}

void runner_close(struct runner *runner)
{
    vit_context_free(runner->context);
    vit_model_free(runner->model);
    *runner = (struct runner){ 0 };
}

enum vit_status decode_file(const char *path, struct vit_image *image, struct vit_error *err)
{
    const struct vit_decode_options options = { .size = sizeof options, .name = tool_path(path) };

    return vit_image_decode_file(path, &options, image, err);
}

enum vit_status preprocess_image(const char *path, const struct vit_preprocess_config *config,
                                 const struct vit_image *image, float *out, struct vit_error *err)
{
    struct vit_error why;
    const enum vit_status status = vit_preprocess_image(config, image, NULL, out, &why);

    return status ? tool_fail(err, status, "%s: %s", tool_path(path), why.message) : VIT_OK;
}

bool product(size_t count, const size_t *sizes, size_t *out)
{
    *out = 1;
    for (size_t i = 0; i < count; i++) {
        if (sizes[i] != 0 && *out > SIZE_MAX / sizes[i])
            return false;
        *out *= sizes[i];
    }
    return true;
}
