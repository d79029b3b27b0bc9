/* levels.h - the value that a preprocess config gives each byte of each channel */
#ifndef VIT_MODEL_LEVELS_H
#define VIT_MODEL_LEVELS_H

#include "vit/config.h"
#include "vit/status.h"

struct levels {
    float of[3][256]; /* [channel][byte] */
};

/* VIT_EINVAL: neither 1 nor 3 channels. */
enum vit_status levels_check_channels(const struct vit_preprocess_config *config,
                                      struct vit_error *err);

/* VIT_EINVAL: neither 1 nor 3 channels, no mean and std, or a value that is not finite. */
enum vit_status levels_init(const struct vit_preprocess_config *config, struct levels *levels,
                            struct vit_error *err);

#endif
