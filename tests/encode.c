/* encode.c - image files that tests make, of kinds that libvit-image does not write */
#include "encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

static void *allocate(size_t bytes)
{
    void *const block = calloc(1, bytes ? bytes : 1);

    if (!block)
        abort();
    return block;
}

static void fill(uint8_t *row, size_t bytes, enum encode_pixels pixels, uint32_t *state)
{
    for (size_t i = 0; i < bytes; i++) {
        *state = *state * 1664525u + 1013904223u;
        row[i] = pixels == ENCODE_NOISE ? (uint8_t)(*state >> 24) : 0;
    }
}

struct encoded_file encode_jpeg(const struct encode_jpeg *what)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct encoded_file file = { 0 };
    unsigned long size = 0;
    uint32_t state = 1;
    uint8_t *row = allocate(what->width * (size_t)what->channels);

    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file.bytes, &size);
    jpeg.image_height = (JDIMENSION)what->height;
    jpeg.image_width = (JDIMENSION)what->width;
    jpeg.input_components = what->channels;
    jpeg.in_color_space = what->channels == 1   ? JCS_GRAYSCALE
                          : what->channels == 3 ? JCS_RGB
                                                : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 90, TRUE);
    for (int c = 0; c < what->channels; c++) {
        jpeg.comp_info[c].v_samp_factor = c == 0 && what->vertical ? what->vertical : 1;
        jpeg.comp_info[c].h_samp_factor = c == 0 && what->horizontal ? what->horizontal : 1;
    }
    jpeg.optimize_coding = !what->arithmetic;
    jpeg.arith_code = what->arithmetic;
    if (what->progressive)
        jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < jpeg.image_height) {
        fill(row, what->width * (size_t)what->channels, what->pixels, &state);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    free(row);
    file.size = size;
    return file;
}

struct encoded_file encode_scans(const struct encode_jpeg *what, size_t scans)
{
    struct encoded_file file = encode_jpeg(what);
    size_t count = 0, last = 0;

    for (size_t i = 0; i + 1 < file.size; i++)
        if (file.bytes[i] == 0xff && file.bytes[i + 1] == 0xda) { /* entropy codes have no ff da */
            count++;
            last = i;
        }
    const size_t length = file.size - 2 - last, added = scans > count ? scans - count : 0;
    uint8_t *const bytes = allocate(file.size + added * length);
    memcpy(bytes, file.bytes, file.size - 2);
    for (size_t i = 0; i < added; i++)
        memcpy(bytes + file.size - 2 + i * length, file.bytes + last, length);
    memcpy(bytes + file.size - 2 + added * length, "\xff\xd9", 2);
    free(file.bytes);
    return (struct encoded_file){ bytes, file.size + added * length };
}

static void append(png_structp png, png_bytep bytes, size_t count)
{
    struct encoded_file *const file = png_get_io_ptr(png);
    uint8_t *const grown = realloc(file->bytes, file->size + count);

    if (!grown)
        abort();
    memcpy(grown + file->size, bytes, count);
    *file = (struct encoded_file){ grown, file->size + count };
}

static void flush(png_structp png)
{
    (void)png;
}

static void set_texts(png_structp png, png_infop info, const struct encode_png *what)
{
    char *const text = allocate(what->text_bytes + 1);
    const png_text one = { .compression = PNG_TEXT_COMPRESSION_zTXt,
                           .key = (char[]){ "text" },
                           .text = memset(text, 'a', what->text_bytes),
                           .text_length = what->text_bytes };

    for (size_t i = 0; i < what->texts; i++)
        png_set_text(png, info, &one, 1);
    free(text);
}

struct encoded_file encode_png(const struct encode_png *what)
{
    struct encoded_file file = { 0 };
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    uint32_t state = 1;

    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_write_fn(png, &file, append, flush);
    png_set_IHDR(png, info, (png_uint_32)what->width, (png_uint_32)what->height, what->depth,
                 what->color, what->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_compression_level(png, 9);
    set_texts(png, info, what);
    png_write_info(png, info);
    if (what->private_bytes) {
        uint8_t *const data = allocate(what->private_bytes);
        png_write_chunk(png, (png_const_bytep) "prVt", data, what->private_bytes);
        free(data);
    }
    const size_t row_bytes = png_get_rowbytes(png, info);
    uint8_t *const row = allocate(row_bytes);
    const int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < what->height; y++) {
            fill(row, row_bytes, what->pixels, &state);
            png_write_row(png, row);
        }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(row);
    return file;
}

struct encoded_file encode_webp(enum encode_webp kind, size_t height, size_t width,
                                enum encode_pixels pixels)
{
    const size_t channels = kind == ENCODE_LOSSY_ALPHA ? 4 : 3;
    const int h = (int)height, w = (int)width, stride = (int)(width * channels);
    uint8_t *const image = allocate(height * width * channels), *encoded = NULL;
    struct encoded_file file;
    uint32_t state = 1;

    fill(image, height * width * channels, pixels, &state);
    switch (kind) {
    case ENCODE_LOSSY:
        file.size = WebPEncodeRGB(image, w, h, stride, 50, &encoded);
        break;
    case ENCODE_LOSSY_ALPHA:
        file.size = WebPEncodeRGBA(image, w, h, stride, 50, &encoded);
        break;
    case ENCODE_LOSSLESS:
        file.size = WebPEncodeLosslessRGB(image, w, h, stride, &encoded);
        break;
    }
    if (!file.size)
        abort();
    file.bytes = memcpy(allocate(file.size), encoded, file.size);
    WebPFree(encoded);
    free(image);
    return file;
}

/* --- lossless WebP, bit by bit: RFC 9649, sections 3 to 6 */

struct bit_writer {
    uint8_t *bytes; /* zeros from `bits` on */
    size_t bits;
};

/* Adds the lowest `count` bits of a value; bits fill bytes from the lowest one. */
static void put_bits(struct bit_writer *w, unsigned value, int count)
{
    for (int i = 0; i < count; i++, w->bits++)
        w->bytes[w->bits / 8] |= (uint8_t)((value >> i & 1) << w->bits % 8);
}

/* A code whose one symbol is 0. */
static void put_single_code(struct bit_writer *w)
{
    put_bits(w, 1, 4); /* simple, one symbol, of one bit: 0 */
}

/* A code of 256 symbols of 8 bits each. */
static void put_byte_code(struct bit_writer *w)
{
    put_bits(w, 0, 1);      /* not simple */
    put_bits(w, 12 - 4, 4); /* the lengths of 12 lengths; the last in the file's order is 8 */
    for (int i = 0; i < 11; i++)
        put_bits(w, 0, 3);
    put_bits(w, 1, 3);
    put_bits(w, 1, 1); /* then 256 times that one, in no bits */
    put_bits(w, 3, 3);
    put_bits(w, 256 - 2, 8);
}

static void put_byte(struct bit_writer *w, unsigned byte)
{
    for (int i = 7; i >= 0; i--)
        put_bits(w, byte >> i, 1);
}

struct encoded_file encode_webp_groups(size_t groups, size_t named)
{
    enum { HEADER = 20, BLOCK = 4 }; /* a group is named for each block of 4 × 4 pixels */
    size_t side = 1;

    while (side * side < named)
        side++;
    struct bit_writer w = { allocate(HEADER + 128 + 2 * side * side + 3 * groups), 0 };
    uint8_t *const file = w.bytes;
    w.bytes += HEADER;
    put_bits(&w, 0x2f, 8);
    put_bits(&w, (unsigned)(side * BLOCK - 1), 14);
    put_bits(&w, (unsigned)(side * BLOCK - 1), 14);
    put_bits(&w, 0, 1 + 3 + 1);   /* no alpha, version 0, no transform */
    put_bits(&w, 1 | 11 << 1, 5); /* a cache of 2^11 colors: the largest tables */
    put_bits(&w, 1, 1 + 3 + 1);   /* several groups, for blocks of 4 × 4; without a cache */
    put_byte_code(&w);            /* green: the lower byte of the number of a group */
    put_byte_code(&w);            /* red: the upper one */
    for (int i = 0; i < 3; i++)
        put_single_code(&w);
    for (size_t i = 0; i < side * side; i++) {
        const size_t group = i >= named ? 0 : i == named - 1 ? groups - 1 : i;
        put_byte(&w, group & 255);
        put_byte(&w, (unsigned)(group >> 8));
    }
    for (size_t i = 0; i < 5 * groups; i++)
        put_single_code(&w);
    const size_t bytes = (w.bits + 7) / 8, padded = bytes + bytes % 2;
    memcpy(file, "RIFF....WEBPVP8L", 16);
    for (size_t i = 0; i < 4; i++) {
        file[4 + i] = (uint8_t)((padded + 12) >> 8 * i);
        file[16 + i] = (uint8_t)(bytes >> 8 * i);
    }
    return (struct encoded_file){ file, HEADER + padded };
}
