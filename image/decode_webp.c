/* decode_webp.c - still WebP, lossy or lossless, to RGB with libwebp; alpha is dropped */
#include "image/decoder.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <webp/decode.h>

#define RIFF_HEADER 8 /* "RIFF" and the count of the bytes that follow, little endian */

static const struct {
    enum vit_status status;
    const char *reason;
} failures[] = {
    [VP8_STATUS_OK] = { VIT_OK, "" },
    [VP8_STATUS_OUT_OF_MEMORY] = { VIT_ENOMEM, "out of memory in libwebp" },
    [VP8_STATUS_INVALID_PARAM] = { VIT_EIMAGE, "malformed WebP" },
    [VP8_STATUS_BITSTREAM_ERROR] = { VIT_EIMAGE, "malformed WebP" },
    [VP8_STATUS_UNSUPPORTED_FEATURE] = { VIT_EUNSUPPORTED, "a WebP that libwebp cannot decode" },
    [VP8_STATUS_SUSPENDED] = { VIT_EIMAGE, "truncated WebP" },
    [VP8_STATUS_USER_ABORT] = { VIT_EIMAGE, "malformed WebP" },
    [VP8_STATUS_NOT_ENOUGH_DATA] = { VIT_EIMAGE, "truncated WebP" },
};

static enum vit_status failure(const struct encoded *in, VP8StatusCode code, struct vit_error *err)
{
    return image_fail(err, failures[code].status, "%s: %s", in->name, failures[code].reason);
}

static uint32_t read_le32(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/*
 * Finds the lossy pixels of a file, which a chunk with their alpha may precede: libwebp 1.2.4 and
 * 1.3 crash if memory runs out while they decode that. False: a lossless or a malformed file.
 */
static bool find_lossy(const struct encoded *in, const uint8_t **chunk, size_t *bytes)
{
    enum { FIRST = 12, HEADER = 8 };

    for (size_t at = FIRST; at < in->size && in->size - at >= HEADER;) {
        const size_t length = read_le32(in->bytes + at + 4), left = in->size - at - HEADER;
        if (length > left)
            return false;
        if (memcmp(in->bytes + at, "VP8 ", 4) == 0) {
            *chunk = in->bytes + at + HEADER;
            *bytes = length;
            return true;
        }
        at += HEADER + length + (length < left ? length % 2 : 0); /* chunks begin at even offsets */
    }
    return false;
}

/*
 * Lossy pixels have the modes of each block of 16 × 16 in bits of fixed probabilities, together at
 * least 1.6 bits (RFC 6386, sections 11.2 and 11.3). Lossless ones may need no bits.
 */
static uint64_t min_bytes(const WebPBitstreamFeatures *features)
{
    enum { LOSSY = 1 };
    const uint64_t rows = ((uint64_t)features->height + 15) / 16;
    const uint64_t columns = ((uint64_t)features->width + 15) / 16;

    return features->format == LOSSY ? rows * columns / 8 : 0;
}

enum vit_status decode_webp(const struct encoded *in, struct vit_image *out, struct vit_error *err)
{
    WebPDecoderConfig config;
    VP8StatusCode code;
    enum vit_status status;
    const uint32_t after = read_le32(in->bytes + 4); /* is_webp() has seen 12 bytes */
    const uint8_t *pixels = in->bytes;
    size_t bytes = in->size;

    /* libwebp accepts a shorter file whose pixels happen to be complete; Pillow does not */
    if (after > in->size - RIFF_HEADER)
        return image_fail(err, VIT_EIMAGE, "%s: truncated WebP: expected %zu bytes, found %zu",
                          in->name, (size_t)after + RIFF_HEADER, in->size);
    if (!WebPInitDecoderConfig(&config))
        return image_fail(err, VIT_EUNSUPPORTED,
                          "%s: libwebp: expected the ABI compiled against, found another",
                          in->name);
    code = WebPGetFeatures(in->bytes, in->size, &config.input);
    if (code != VP8_STATUS_OK)
        return failure(in, code, err);
    if (config.input.has_animation)
        return image_fail(err, VIT_EUNSUPPORTED,
                          "%s: WebP: expected a still image, found an animation", in->name);
    status = decoder_allocate(in, "WebP", min_bytes(&config.input), (size_t)config.input.height,
                              (size_t)config.input.width, out, err);
    if (status != VIT_OK)
        return status;

    config.output.colorspace = MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = out->pixels;
    config.output.u.RGBA.stride = (int)out->stride; /* a WebP's sides are below 2^14 */
    config.output.u.RGBA.size = out->height * out->stride;
    find_lossy(in, &pixels, &bytes);
    errno = 0;
    code = WebPDecode(pixels, bytes, &config);
    if (code != VP8_STATUS_OK && errno == ENOMEM) /* some of its parts report a malformed file */
        code = VP8_STATUS_OUT_OF_MEMORY;
    WebPFreeDecBuffer(&config.output);
    return code == VP8_STATUS_OK ? VIT_OK : failure(in, code, err);
}
