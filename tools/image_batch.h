/* image_batch.h - a model, and the pictures that a command line names, through it batch by batch */
#ifndef VIT_TOOLS_IMAGE_BATCH_H
#define VIT_TOOLS_IMAGE_BATCH_H

#include "tools/find_images.h"
#include "tools/tool.h"

/* Zeroed, it may be closed. */
struct pictures {
    const char *folder; /* of the model */
    struct runner runner;
    struct paths paths;
    size_t image_elements;
    float *images;  /* [batch][image_elements] */
    double seconds; /* from the first file to the last output */
};

/*
 * operands[0] is the model's folder, the others are files and folders of pictures, as walk() takes
 * them. Close it, whatever the result.
 */
enum vit_status pictures_open(const struct options *options, size_t count, char **operands,
                              struct pictures *pictures, struct vit_error *err);
void pictures_close(struct pictures *pictures);

/*
 * Every picture's output of a kind without blocks, in order: `take` gets picture i's, one after
 * another. Shows how far it is.
 */
enum vit_status pictures_forward(struct pictures *pictures, enum vit_output output,
                                 enum vit_status (*take)(void *arg, size_t i, const float *out,
                                                         struct vit_error *err),
                                 void *arg, struct vit_error *err);

/* A picture as the model's input, [channels][height][width], which the caller frees. */
enum vit_status picture_input(const struct vit_model *model, const char *path, float **input,
                              struct vit_error *err);

#endif
