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
    double seconds;           /* from the first file to the last output */
};

/*
 * operands[0] is the model's directory; the others are files and directories, as find_images()
 * takes them. Close it, whatever the result.
 */
enum vit_status image_batch_open(const struct invocation *in, struct size size,
                                 struct image_batch *batch, struct vit_error *err);
void image_batch_close(struct image_batch *batch);

/*
 * Calls consume(arg, first, count, ...) for images first to first + count - 1, which are then in
 * batch->pixels, for all images in order. A count is at most `max`, and at most session.batch.
 * Shows the progress on a terminal.
 */
enum vit_status image_batch_each(struct image_batch *batch, size_t max,
                                 enum vit_status (*consume)(void *arg, size_t first, size_t count,
                                                            struct vit_error *err),
                                 void *arg, struct vit_error *err);

/*
 * Calls consume(arg, i, ...) with the output of image i, for every image in order. `output` is one
 * without blocks. Shows the progress as image_batch_each().
 */
enum vit_status image_batch_forward(struct image_batch *batch, enum vit_output output,
                                    enum vit_status (*consume)(void *arg, size_t i,
                                                               const float *out,
                                                               struct vit_error *err),
                                    void *arg, struct vit_error *err);

#endif
