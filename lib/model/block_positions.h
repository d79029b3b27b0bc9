/* block_positions.h - positions within attention: rotations, and biases of the scores */
#ifndef VIT_MODEL_BLOCK_POSITIONS_H
#define VIT_MODEL_BLOCK_POSITIONS_H

#include "model/plan.h"
#include "model/weight_source.h"

struct block_positions {
    float *cosines, *sines; /* [1, or blocks][1, or heads][patches][head_dim], or NULL */
    float *biases;          /* [1, or blocks][heads][tokens][tokens], or NULL */
};

/* What one block's attention takes. */
struct block_position {
    struct vit_rotation rotation; /* without tables: none */
    const float *bias;            /* [heads][tokens][tokens], or NULL */
};

/* Reserves the tables of a configuration. */
void block_positions_plan(struct weight_plan *plan, const struct vit_config *config,
                          struct block_positions *positions);

/*
 * Computes the tables for the grid of the configuration. VIT_EUNSUPPORTED: the biases are of
 * another grid, and are never resized. VIT_ENOMEM; or what the source returns.
 */
enum vit_status block_positions_load(const struct vit_config *config,
                                     const struct weight_source *source,
                                     const struct block_positions *positions,
                                     struct vit_error *err);

/* Those of block i. */
struct block_position block_position(const struct vit_config *config,
                                     const struct block_positions *positions, size_t i);

/* A tensor that the tables are computed from, of a configuration at the stored size. */
struct block_positions_tensor {
    enum tensor_slot slot;
    size_t copies; /* indices; 0: the configuration has no such tensor */
    size_t rows, columns;
};
enum { BLOCK_POSITIONS_TENSORS = 3 };
void block_positions_tensors(const struct vit_config *stored,
                             struct block_positions_tensor tensors[BLOCK_POSITIONS_TENSORS]);

#endif
