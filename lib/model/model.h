/* model.h - a model: its configuration, its weights, and where they come from */
#ifndef VIT_MODEL_MODEL_H
#define VIT_MODEL_MODEL_H

#include <stdatomic.h>

#include "checkpoint/checkpoint.h"
#include "model/weights.h"
#include "vit/config.h"

struct vit_model {
    atomic_size_t references; /* the creator's, those of vit_model_retain, and of each context */
    struct vit_config config;
    struct vit_preprocess_config preprocess;
    const struct vit_kernels *kernels;
    enum vit_precision precision;
    struct checkpoint *checkpoint; /* for its labels and names; NULL in a random model */
    struct provenance provenance;
    struct weights weights;
};

#endif
