/* vit/pixels.h - an image in memory: the struct that decoding, drawing and preprocessing share */
#ifndef VIT_PIXELS_H
#define VIT_PIXELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes of a pixel, in the order of their addresses. The values never change. */
enum vit_pixel_format {
    VIT_PIXEL_FORMAT_RGB = 0,
    VIT_PIXEL_FORMAT_BGR = 1,
    VIT_PIXEL_FORMAT_RGBA = 2, /* alpha is not premultiplied */
    VIT_PIXEL_FORMAT_GRAY = 3,
};

/*
 * 8-bit pixels, sRGB, top row first: pixel (y, x) begins at pixels + y·stride + x·(bytes of a
 * pixel). A function that takes a `const struct vit_image *` only reads the pixels: if yours are
 * const, cast the const away. This struct never grows.
 */
struct vit_image {
    uint8_t *pixels;
    size_t height, width;
    size_t stride; /* bytes from one row to the next; at least the bytes of a row */
    enum vit_pixel_format format;
};

/* The bytes of one pixel; 0 for an unknown format. */
static inline size_t vit_pixel_bytes(enum vit_pixel_format format)
{
    switch (format) {
    case VIT_PIXEL_FORMAT_RGB:
    case VIT_PIXEL_FORMAT_BGR:
        return 3;
    case VIT_PIXEL_FORMAT_RGBA:
        return 4;
    case VIT_PIXEL_FORMAT_GRAY:
        return 1;
    }
    return 0;
}

#ifdef __cplusplus
}
#endif
#endif
