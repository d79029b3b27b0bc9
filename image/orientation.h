/* orientation.h - the EXIF orientation of an encoded image, and turning pixels by it */
#ifndef VIT_IMAGE_ORIENTATION_H
#define VIT_IMAGE_ORIENTATION_H

#include "image/decoder.h"

/*
 * The orientation in a JPEG, PNG or WebP file, 1 to 8; 1, upright, if the file has none or one that
 * means nothing. It reads no byte outside the file, whatever the file's lengths say.
 */
unsigned orientation_find(const struct encoded *in);

/* Replaces the pixels by upright ones, which may have other sides. VIT_ENOMEM. */
enum vit_status orientation_apply(const struct encoded *in, unsigned orientation,
                                  struct vit_image *image, struct vit_error *err);

#endif
