/* decode_png.c - PNG to RGB with libpng: expanded, never blended, never gamma-corrected */
#include "image/decode_formats.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <png.h>

#include "tools/error.h"

/*
 * All that lives across the longjmp is in here, in the frame of decode_png() above the function
 * that calls setjmp(), so that no local is left indeterminate.
 */
struct png_decoder {
    png_structp png;
    png_infop info;
    const struct encoded *in;
    size_t at; /* bytes of the file read so far */
    struct picture *out;
    enum vit_status status;
    struct vit_error *err;
};

static _Noreturn void on_error(png_structp png, png_const_charp message)
{
    struct png_decoder *d = png_get_error_ptr(png);

    d->status = tool_fail(d->err, VIT_EFORMAT, "%s: malformed PNG: %s", d->in->name, message);
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
            tool_fail(d->err, VIT_EFORMAT, "%s: truncated PNG, the file ends after %zu bytes",
                      d->in->name, d->in->size);
        png_longjmp(png, 1);
    }
    memcpy(to, d->in->bytes + d->at, count);
    d->at += count;
}

static enum vit_status read_header(struct png_decoder *d)
{
    const png_structp png = d->png;

    png_read_info(png, d->info);
    const int depth = png_get_bit_depth(png, d->info);
    const int colour = png_get_color_type(png, d->info);

    if (depth == 16 && colour == PNG_COLOR_TYPE_GRAY)
        return tool_fail(d->err, VIT_EUNSUPPORTED, "%s: expected 8 bits of grey or fewer, found 16",
                         d->in->name);
    png_set_strip_16(png); /* keeps the upper byte, as Pillow does; scale_16 would round */
    /* palettes (an index past the end is black), grey below 8 bits; and tRNS, to alpha */
    png_set_expand(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    return picture_alloc(d->in, png_get_image_height(png, d->info),
                         png_get_image_width(png, d->info), d->out, d->err);
}

/* Whoever calls this function cleans up; nothing here needs to survive the longjmp. */
static enum vit_status decode_rows(struct png_decoder *d)
{
    enum vit_status status;

    if (setjmp(png_jmpbuf(d->png)))
        return d->status;
    d->info = png_create_info_struct(d->png);
    if (!d->info)
        return tool_fail(d->err, VIT_ENOMEM, "%s: no memory for libpng", d->in->name);
    png_set_read_fn(d->png, d, read_bytes);
    png_set_user_limits(d->png, DECODE_MAX_PIXELS, DECODE_MAX_PIXELS);
    status = read_header(d);
    if (status != VIT_OK)
        return status;

    const int passes = png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    const size_t row_bytes = png_get_rowbytes(d->png, d->info);
    if (row_bytes != d->out->width * 3)
        return tool_fail(d->err, VIT_EUNSUPPORTED, "%s: expected rows of %zu bytes, found %zu",
                         d->in->name, d->out->width * 3, row_bytes);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < d->out->height; y++)
            png_read_row(d->png, d->out->rgb + y * row_bytes, NULL);
    return VIT_OK; /* without png_read_end(): what follows the pixels does not matter */
}

enum vit_status decode_png(const struct encoded *in, struct picture *out, struct vit_error *err)
{
    struct png_decoder d = { .in = in, .out = out, .err = err };
    enum vit_status status;

    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, on_error, on_warning);
    if (!d.png)
        return tool_fail(err, VIT_ENOMEM, "%s: no memory for libpng", in->name);
    status = decode_rows(&d);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return status;
}
