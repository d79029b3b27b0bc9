/* positions.h - position embeddings: stored or computed, resized to another grid */
#ifndef VIT_MODEL_POSITIONS_H
#define VIT_MODEL_POSITIONS_H

#include "checkpoint/positions_resize.h"
#include "config/tokenizer.h"
#include "model/plan.h"
#include "model/weight_source.h"

struct positions {
    float *patches; /* [patches][dim] added to the patches' tokens, or NULL */
};

/* Reserves the table of a configuration that has one. */
void positions_plan(struct weight_plan *plan, const struct vit_config *config,
                    struct positions *positions);

/*
 * Reads or computes the table, for the grid of the configuration, and adds the positions of the
 * tokens before the patches to prefix[][dim]. VIT_EUNSUPPORTED: no table is stored for this grid,
 * and none can be computed. VIT_ENOMEM; or what the source returns.
 */
enum vit_status positions_load(const struct vit_config *config, const struct weight_source *source,
                               struct positions *positions, float *prefix, struct vit_error *err);

/* Whether the grid of a configuration is that of the stored table. */
bool positions_same_grid(const struct vit_config *config, const struct weight_source *source);

/* As positions_load, from a table of that grid, which stays where it is. */
void positions_share(const struct vit_config *config, const float *table,
                     struct positions *positions, float *prefix);

/*
 * Resizes a table to another grid: out[to.rows · to.columns][dim] from
 * in[from.rows · from.columns][dim]. `resize` is not RESIZE_NEVER. Sums in double, rounded once.
 * VIT_ENOMEM.
 */
enum vit_status positions_resize(enum positions_resize resize, size_t dim, struct config_grid from,
                                 const float *in, struct config_grid to, float *out,
                                 struct vit_error *err);

#endif
