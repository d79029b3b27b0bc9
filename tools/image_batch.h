/* image_batch.h - the images of a command line through a model, batch by batch */
#ifndef VIT_TOOLS_IMAGE_BATCH_H
#define VIT_TOOLS_IMAGE_BATCH_H

#include "tools/find_images.h"
#include "tools/session.h"

/* A zeroed struct may be closed. */
struct image_batch {
    const char *directory; /* of the model */
    struct session session;
    struct image_paths paths;
    struct vit_image *pixels; /* [session.batch] */
    size_t filled;            /* of pixels */
    struct vit_error *errors; /* [session.batch], of the images that are in work */
    size_t left_out;          /* images without an output */
    double seconds;           /* from the first file to the last output */
};

/*
 * operands[0] is the model's directory; the others are files and directories, as find_images()
 * takes them. With keep_going, each that cannot be read is an image that is left out. Close it,
 * whatever the result.
 */
enum vit_status image_batch_open(const struct invocation *in, struct size size, bool keep_going,
                                 struct image_batch *batch, struct vit_error *err);
void image_batch_close(struct image_batch *batch);

/*
 * Calls consume(arg, first, count, ...) for images first to first + count - 1, for all images in
 * order; batch->pixels then has the batch->filled that could be read, batch->errors the others'
 * errors. A count is at most `max`, and at most session.batch. Shows the progress on a terminal.
 * Without keep_going the error of the first image that cannot be read; with it only VIT_ENOMEM.
 */
enum vit_status image_batch_each(struct image_batch *batch, size_t max,
                                 enum vit_status (*consume)(void *arg, size_t first, size_t count,
                                                            struct vit_error *err),
                                 void *arg, struct vit_error *err);

/* What image_batch_forward calls for every image in order: one of the two, as soon as it can. */
struct image_consumer {
    /* VIT_EFORMAT: the output is not one, and with keep_going the image is left out */
    enum vit_status (*consume)(void *arg, size_t i, const float *out, struct vit_error *err);
    /* after its error was printed to standard error; may be NULL */
    enum vit_status (*leave_out)(void *arg, size_t i, const struct vit_error *why,
                                 struct vit_error *err);
    void *arg;
};

/* `output` is one without blocks. Shows the progress, and fails, as image_batch_each(). */
enum vit_status image_batch_forward(struct image_batch *batch, enum vit_output output,
                                    const struct image_consumer *consumer, struct vit_error *err);

#endif
