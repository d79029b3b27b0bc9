/* packed.h - opens models from a file of packed weights, which is written where it does not fit */
#ifndef VIT_TOOLS_PACKED_H
#define VIT_TOOLS_PACKED_H

#include "vit/vit.h"

/*
 * vit_model_open. If the file options->packed is missing or is not of this model, the model is
 * opened without it, the file is written, and standard error says why.
 */
enum vit_status packed_open(const char *directory, const struct vit_model_options *options,
                            struct vit_model **model, struct vit_error *err);

#endif
