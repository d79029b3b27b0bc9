/* decode.h - image files to RGB pixels: JPEG, PNG and WebP, told apart by their first bytes */
#ifndef VIT_IMAGE_DECODE_H
#define VIT_IMAGE_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "vit/status.h"

/* Larger files and pictures are refused before memory is asked for: 1 GiB, 2^28 pixels. */
#define DECODE_MAX_BYTES  ((size_t)1 << 30)
#define DECODE_MAX_PIXELS ((size_t)1 << 28)

/*
 * The pixels of an image file, rgb[*height][*width][3], as Pillow's Image.open(path).convert("RGB")
 * gives them: grey repeated, palettes expanded, alpha dropped without blending, 16 bits cut to the
 * upper 8, no gamma, no colour profile, EXIF rotation not applied. The caller frees *rgb, which is
 * set on success alone. Thread-safe; prints nothing.
 * VIT_EIO the file cannot be opened or read; VIT_EFORMAT another format, malformed or truncated;
 * VIT_EUNSUPPORTED too large, 16-bit grey PNG (releases of Pillow disagree on it), animated WebP,
 * JPEG of a kind that libjpeg does not decode; VIT_ENOMEM.
 */
enum vit_status decode_image(const char *path, size_t *height, size_t *width, uint8_t **rgb,
                             struct vit_error *err);

/* The same from a file's bytes; name stands for the path in messages. */
enum vit_status decode_memory(const char *name, const uint8_t *bytes, size_t size, size_t *height,
                              size_t *width, uint8_t **rgb, struct vit_error *err);

#endif
