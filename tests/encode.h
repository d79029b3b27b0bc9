/* encode.h - image files that tests make, of kinds that libvit-image does not write */
#ifndef VIT_TESTS_ENCODE_H
#define VIT_TESTS_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file in memory; free(bytes) releases it. */
struct encoded_file {
    uint8_t *bytes;
    size_t size;
};

/* What the pixels are: noise that does not compress, or one color. */
enum encode_pixels { ENCODE_NOISE, ENCODE_FLAT };

struct encode_jpeg {
    size_t height, width;
    enum encode_pixels pixels;
    int channels;             /* 1, 3 or 4 (CMYK) */
    int vertical, horizontal; /* samples of the first channel for one of the others; 0: 1 */
    bool progressive, arithmetic;
};

struct encode_png {
    size_t height, width;
    enum encode_pixels pixels;
    int color, depth; /* libpng's PNG_COLOR_TYPE_, and the bits of a channel */
    bool interlaced;
    size_t texts, text_bytes; /* compressed texts before the pixels, and the length of each */
    size_t private_bytes;     /* a private chunk before the pixels; 0: none */
};

enum encode_webp { ENCODE_LOSSY, ENCODE_LOSSY_ALPHA, ENCODE_LOSSLESS };

/* Each aborts on an error. */
struct encoded_file encode_jpeg(const struct encode_jpeg *what);
struct encoded_file encode_png(const struct encode_png *what);
struct encoded_file encode_webp(enum encode_webp kind, size_t height, size_t width,
                                enum encode_pixels pixels);

/*
 * A lossless WebP with that many groups of codes, of which the pixels name only `named`: 0, 1, …
 * and the last. All its pixels are transparent black, in no bits.
 */
struct encoded_file encode_webp_groups(size_t groups, size_t named);

/* A JPEG whose last scan is repeated until the file has so many. */
struct encoded_file encode_scans(const struct encode_jpeg *what, size_t scans);

#endif
