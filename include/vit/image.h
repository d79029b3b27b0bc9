/* vit/image.h - libvit-image: decode JPEG, PNG and WebP, encode PNG, draw; works without libvit */
#ifndef VIT_IMAGE_H
#define VIT_IMAGE_H

#include <stdbool.h>

#include "vit/pixels.h"
#include "vit/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Every function is thread-safe, prints nothing and changes no global state. A function that fails
 * fills *err, unless err is NULL, and leaves its outputs as they were.
 *
 * No function needs more than 64 KiB of stack, whatever the file.
 *
 * Pixels that a function of this header allocates belong to the caller, who frees them with
 * vit_image_free().
 */

/*
 * The limits of a decoder; 0 means the default. A file that exceeds one is VIT_EUNSUPPORTED, and
 * the message names the limit. The sizes are checked before memory is allocated for pixels, scans
 * while they are read. The struct follows the ABI rule of vit/config.h.
 *
 * Memory: for H × W pixels, decoding allocates at most 12·H·W + 256·W bytes + 1 MiB at a time, the
 * pixels included; of a JPEG, H and W are rounded up to multiples of 32. vit_image_decode_file
 * allocates the bytes of the file besides. A lossless WebP may also need tables of codes: at most
 * 32 MiB, or 16 KiB for each byte of the file if that is more, up to 1.4 GiB.
 *
 * Before it allocates, it refuses as truncated a file that is too short for its pixels: a PNG of
 * fewer bytes than deflate needs (1 for 1032), a JPEG with Huffman codes of fewer bits than blocks
 * of 8 × 8 samples, and a lossy WebP of fewer bits than blocks of 16 × 16 pixels. Arithmetic coding
 * and lossless WebP have no such bound: max_pixels alone limits them.
 */
struct vit_decode_options {
    size_t size;           /* sizeof(struct vit_decode_options) */
    size_t max_bytes;      /* of the encoded file; 0: 2^28 */
    size_t max_pixels;     /* height · width; 0: 89478485, where Pillow warns: 2^28 bytes of RGB */
    const char *name;      /* begins each message; NULL: the path, or "image" for one in memory */
    bool exif_orientation; /* turn and mirror the pixels as the file's EXIF orientation says */
    unsigned char zero[3];
    unsigned max_scans; /* of a JPEG, each of which may cost a pass over all pixels; 0: 100 */
    unsigned char reserved[8];
};

/*
 * Decodes a JPEG, PNG or WebP file from memory to VIT_PIXEL_FORMAT_RGB; the first bytes of the file
 * decide which it is. The pixels are those of Pillow's Image.open(file).convert("RGB"): gray is
 * repeated, palettes are expanded, alpha is dropped without blending, 16-bit channels keep their
 * upper 8 bits; gamma and color profiles are ignored, and so is the EXIF orientation without
 * exif_orientation, with which the pixels are those of Pillow's ImageOps.exif_transpose.
 *   options  NULL for the defaults
 * VIT_EIMAGE: the file has another format, or is malformed or truncated.
 * VIT_EUNSUPPORTED: the file exceeds a limit, or is a 16-bit gray PNG (releases of Pillow disagree
 * on it), an animated WebP or a JPEG that libjpeg cannot decode; or the options set a field that
 * this version does not have. VIT_EINVAL: the options have an impossible size. VIT_ENOMEM.
 */
VIT_API enum vit_status vit_image_decode(const void *bytes, size_t size,
                                         const struct vit_decode_options *options,
                                         struct vit_image *image, struct vit_error *err);

/*
 * The same for a regular file. Also VIT_ENOTFOUND; VIT_EIO: the file cannot be opened or read, or
 * it is a directory, a pipe or a device: it does not wait for a pipe's writer.
 */
VIT_API enum vit_status vit_image_decode_file(const char *path,
                                              const struct vit_decode_options *options,
                                              struct vit_image *image, struct vit_error *err);

/* Allocates a white image. VIT_EINVAL: an unknown format, or a side of 0. VIT_ENOMEM. */
VIT_API enum vit_status vit_image_create(size_t height, size_t width, enum vit_pixel_format format,
                                         struct vit_image *image, struct vit_error *err);

/* Frees the pixels and zeroes the struct. A zeroed struct is allowed; a view is not. */
VIT_API void vit_image_free(struct vit_image *image);

/*
 * Encodes an image of any format as an 8-bit PNG. Free *png with vit_png_free().
 * VIT_EINVAL: a side is 0 or above 2^31 - 1, the stride is above 2^31 - 1 or shorter than a row, or
 * the format is unknown. VIT_ENOMEM.
 */
VIT_API enum vit_status vit_image_encode_png(const struct vit_image *image, uint8_t **png,
                                             size_t *size, struct vit_error *err);
VIT_API void vit_png_free(uint8_t *png); /* NULL is allowed */

/*
 * The rectangle of height × width pixels at (y, x), or the part of it inside the image. It shares
 * the image's pixels, and is valid until they are freed.
 */
VIT_API struct vit_image vit_image_view(const struct vit_image *image, size_t y, size_t x,
                                        size_t height, size_t width);

/* Sets every pixel of an image or a view to `pixel`, which has the image's format. */
VIT_API void vit_image_fill(struct vit_image *image, const uint8_t *pixel);

/* Copies the top left rectangle that fits in both images. VIT_EINVAL: the formats differ. */
VIT_API enum vit_status vit_image_copy(const struct vit_image *from, struct vit_image *to,
                                       struct vit_error *err);

/*
 * The color of t: violet at 0, through red, to yellow at 1. Equal steps of t look equal; lightness
 * grows with t. A t below 0 or a NaN has the color of 0, a t above 1 the color of 1.
 */
VIT_API void vit_colormap(double t, uint8_t rgb[3]);

/*
 * Blends the colors of values[rows][columns], 0 to 1, over an image: 60 % color, 40 % image. Each
 * value lies at the center of its cell, with bilinear interpolation between the centers.
 * VIT_EINVAL: the image is not VIT_PIXEL_FORMAT_RGB, or there are no values.
 */
VIT_API enum vit_status vit_colormap_overlay(size_t rows, size_t columns, const double *values,
                                             struct vit_image *image, struct vit_error *err);

#ifdef __cplusplus
}
#endif
#endif
