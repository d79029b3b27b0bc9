/* decode_formats.h - what decode.c shares with the decoder of each format */
#ifndef VIT_IMAGE_DECODE_FORMATS_H
#define VIT_IMAGE_DECODE_FORMATS_H

#include "image/decode.h"

struct encoded {
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size;
};

struct picture {
    size_t height, width;
    uint8_t *rgb; /* [height][width][3] */
};

/*
 * Checks the size against DECODE_MAX_PIXELS and allocates. A decoder that fails after this leaves
 * the pixels in *picture: decode_memory() frees them.
 */
enum vit_status picture_alloc(const struct encoded *in, size_t height, size_t width,
                              struct picture *picture, struct vit_error *err);

enum vit_status decode_jpeg(const struct encoded *in, struct picture *out, struct vit_error *err);
enum vit_status decode_png(const struct encoded *in, struct picture *out, struct vit_error *err);
enum vit_status decode_webp(const struct encoded *in, struct picture *out, struct vit_error *err);

#endif
