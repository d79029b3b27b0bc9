/* init_weights.h - random weights for vit_model_create_random */
#ifndef VIT_MODEL_INIT_WEIGHTS_H
#define VIT_MODEL_INIT_WEIGHTS_H

#include <stdint.h>

#include "checkpoint/slots.h"
#include "vit/status.h"

struct random_weights {
    uint64_t seed;
};

/* `read` of struct weight_source, from a struct random_weights. Cannot fail. */
enum vit_status random_weights_read(void *from, enum tensor_slot slot, size_t index, size_t first,
                                    size_t count, float *out, struct vit_error *err);

#endif
