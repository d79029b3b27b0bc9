/* contrast.h - how a checkpoint that was trained with texts compares an image with a text */
#ifndef VIT_CHECKPOINT_CONTRAST_H
#define VIT_CHECKPOINT_CONTRAST_H

#include "vit/inspect.h"

struct tensor_names;
struct tensors;

/* A zeroed scale and bias with VIT_SCORES_NONE: the files say nothing. */
struct contrast {
    enum vit_scores scores;
    float log_scale, bias; /* the logit is exp(log_scale)·cosine + bias */
};

/*
 * Reads the family's logit_scale and logit_bias, as far as it has them and the files do: without
 * one of them, nothing is known. VIT_EFORMAT: not a single number, not finite, or a scale whose
 * exponential is no use; VIT_EUNSUPPORTED: a dtype that cannot be read; VIT_EIO, VIT_ENOMEM.
 */
enum vit_status contrast_read(const struct tensor_names *names, const struct tensors *tensors,
                              struct contrast *contrast, struct vit_error *err);

#endif
