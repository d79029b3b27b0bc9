/* view.h - the stored layout of a tensor, seen in the order of its slot */
#ifndef VIT_CHECKPOINT_VIEW_H
#define VIT_CHECKPOINT_VIEW_H

#include <stddef.h>

#include "checkpoint/tensor_names.h"

/* The slot's elements in order: four dimensions, with the stride of each in the stored data. */
struct view {
    size_t dim[4], stride[4];
};

/* Of any layout but LAYOUT_SLOT. */
struct view view_of(const struct tensor_source *source, const struct vit_config *config);

/*
 * Copies elements first .. first + count − 1 of a view, row by row of its last dimension; `data` is
 * the whole tensor as it is stored.
 */
void view_gather(const struct view *view, const float *data, size_t first, size_t count,
                 float *out);

#endif
