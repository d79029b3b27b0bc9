/* encode.h - RGB pixels to a PNG file */
#ifndef VIT_IMAGE_ENCODE_H
#define VIT_IMAGE_ENCODE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "vit/status.h"

/*
 * Writes rgb[height][width][3] as a PNG of 8 bits, sRGB; the caller checks the FILE for errors, as
 * after any fwrite. VIT_EUNSUPPORTED more pixels than libpng takes; VIT_ENOMEM.
 */
enum vit_status encode_png(size_t height, size_t width, const uint8_t *rgb, FILE *file,
                           struct vit_error *err);

#endif
