/* performer.h - linear attention by random features; Choromanski et al. 2021, "Rethinking
 * Attention with Performers" */
#ifndef VIT_MODEL_PERFORMER_H
#define VIT_MODEL_PERFORMER_H

#include "model/plan.h"

/* Random directions [features][dim], as they are and packed. */
struct performer {
    float *directions;
    struct linear features;
};

struct performer_buffers {
    struct matrix queries; /* φ(Q) [tokens][features] */
    struct matrix keys;    /* φ(K)ᵀ [features][tokens] */
    void *packed;          /* K, then V */
    float *per_token;      /* −|x|²/2, then the factors of rows */
    double *sums;          /* Σφ(k) [features] */
    float *mixture;        /* φ(K)ᵀ V [features][dim] */
    void *packed_mixture;
    void *matmul; /* scratch of the products */
};

void performer_plan(struct weight_plan *plan, size_t index, size_t dim, size_t features,
                    struct performer *performer);

void performer_carve(const struct carver *carver, size_t tokens, size_t dim, size_t features,
                     struct performer_buffers *buffers);

/*
 * out[tokens][dim] = φ(Q) (φ(K)ᵀ V) / (φ(Q) Σφ(K) + 1e-8), of kqv[tokens][3][dim]: keys, queries,
 * values.
 */
void performer_attention(const struct exec *e, const struct performer *performer, size_t tokens,
                         struct matrix kqv, const struct performer_buffers *buffers,
                         struct matrix out);

#endif
