/* positions.h - tables of position embeddings: fixed ones, and resizing to another grid */
#ifndef VIT_MODEL_POSITIONS_H
#define VIT_MODEL_POSITIONS_H

#include "checkpoint/positions_resize.h"
#include "config/tokenizer.h"

/* table[tokens][dim]: sine at even j, cosine at odd j, of i/10000^(2·⌊j/2⌋/dim). */
void sinusoid_positions(size_t tokens, size_t dim, float *table);

/*
 * table[rows · columns][dim]: sin x·ω, cos x·ω, sin y·ω, cos y·ω of a patch's column x and row y,
 * ω_k = 10000^(−k/(dim/4 − 1)); Beyer et al. 2022.
 */
void sincos_2d_positions(struct config_grid grid, size_t dim, float *table);

/*
 * Resizes a table to another grid: out[to.rows · to.columns][dim] from
 * in[from.rows · from.columns][dim]. `resize` is not RESIZE_NEVER. Sums in double, rounded once.
 * VIT_ENOMEM.
 */
enum vit_status positions_resize(enum positions_resize resize, size_t dim, struct config_grid from,
                                 const float *in, struct config_grid to, float *out,
                                 struct vit_error *err);

#endif
