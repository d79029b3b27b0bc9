/* forward.h - the forward pass of one image */
#ifndef VIT_MODEL_FORWARD_H
#define VIT_MODEL_FORWARD_H

#include "model/image_view.h"
#include "model/pass.h"

/*
 * Computes the outputs of pass->call for one image. False: a cancel hook returned true, and outputs
 * are unspecified.
 */
bool forward_image(const struct pass *pass, const struct image_view *image);

#endif
