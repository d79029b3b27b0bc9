/* expected_input.c - the expected inputs of tests/golden/preprocess */
#include "expected_input.h"

#include <criterion/criterion.h>
#include <stdlib.h>

float *expected_input(const struct safetensors *file, const struct safetensors_entry *entry,
                      size_t plane, const float mean[3], const float std[3])
{
    const size_t count = entry->elements;
    float *const expected = malloc(count * sizeof *expected);
    struct vit_error err = { .status = VIT_OK };

    if (entry->dtype != DTYPE_U8) {
        cr_assert_eq(safetensors_read_f32(file, entry, 0, count, expected, &err), VIT_OK, "%s",
                     err.message);
        return expected;
    }
    uint8_t *const bytes = malloc(count);
    cr_assert_eq(safetensors_read(file, entry, 0, count, bytes, &err), VIT_OK, "%s", err.message);
    for (size_t i = 0; i < count; i++)
        expected[i] = ((float)bytes[i] / 255.0f - mean[i / plane]) / std[i / plane];
    free(bytes);
    return expected;
}
