/* decode_jpeg.c - JPEG to RGB with libjpeg-turbo: default DCT and upsampling, as in Pillow */
#include "image/decoder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jerror.h>
#include <jpeglib.h>

/*
 * Holds everything that is read after the longjmp. It lies in the frame of decode_jpeg(), above the
 * function that calls setjmp(), so that no local becomes indeterminate. Callbacks find it in
 * client_data.
 */
struct jpeg_decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    const struct encoded *in;
    struct vit_image *out;
    uint8_t *cmyk; /* [width][4], one row; NULL unless the file has four channels */
    enum vit_status status;
    struct vit_error *err;
};

static struct jpeg_decoder *decoder_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

static enum vit_status status_of(int code)
{
    static const struct {
        int code;
        enum vit_status status;
    } known[] = {
        { JERR_OUT_OF_MEMORY, VIT_ENOMEM },
        { JERR_SOF_UNSUPPORTED, VIT_EUNSUPPORTED },
        { JERR_ARITH_NOTIMPL, VIT_EUNSUPPORTED },
        { JERR_BAD_PRECISION, VIT_EUNSUPPORTED },
        { JERR_CCIR601_NOTIMPL, VIT_EUNSUPPORTED },
        { JERR_CONVERSION_NOTIMPL, VIT_EUNSUPPORTED },
        { JERR_FRACT_SAMPLE_NOTIMPL, VIT_EUNSUPPORTED },
        { JERR_IMAGE_TOO_BIG, VIT_EUNSUPPORTED },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code)
            return known[i].status;
    return VIT_EIMAGE;
}

static enum vit_status truncated(struct jpeg_decoder *d)
{
    return image_fail(d->err, VIT_EIMAGE, "%s: truncated JPEG: expected more than %zu bytes",
                      d->in->name, d->in->size);
}

static _Noreturn void on_error(j_common_ptr jpeg)
{
    struct jpeg_decoder *d = decoder_of(jpeg);
    char message[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, message);
    if (jpeg->err->msg_code == JERR_CANT_SUSPEND) /* how arithmetic coding reports no_more() */
        d->status = truncated(d);
    else
        d->status = image_fail(d->err, status_of(jpeg->err->msg_code), "%s: JPEG: %s", d->in->name,
                               message);
    longjmp(d->failed, 1);
}

static void on_message(j_common_ptr jpeg)
{
    (void)jpeg; /* the default prints; Pillow ignores warnings too */
}

static void on_progress(j_common_ptr jpeg)
{
    struct jpeg_decoder *d = decoder_of(jpeg);

    /* a scan may pass over all coefficients in a few bytes: djpeg -maxscans does the same */
    if ((unsigned)d->jpeg.input_scan_number > d->in->max_scans) {
        d->status =
            image_fail(d->err, VIT_EUNSUPPORTED,
                       "%s: expected at most %u scans, found scan %d; max_scans raises the limit",
                       d->in->name, d->in->max_scans, d->jpeg.input_scan_number);
        longjmp(d->failed, 1);
    }
}

static void do_nothing(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

/* The whole file is in memory: a decoder that needs more bytes is at the end, and suspends. */
static boolean no_more(j_decompress_ptr jpeg)
{
    (void)jpeg;
    return FALSE;
}

static void skip_bytes(j_decompress_ptr jpeg, long count)
{
    struct jpeg_source_mgr *const s = jpeg->src;

    if (count <= 0)
        return;
    const size_t bytes = (size_t)count < s->bytes_in_buffer ? (size_t)count : s->bytes_in_buffer;
    s->next_input_byte += bytes;
    s->bytes_in_buffer -= bytes;
}

/* round(a·b/255) for bytes, rounded as in Pillow; exact for all 65536 pairs */
static unsigned multiply_bytes(unsigned a, unsigned b)
{
    const unsigned t = a * b + 128;
    return (t + (t >> 8)) >> 8;
}

/*
 * Adobe writes CMYK inverted: 255 means no ink. Pillow treats every four-channel file as Adobe's. A
 * color channel is K minus the part of K that its ink absorbs.
 */
static void cmyk_to_rgb(size_t width, const uint8_t *cmyk, uint8_t *rgb)
{
    for (size_t x = 0; x < width; x++, cmyk += 4, rgb += 3)
        for (size_t c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(cmyk[3] - multiply_bytes(255u - cmyk[c], cmyk[3]));
}

/*
 * Each block of 8 × 8 samples has a Huffman code in the first scan of its channel, of at least one
 * bit. libjpeg would fill what is missing with gray. Arithmetic codes have no such minimum.
 */
static uint64_t min_bytes(const struct jpeg_decompress_struct *jpeg)
{
    uint64_t blocks = 0; /* at most 4 · 2^13 · 2^13 */

    for (int c = 0; c < jpeg->num_components; c++)
        blocks +=
            (uint64_t)jpeg->comp_info[c].width_in_blocks * jpeg->comp_info[c].height_in_blocks;
    return jpeg->arith_code ? 0 : blocks / 8;
}

static enum vit_status read_header(struct jpeg_decoder *d)
{
    struct jpeg_decompress_struct *const jpeg = &d->jpeg;
    enum vit_status status;

    if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK)
        return truncated(d);
    if (jpeg->num_components != 1 && jpeg->num_components != 3 && jpeg->num_components != 4)
        return image_fail(d->err, VIT_EUNSUPPORTED,
                          "%s: expected a JPEG of 1, 3 or 4 channels, found %d", d->in->name,
                          jpeg->num_components);
    status = decoder_allocate(d->in, "JPEG", min_bytes(jpeg), jpeg->image_height, jpeg->image_width,
                              d->out, d->err);
    if (status != VIT_OK)
        return status;
    jpeg->out_color_space = JCS_RGB; /* from gray too: it repeats */
    if (jpeg->num_components == 4) {
        jpeg->out_color_space = JCS_CMYK;
        d->cmyk = malloc((size_t)jpeg->image_width * 4);
        if (!d->cmyk)
            return image_fail(d->err, VIT_ENOMEM, "%s: out of memory for a row of %u pixels",
                              d->in->name, jpeg->image_width);
    }
    return VIT_OK;
}

/* The caller cleans up: no local of this function is read after the longjmp. */
static enum vit_status decode_rows(struct jpeg_decoder *d)
{
    enum vit_status status;

    if (setjmp(d->failed))
        return d->status;
    jpeg_create_decompress(&d->jpeg);
    d->jpeg.src = &d->source;
    d->jpeg.progress = &d->progress;
    status = read_header(d);
    if (status != VIT_OK)
        return status;
    if (!jpeg_start_decompress(&d->jpeg))
        return truncated(d);
    while (d->jpeg.output_scanline < d->jpeg.output_height) {
        uint8_t *const rgb = d->out->pixels + d->jpeg.output_scanline * d->out->stride;
        uint8_t *row = d->cmyk ? d->cmyk : rgb;
        if (jpeg_read_scanlines(&d->jpeg, &row, 1) != 1)
            return truncated(d);
        if (d->cmyk)
            cmyk_to_rgb(d->out->width, d->cmyk, rgb);
    }
    jpeg_finish_decompress(
        &d->jpeg); /* fails on broken markers, not on missing ones, as in Pillow */
    return VIT_OK;
}

enum vit_status decode_jpeg(const struct encoded *in, struct vit_image *out, struct vit_error *err)
{
    struct jpeg_decoder d = {
        .source = {
            .next_input_byte = in->bytes,
            .bytes_in_buffer = in->size,
            .init_source = do_nothing,
            .fill_input_buffer = no_more,
            .skip_input_data = skip_bytes,
            .resync_to_restart = jpeg_resync_to_restart,
            .term_source = do_nothing,
        },
        .progress = { .progress_monitor = on_progress },
        .in = in,
        .out = out,
        .err = err,
    };
    enum vit_status status;

    d.jpeg.err = jpeg_std_error(&d.errors);
    d.errors.error_exit = on_error;
    d.errors.output_message = on_message;
    d.jpeg.client_data = &d; /* jpeg_create_decompress() keeps these two */
    status = decode_rows(&d);
    jpeg_destroy_decompress(&d.jpeg);
    free(d.cmyk);
    return status;
}
