/* session.c - an open model, and a context with a batch for the number of images */
#include "tools/session.h"

#include "tools/packed.h"

/*
 * Eight images per thread: each thread then computes whole images, and few idle at the end. No more
 * than 64, because activations need memory, unless there are more threads.
 */
static size_t choose_batch(size_t images, size_t threads)
{
    size_t batch = 8 * threads < 64 ? 8 * threads : 64;

    if (batch < threads)
        batch = threads;
    return images < batch ? images : batch;
}

struct vit_model_options model_options(const struct common_options *common, struct size size)
{
    return (struct vit_model_options){ .size = sizeof(struct vit_model_options),
                                       .isa = common->isa,
                                       .height = size.height,
                                       .width = size.width,
                                       .keep = common->keep,
                                       .precision = (enum vit_precision)common->precision,
                                       .packed = common->packed,
                                       .digest = common->digest };
}

bool turns_images(const struct common_options *common, bool model)
{
    return common->orientation == ORIENTATION_MODEL ? model
                                                    : common->orientation == ORIENTATION_EXIF;
}

/*
 * For preprocessing, whose operations take some microseconds: OpenMP's threads would wait for each
 * other in loops that other programs interrupt.
 */
static enum vit_status create_pool(size_t threads, struct session *s, struct vit_error *err)
{
    const struct vit_pool_options options = { .size = sizeof options, .threads = threads };
    const enum vit_status status = vit_pool_create(&options, &s->pool, err);

    if (!status)
        s->parallel = (struct vit_parallel){ vit_pool_run, s->pool, threads };
    return status;
}

/* A context for one image gives the number of threads, from which the batch follows. */
static enum vit_status create_context(const struct common_options *common, size_t images,
                                      struct session *s, struct vit_error *err)
{
    struct vit_context_options options = { .size = sizeof options, .threads = common->threads };
    enum vit_status status = vit_context_create(s->model, &options, &s->context, err);

    if (status)
        return status;
    status = create_pool(vit_context_threads(s->context), s, err);
    if (status)
        return status;
    s->batch = choose_batch(images, s->parallel.threads);
    if (s->batch == 1)
        return VIT_OK;
    vit_context_free(s->context);
    s->context = NULL;
    options.max_batch = s->batch;
    return vit_context_create(s->model, &options, &s->context, err);
}

/* The file as it is: one that is not of this model is an error here, and is not written. */
static enum vit_status open_verified(const char *directory, const struct vit_model_options *options,
                                     struct session *s, struct vit_error *err)
{
    enum vit_status status = vit_model_open(directory, options, &s->model, err);

    if (!status)
        status = vit_model_verify_packed(s->model, err);
    s->verified = !status;
    return status;
}

enum vit_status session_open(const struct common_options *common, struct size size,
                             const char *directory, size_t images, struct session *s,
                             struct vit_error *err)
{
    const struct vit_model_options options = model_options(common, size);
    enum vit_status status;

    *s = (struct session){ .config = { .size = sizeof s->config },
                           .preprocess = { .size = sizeof s->preprocess },
                           .packed = common->packed,
                           .max_pixels = common->max_pixels };
    status = common->verify ? open_verified(directory, &options, s, err)
                            : packed_open(directory, &options, &s->model, err);
    if (!status)
        status = vit_model_get_config(s->model, &s->config, err);
    if (!status)
        status = vit_model_get_preprocess_config(s->model, &s->preprocess, err);
    s->preprocess.exif_orientation = turns_images(common, s->preprocess.exif_orientation);
    if (!status && images > 0)
        status = create_context(common, images, s, err);
    return status;
}

void session_close(struct session *s)
{
    vit_context_free(s->context);
    vit_pool_free(s->pool);
    vit_model_free(s->model);
    *s = (struct session){ 0 };
}

enum vit_status session_embed(const struct session *s, size_t count, const struct vit_image *pixels,
                              float *rows, struct vit_error *err)
{
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = VIT_OUTPUT_EMBEDDING,
                                                .data = rows };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = count,
                                   .outputs = &request,
                                   .output_count = 1,
                                   .pixels = pixels };

    return count ? vit_forward_call(s->context, &call, err) : VIT_OK;
}
