/* load.h - image files as pixels, and as a model's input */
#ifndef VIT_TOOLS_LOAD_H
#define VIT_TOOLS_LOAD_H

#include "tools/session.h"
#include "vit/image.h"

/* The pixels of an image file; vit_image_free() releases them. As vit_image_decode_file. */
enum vit_status load_image(const char *path, bool exif_orientation, size_t max_pixels,
                           struct vit_image *image, struct vit_error *err);

/* vit_preprocess_image, with `path` before its message. parallel may be NULL. */
enum vit_status preprocess(const char *path, const struct vit_preprocess_config *config,
                           const struct vit_image *image, const struct vit_parallel *parallel,
                           float *out, struct vit_error *err);

/* An image file as the input of a session's model, out[channels][height][width]. */
enum vit_status load_input(const struct session *session, const char *path, float *out,
                           struct vit_error *err);

/* The same, allocated; the caller frees *input. */
enum vit_status load_new_input(const struct session *session, const char *path, float **input,
                               struct vit_error *err);

#endif
