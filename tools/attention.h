/* attention.h - how much a model's class token attends to each patch of a picture */
#ifndef VIT_TOOLS_ATTENTION_H
#define VIT_TOOLS_ATTENTION_H

#include "tools/tool.h"

/*
 * out[patches], row by row of vit_model_grid: the weights with which the class token attends to the
 * patches in a block; of a model without one the mean over all tokens' weights.
 *   block  its number, or OPTION_WORD for the rollout over all blocks: the product of (A + I)/2, A
 *          the mean of a block's heads; Abnar & Zuidema 2020, "Quantifying Attention Flow in
 *          Transformers"
 *   head   its number, or OPTION_WORD for the mean of all; of the rollout OPTION_WORD
 * VIT_ENOMEM.
 */
enum vit_status attention_over_patches(const struct runner *runner, size_t block, size_t head,
                                       const float *input, double *out, struct vit_error *err);

#endif
