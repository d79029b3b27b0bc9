/* top_k.h - the best of many logits, and their scores */
#ifndef VIT_MODEL_TOP_K_H
#define VIT_MODEL_TOP_K_H

#include "vit/inspect.h"
#include "vit/kernels.h"

/* Logits to be ranked. */
struct ranking {
    const struct vit_kernels *kernels;
    enum vit_scores scores;
    size_t count;
};

/* As vit_top_k, for 1 ≤ k ≤ ranking->count. */
void top_k_rank(const struct ranking *ranking, size_t k, const float *logits, size_t *best,
                float *scores);

#endif
