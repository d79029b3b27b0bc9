/* input.h - the images of a call: floats, or pixels with the values of their bytes */
#ifndef VIT_MODEL_INPUT_H
#define VIT_MODEL_INPUT_H

#include "model/image_view.h"
#include "model/pass.h"

/*
 * Checks the images of a call, counts those that can be computed and fills the levels, in the
 * default floating-point environment. Sets the call's image_errors, if there are any; otherwise an
 * image at fault is the error. VIT_EINVAL, VIT_EIMAGE, VIT_EUNSUPPORTED.
 */
enum vit_status input_check(const struct vit_model *model, struct call *call,
                            struct vit_error *err);

/* Image i of a checked call. */
struct image_view input_view(const struct vit_model *model, const struct call *call, size_t i);

#endif
