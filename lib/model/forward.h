/* forward.h - the forward pass of one image */
#ifndef VIT_MODEL_FORWARD_H
#define VIT_MODEL_FORWARD_H

#include "model/image_view.h"
#include "model/pass.h"

/*
 * Computes the outputs of pass->call for one image. Ends early, with outputs unspecified, if the
 * cancel hook returns true.
 */
void forward_image(const struct pass *pass, const struct image_view *image);

#endif
