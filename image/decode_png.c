/* decode_png.c - PNG to RGB with libpng, without blending and gamma correction */
#include "image/decoder.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/*
 * Holds everything that is read after the longjmp. It lies in the frame of decode_png(), above the
 * function that calls setjmp(), so that no local becomes indeterminate.
 */
struct png_decoder {
    png_structp png;
    png_infop info;
    const struct encoded *in;
    size_t at; /* bytes of the file read so far */
    struct vit_image *out;
    bool out_of_memory; /* libpng and its zlib report it as a malformed file, or as a warning */
    enum vit_status status;
    struct vit_error *err;
};

static png_voidp allocate(png_structp png, png_alloc_size_t bytes)
{
    struct png_decoder *const d = png_get_mem_ptr(png);
    void *const block = malloc(bytes);

    d->out_of_memory |= !block;
    return block;
}

static void release(png_structp png, png_voidp block)
{
    (void)png;
    free(block);
}

static enum vit_status fail_no_memory(struct png_decoder *d)
{
    return image_fail(d->err, VIT_ENOMEM, "%s: out of memory in libpng", d->in->name);
}

static _Noreturn void on_error(png_structp png, png_const_charp message)
{
    struct png_decoder *d = png_get_error_ptr(png);

    if (d->out_of_memory)
        d->status = fail_no_memory(d);
    else
        d->status = image_fail(d->err, VIT_EIMAGE, "%s: malformed PNG: %s", d->in->name, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png; /* the default prints */
    (void)message;
}

static void read_bytes(png_structp png, png_bytep to, size_t count)
{
    struct png_decoder *d = png_get_io_ptr(png);

    if (count > d->in->size - d->at) {
        d->status =
            image_fail(d->err, VIT_EIMAGE, "%s: truncated PNG: expected more than %zu bytes",
                       d->in->name, d->in->size);
        png_longjmp(png, 1);
    }
    memcpy(to, d->in->bytes + d->at, count);
    d->at += count;
}

/*
 * Deflate's densest code has 258 bytes in 2 bits: at most 1032 for each byte. A row is a byte for
 * its filter, then its pixels; an interlaced file has the rows of seven smaller images.
 */
static uint64_t min_bytes(png_uint_32 height, png_uint_32 width, unsigned pixel_bits,
                          bool interlaced)
{
    enum { DENSEST = 1032 };
    uint64_t bytes = 0;

    for (int pass = 0; pass < (interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1); pass++) {
        const uint64_t rows = interlaced ? PNG_PASS_ROWS(height, pass) : height;
        const uint64_t columns = interlaced ? PNG_PASS_COLS(width, pass) : width;
        const uint64_t row = columns ? 1 + (columns * pixel_bits + 7) / 8 : 0; /* below 2^35 */
        bytes += rows * (row / DENSEST) + rows * (row % DENSEST) / DENSEST;
    }
    return bytes;
}

static enum vit_status read_header(struct png_decoder *d)
{
    const png_structp png = d->png;

    png_read_info(png, d->info);
    const int depth = png_get_bit_depth(png, d->info);
    const int color = png_get_color_type(png, d->info);
    const png_uint_32 height = png_get_image_height(png, d->info);
    const png_uint_32 width = png_get_image_width(png, d->info);
    const uint64_t bytes =
        min_bytes(height, width, png_get_channels(png, d->info) * (unsigned)depth,
                  png_get_interlace_type(png, d->info) != PNG_INTERLACE_NONE);

    if (depth == 16 && color == PNG_COLOR_TYPE_GRAY)
        return image_fail(d->err, VIT_EUNSUPPORTED,
                          "%s: PNG: expected gray of at most 8 bits, found 16", d->in->name);
    png_set_strip_16(png); /* keeps the upper byte, as in Pillow; scale_16 would round */
    /* palettes (an index past the end is black), gray below 8 bits, and tRNS to alpha */
    png_set_expand(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    return decoder_allocate(d->in, "PNG", bytes, height, width, d->out, d->err);
}

/* The caller cleans up: no local of this function is read after the longjmp. */
static enum vit_status decode_rows(struct png_decoder *d)
{
    enum vit_status status;

    if (setjmp(png_jmpbuf(d->png)))
        return d->status;
    d->info = png_create_info_struct(d->png);
    if (!d->info)
        return fail_no_memory(d);
    png_set_read_fn(d->png, d, read_bytes);
    png_set_user_limits(d->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* ours count pixels */
    /* skips all chunks that do not matter here: libpng would inflate profiles and texts, some
     * 8 MB of each, a thousand of them */
    png_set_keep_unknown_chunks(d->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_chunk_malloc_max(d->png, 0); /* would refuse a long chunk that is skipped */
    status = read_header(d);
    if (status != VIT_OK)
        return status;

    const int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    const size_t row_bytes = png_get_rowbytes(d->png, d->info);
    if (row_bytes != d->out->stride)
        return image_fail(d->err, VIT_EUNSUPPORTED,
                          "%s: PNG: expected rows of %zu bytes, found %zu", d->in->name,
                          d->out->stride, row_bytes);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < d->out->height; y++)
            png_read_row(d->png, d->out->pixels + y * d->out->stride, NULL);
    return VIT_OK; /* without png_read_end(): what follows the pixels is ignored */
}

enum vit_status decode_png(const struct encoded *in, struct vit_image *out, struct vit_error *err)
{
    struct png_decoder d = { .in = in, .out = out, .err = err };
    enum vit_status status;

    d.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &d, on_error, on_warning, &d, allocate,
                                     release);
    if (!d.png)
        return fail_no_memory(&d);
    status = decode_rows(&d);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return status;
}
