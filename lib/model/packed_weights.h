/* packed_weights.h - what a file of packed weights says of a model, and the arrays in it */
#ifndef VIT_MODEL_PACKED_WEIGHTS_H
#define VIT_MODEL_PACKED_WEIGHTS_H

#include "checkpoint/packed.h"
#include "config/fields.h"
#include "model/block_positions.h"
#include "model/plan.h"
#include "model/weight_source.h"
#include "vit/vit.h"

enum { PACKED_TEXT = 8192 };

/* A tensor that the file has as it is stored, because an image size decides what becomes of it. */
struct packed_extra {
    enum tensor_slot slot;
    size_t index; /* of the block */
    size_t rows, columns;
};
enum { PACKED_EXTRAS = PREFIX_PARTS + 1 + BLOCK_POSITIONS_TENSORS + CONFIG_MAX_DEPTH };

/* The header that the file of a model must have. */
struct packed_description {
    struct packed_header header; /* its arrays: those of the plan in its order, then the extras */
    char text[PACKED_TEXT];
    struct packed_extra extras[PACKED_EXTRAS];
    size_t extra_count;
};

/*
 * Describes the model of a plan whose kernels are chosen. The caller calls packed_description_free,
 * whatever the result. VIT_ENOMEM: no memory, or a size does not fit; VIT_EUNSUPPORTED as
 * packed_sources.
 */
enum vit_status packed_describe(const struct weight_plan *plan, enum vit_precision precision,
                                const struct weight_source *source, struct packed_description *d,
                                struct vit_error *err);
void packed_description_free(struct packed_description *d); /* a zeroed one is allowed */

/* Where the array of an extra is in a mapped file, or NULL: there is none. */
const float *packed_extra(const struct packed_description *d, const struct packed_map *map,
                          enum tensor_slot slot, size_t index);

/* The arrays of a plan are those of a mapped file, except what no tensor fills. */
void packed_place(const struct packed_description *d, const struct packed_map *map,
                  const struct weight_plan *plan);

#endif
