/* comparison.h - what a lower precision changes: both models of a checkpoint on the same images */
#ifndef VIT_TOOLS_COMPARISON_H
#define VIT_TOOLS_COMPARISON_H

#include "tools/image_batch.h"

enum { COMPARE_TOP = 5 };

/* How far the output of a block is from float32's, over all images, tokens and channels. */
struct block_error {
    size_t block;
    double rms;      /* of float32's output */
    double error;    /* the rms of the difference */
    double relative; /* error / rms; 0 without a difference; else infinite where rms is 0 */
};

/* A zeroed struct may be closed. Sums are in double, in the order of images and elements. */
struct comparison {
    struct image_batch batch; /* its session has the model in the lower precision */
    const struct common_options *common;
    struct size size;
    struct vit_model *reference; /* the model in float32 */
    enum vit_precision precision;
    size_t layers, lower_layers; /* linear layers: all, and those in the lower precision */

    bool ranks;             /* the logits rank classes: the counts below apply */
    size_t same_best;       /* images with the same best class */
    size_t same_top;        /* images with the same COMPARE_TOP best classes, in any order */
    size_t shared_top;      /* of all images: classes that are among the best of both */
    enum vit_output vector; /* of the cosines: the embedding, or the last hidden state */
    double cosine_min, cosine_sum;
    size_t cosine_image; /* that of the minimum */

    enum vit_output output; /* of the differences: the logits, or `vector` without a head */
    size_t length;          /* of an image's output */
    double squares, reference_squares; /* sums: of the differences, of float32's output */
    double largest;                    /* difference */
    size_t largest_image, largest_index;

    size_t depth;
    struct block_error *blocks; /* [depth], by block */
    float *kept;                /* [images][length], float32's outputs; NULL: not kept */
};

/*
 * Opens both models and finds the images, but reads none. `suggest` is the number of layers that
 * will be suggested; 0: none. Close it, whatever the result. VIT_EINVAL: no lower precision, or no
 * layer has it, or fewer layers than `suggest`. Other errors as image_batch_open().
 */
enum vit_status compare_open(const struct invocation *in, struct size size, size_t suggest,
                             struct comparison *c, struct vit_error *err);
void compare_close(struct comparison *c);

/* Runs both models on all images. VIT_EFORMAT: an output is not finite. */
enum vit_status compare_measure(struct comparison *c, struct vit_error *err);

/* The root of a mean of squares of the compared output. */
double compare_rms(const struct comparison *c, double squares);

/* The mean over the images. */
double compare_cosine_mean(const struct comparison *c);

/* The sum of the squares of a[i] - b[i], where b NULL is zeros. */
double compare_squares(size_t count, const float *a, const float *b);

/* The blocks by relative error, the largest first; [depth], from malloc, or NULL. */
struct block_error *compare_worst_first(const struct comparison *c);

#endif
