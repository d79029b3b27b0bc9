/* attention.h - how much the class token of a model attends to each patch of an image */
#ifndef VIT_TOOLS_ATTENTION_H
#define VIT_TOOLS_ATTENTION_H

#include "tools/session.h"

/*
 * From pixels of the model's size, out[patches], row by row of vit_model_grid: the weights with
 * which the class token attends to the patches; without a class token the mean of the weights of
 * all tokens.
 *   block  its number, or INDEX_WORD for the rollout: the product over all blocks of (A + I)/2, A
 *          being the mean of a block's heads; Abnar & Zuidema 2020, "Quantifying Attention Flow in
 *          Transformers". One forward pass gives the weights of all blocks.
 *   head   its number, or INDEX_WORD for the mean of all; the rollout needs INDEX_WORD
 * VIT_ENOMEM.
 */
enum vit_status attention_over_patches(const struct session *session, size_t block, size_t head,
                                       const struct vit_image *pixels, double *out,
                                       struct vit_error *err);

#endif
