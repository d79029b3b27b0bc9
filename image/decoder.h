/* decoder.h - what decode.c shares with the decoder of each format */
#ifndef VIT_IMAGE_DECODER_H
#define VIT_IMAGE_DECODER_H

#include "image/error.h"
#include "vit/image.h"

struct encoded {
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size;
    size_t max_pixels;
    unsigned max_scans;
};

/*
 * Checks the size against max_pixels and allocates RGB pixels. `min_bytes`: no shorter file has so
 * many pixels; `format` names it. A decoder that fails after this leaves the pixels in *image:
 * vit_image_decode() frees them.
 */
enum vit_status decoder_allocate(const struct encoded *in, const char *format, uint64_t min_bytes,
                                 size_t height, size_t width, struct vit_image *image,
                                 struct vit_error *err);

enum vit_status decode_jpeg(const struct encoded *in, struct vit_image *image,
                            struct vit_error *err);
enum vit_status decode_png(const struct encoded *in, struct vit_image *image,
                           struct vit_error *err);
enum vit_status decode_webp(const struct encoded *in, struct vit_image *image,
                            struct vit_error *err);

#endif
