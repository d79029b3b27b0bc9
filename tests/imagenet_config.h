/* imagenet_config.h - a preprocess config with ImageNet's mean and std */
#ifndef VIT_TESTS_IMAGENET_CONFIG_H
#define VIT_TESTS_IMAGENET_CONFIG_H

#include "vit/config.h"

static inline struct vit_preprocess_config imagenet_config(size_t channels, size_t height,
                                                           size_t width)
{
    return (struct vit_preprocess_config){ .size = sizeof(struct vit_preprocess_config),
                                           .channels = channels,
                                           .height = height,
                                           .width = width,
                                           .crop_pct = 0.9,
                                           .mean = { 0.485f, 0.456f, 0.406f },
                                           .std = { 0.229f, 0.224f, 0.225f } };
}

#endif
