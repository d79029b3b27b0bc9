/* positions.h - resizes a table of position embeddings to another grid */
#ifndef VIT_MODEL_POSITIONS_H
#define VIT_MODEL_POSITIONS_H

#include "checkpoint/positions_resize.h"
#include "config/tokenizer.h"

/*
 * Resizes a table to another grid: out[to.rows · to.columns][dim] from
 * in[from.rows · from.columns][dim]. `resize` is not RESIZE_NEVER. Sums in double, rounded once.
 * VIT_ENOMEM.
 */
enum vit_status positions_resize(enum positions_resize resize, size_t dim, struct config_grid from,
                                 const float *in, struct config_grid to, float *out,
                                 struct vit_error *err);

#endif
