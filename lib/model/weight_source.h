/* weight_source.h - where the numbers of a model's tensors come from */
#ifndef VIT_MODEL_WEIGHT_SOURCE_H
#define VIT_MODEL_WEIGHT_SOURCE_H

#include <stdbool.h>

#include "checkpoint/positions_resize.h"
#include "checkpoint/slots.h"
#include "vit/config.h"
#include "vit/status.h"

struct checkpoint;

/* Where the tensors come from: a checkpoint, or a generator. */
struct weight_source {
    void *from;
    /* elements first .. first + count − 1 of a tensor in row-major order */
    enum vit_status (*read)(void *from, enum tensor_slot slot, size_t index, size_t first,
                            size_t count, float *out, struct vit_error *err);
    /* VIT_EUNSUPPORTED: names the tensor that has an element; NULL: all numbers are small */
    enum vit_status (*refuse)(void *from, enum tensor_slot slot, size_t index, size_t element,
                              const char *reason, struct vit_error *err);
    bool has_positions;              /* false: positions, if there are any, are computed */
    const struct vit_config *stored; /* the configuration that the tensors have */
    enum positions_resize resize;
    /* whose files a file of packed weights must come from; NULL: there are none */
    const struct checkpoint *files;
};

#endif
