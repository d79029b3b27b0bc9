/* model_config.h - a model's configuration by value */
#ifndef VIT_TESTS_MODEL_CONFIG_H
#define VIT_TESTS_MODEL_CONFIG_H

#include "vit/vit.h"

static inline struct vit_config model_config(const struct vit_model *model)
{
    struct vit_config config = { .size = sizeof config };

    vit_model_get_config(model, &config, NULL); /* the size is right: it cannot fail */
    return config;
}

static inline struct vit_preprocess_config model_preprocess_config(const struct vit_model *model)
{
    struct vit_preprocess_config config = { .size = sizeof config };

    vit_model_get_preprocess_config(model, &config, NULL);
    return config;
}

#endif
