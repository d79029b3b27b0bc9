/* patch_grid.h - the image that a model sees, cut into its patches */
#ifndef VIT_TOOLS_PATCH_GRID_H
#define VIT_TOOLS_PATCH_GRID_H

#include <stdbool.h>

#include "vit/image.h"
#include "vit/inspect.h"

enum { PATCH_GAP = 2 }; /* pixels between patches */

/*
 * The pixels of the model's size, enlarged, with gaps between the patches; where patches overlap,
 * cut halfway between their centers. numbered: each has its number, row by row from 0. VIT_ENOMEM.
 */
enum vit_status patch_grid_draw(const struct vit_model *model, const struct vit_image *pixels,
                                bool numbered, struct vit_image *out, struct vit_error *err);

#endif
