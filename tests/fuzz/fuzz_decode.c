/* fuzz_decode.c - libFuzzer over decode_memory(): any bytes are pixels or an error, and no leak */
#include <stdlib.h>
#include <string.h>

#include "image/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct vit_error err = { 0 };
    size_t height = 0, width = 0;
    uint8_t *rgb = NULL;
    const enum vit_status status = decode_memory("fuzz", bytes, size, &height, &width, &rgb, &err);

    if (status == VIT_OK) {
        if (!rgb || height == 0 || width == 0 || height > DECODE_MAX_PIXELS / width)
            abort();
    } else if (rgb || err.status != status || strncmp(err.message, "fuzz: ", 6) != 0) {
        abort();
    }
    free(rgb);
    return 0;
}
