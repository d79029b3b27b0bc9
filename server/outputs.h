/* outputs.h - what a model served here can return: the one table of outputs, and their names */
#ifndef VIT_SERVER_OUTPUTS_H
#define VIT_SERVER_OUTPUTS_H

#include <stddef.h>

#include "vit/vit.h"

/* The order is that of a response without a choice of outputs. */
enum served_output {
    SERVED_LOGITS,
    SERVED_EMBEDDING,
    SERVED_TOKENS,
    SERVED_ATTENTION, /* a request has to name it: it costs a second forward pass */
    SERVED_OUTPUTS
};

struct served_output_row {
    const char *name;
    enum vit_output output;
    size_t rank; /* of one image's output: 1 [columns] or 2 [rows, columns] */
};

/*
 * Of one image: attention is [rows, columns] of the grid of patches, everything else as
 * vit_output_shape has it. 0 × 0: the model does not have it.
 */
void served_output_shape(const struct vit_model *model, enum served_output output, size_t *rows,
                         size_t *columns);

extern const struct served_output_row served_outputs[SERVED_OUTPUTS];

#endif
