/* image_batch.c - the images of a command line through a model, batch by batch */
#include "tools/image_batch.h"

#include <stdlib.h>

#include "measure/clock.h"
#include "tools/error.h"
#include "tools/load.h"
#include "tools/product.h"
#include "tools/progress.h"

enum vit_status image_batch_open(const struct invocation *in, struct size size,
                                 struct image_batch *b, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    *b = (struct image_batch){ .directory = in->operands[0] };
    for (size_t i = 1; !status && i < in->count; i++)
        status = find_images(in->operands[i], &b->paths, err);
    if (!status)
        status = session_open(in->common, size, b->directory, b->paths.count, &b->session, err);
    if (status)
        return status;
    b->pixels = calloc(b->session.batch, sizeof *b->pixels);
    if (!b->pixels)
        return tool_no_memory(err);
    for (size_t i = 0; !status && i < b->session.batch; i++)
        status = create_pixels(&b->session, &b->pixels[i], err);
    return status;
}

void image_batch_close(struct image_batch *b)
{
    for (size_t i = 0; b->pixels && i < b->session.batch; i++)
        vit_image_free(&b->pixels[i]);
    free(b->pixels);
    session_close(&b->session);
    image_paths_free(&b->paths);
    *b = (struct image_batch){ 0 };
}

/* Reads images first to first + count - 1. */
static enum vit_status read_images(struct image_batch *b, size_t first, size_t count,
                                   struct progress *progress, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < count; i++) {
        status = load_pixels(&b->session, b->paths.path[first + i], &b->pixels[i], err);
        progress_update(progress, first);
    }
    return status;
}

enum vit_status image_batch_each(struct image_batch *b, size_t max,
                                 enum vit_status (*consume)(void *arg, size_t first, size_t count,
                                                            struct vit_error *err),
                                 void *arg, struct vit_error *err)
{
    const size_t most = max < b->session.batch ? max : b->session.batch;
    struct progress progress = progress_start(b->paths.count);
    enum vit_status status = VIT_OK;
    size_t count;

    for (size_t first = 0; !status && first < b->paths.count; first += count) {
        const size_t left = b->paths.count - first;
        count = left < most ? left : most;
        status = read_images(b, first, count, &progress, err);
        if (!status)
            status = consume(arg, first, count, err);
        progress_update(&progress, first + count);
    }
    progress_clear(&progress);
    b->seconds = now() - progress.start;
    return status;
}

/* One output of a batch, and who takes it image by image. */
struct forward {
    struct image_batch *batch;
    struct vit_output_request request;
    size_t length; /* of an image's output */
    enum vit_status (*consume)(void *arg, size_t i, const float *out, struct vit_error *err);
    void *arg;
};

static enum vit_status forward(void *arg, size_t first, size_t count, struct vit_error *err)
{
    const struct forward *const f = arg;
    const struct vit_call call = { .size = sizeof call,
                                   .batch = count,
                                   .outputs = &f->request,
                                   .output_count = 1,
                                   .pixels = f->batch->pixels };
    enum vit_status status = vit_forward_call(f->batch->session.context, &call, err);

    for (size_t i = 0; !status && i < count; i++)
        status = f->consume(f->arg, first + i, f->request.data + i * f->length, err);
    return status;
}

enum vit_status image_batch_forward(struct image_batch *b, enum vit_output output,
                                    enum vit_status (*consume)(void *arg, size_t i,
                                                               const float *out,
                                                               struct vit_error *err),
                                    void *arg, struct vit_error *err)
{
    struct forward f = { .batch = b,
                         .request = { .size = sizeof f.request, .output = output },
                         .consume = consume,
                         .arg = arg };
    size_t rows, columns, bytes;

    vit_output_shape(b->session.model, output, 0, &rows, &columns);
    f.length = rows * columns;
    if (product(4, (size_t[]){ b->session.batch, rows, columns, sizeof(float) }, &bytes))
        f.request.data = malloc(bytes);
    if (!f.request.data)
        return tool_no_memory(err);
    const enum vit_status status = image_batch_each(b, b->session.batch, forward, &f, err);
    free(f.request.data);
    return status;
}
