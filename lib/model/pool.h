/* pool.h - from all tokens to the embedding, and to logits */
#ifndef VIT_MODEL_POOL_H
#define VIT_MODEL_POOL_H

#include "model/pass.h"

/* The tokens ws->x to the embedding that a head sees; with distillation one for each head. */
void pool_tokens(const struct pass *pass, float *embedding);

/* out[embedding]: the embedding, or the mean of both heads'. */
void pool_mean_embedding(const struct vit_config *config, const float *embedding, float *out);

/* logits[classes] = embedding Whead + b, or the mean of both heads'. */
void pool_classify(const struct pass *pass, struct matrix embedding, float *logits);

#endif
