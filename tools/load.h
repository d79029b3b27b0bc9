/* load.h - image files as pixels, as they are and as a model sees them */
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

/* Allocates pixels of a session's model; vit_image_free() releases them. */
enum vit_status create_pixels(const struct session *session, struct vit_image *pixels,
                              struct vit_error *err);

/* An image file as a session's model sees it, in pixels of create_pixels(). */
enum vit_status load_pixels(const struct session *session, const char *path,
                            struct vit_image *pixels, struct vit_error *err);

/* The same for a file in memory, whose name is for messages. */
enum vit_status decode_pixels(const struct session *session, const char *name, const void *bytes,
                              size_t size, struct vit_image *pixels, struct vit_error *err);

#endif
