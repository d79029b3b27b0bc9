/* encode.c - RGB pixels to a PNG file */
#include "image/encode.h"

#include <stdlib.h>

#include <png.h>

#include "image/decode.h"
#include "tools/error.h"

/* First into memory, so that what goes wrong with the file is told in one place: output.c. */
enum vit_status encode_png(size_t height, size_t width, const uint8_t *rgb, FILE *file,
                           struct vit_error *err)
{
    png_image image = { .version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB };
    enum vit_status status = VIT_OK;
    png_alloc_size_t bytes;

    if (height == 0 || width == 0 || height > DECODE_MAX_PIXELS / width)
        return tool_fail(err, VIT_EUNSUPPORTED, "a picture of %zux%zu pixels, expected 1 to %zu",
                         height, width, DECODE_MAX_PIXELS);
    image.height = (png_uint_32)height; /* below 2^28 */
    image.width = (png_uint_32)width;
    bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *const png = malloc(bytes);
    if (!png)
        return tool_no_memory(err);
    if (png_image_write_to_memory(&image, png, &bytes, 0, rgb, 0, NULL))
        fwrite(png, 1, bytes, file);
    else
        status = tool_fail(err, VIT_EUNSUPPORTED, "a picture of %zux%zu pixels: %s", height, width,
                           image.message);
    png_image_free(&image);
    free(png);
    return status;
}
