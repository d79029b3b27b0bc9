/* fuzz_decode.c - libFuzzer over vit_image_decode(): any bytes give pixels or an error, no leak */
#include <stdlib.h>
#include <string.h>

#include "vit/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct vit_decode_options options = { .size = sizeof options, .name = "fuzz" };
    struct vit_error err = { 0 };
    struct vit_image image = { 0 };
    const enum vit_status status = vit_image_decode(bytes, size, &options, &image, &err);

    if (status == VIT_OK) {
        if (!image.pixels || image.height == 0 || image.width == 0 ||
            image.height > ((size_t)1 << 28) / image.width || image.stride != image.width * 3)
            abort();
    } else if (image.pixels || err.status != status || strncmp(err.message, "fuzz: ", 6) != 0) {
        abort();
    }
    vit_image_free(&image);
    return 0;
}
