/* test_safetensors_read.c - data of .safetensors files, as stored and as float32 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/safetensors.h"
#include "tests/counts.h"
#include "tests/make_checkpoint.h"

enum { VALUES = 65536 };

static struct safetensors *open_made(const struct made_directory *directory, const char *header,
                                     const void *data, size_t bytes)
{
    struct safetensors *file;
    struct vit_error err;

    make_safetensors(directory, "x", header, data, bytes);
    cr_assert_eq(safetensors_open(made_path(directory, "x"), &file, &err), VIT_OK, "%s",
                 err.message);
    return file;
}

/* The value of a small float by the definition of IEEE 754, in double. */
static double value_of(unsigned bits, int exponent_bits, int fraction_bits)
{
    const int bias = (1 << (exponent_bits - 1)) - 1;
    const int exponent = (int)(bits >> fraction_bits) & ((1 << exponent_bits) - 1);
    const int fraction = (int)bits & ((1 << fraction_bits) - 1);
    const double sign = bits >> 15 ? -1 : 1;

    if (exponent == (1 << exponent_bits) - 1)
        return fraction ? NAN : sign * INFINITY;
    if (exponent == 0)
        return sign * ldexp(fraction, 1 - bias - fraction_bits);
    return sign * ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);
}

static void check_all(const char *header, int exponent_bits, int fraction_bits)
{
    const struct made_directory directory = make_directory();
    uint16_t *stored = malloc(VALUES * sizeof *stored);
    float *out = malloc(VALUES * sizeof *out);

    cr_assert(stored && out);
    for (unsigned i = 0; i < VALUES; i++)
        stored[i] = (uint16_t)i;
    struct safetensors *file = open_made(&directory, header, stored, VALUES * sizeof *stored);
    cr_assert_eq(safetensors_read_f32(file, &file->entries[0], 0, VALUES, out, NULL), VIT_OK);
    for (unsigned i = 0; i < VALUES; i++) {
        const double value = value_of(i, exponent_bits, fraction_bits);
        const unsigned payload = i & ((1u << fraction_bits) - 1);
        uint32_t bits;
        memcpy(&bits, &out[i], sizeof bits);
        if (isnan(value))
            cr_assert_eq(bits, (i >> 15) << 31 | 0x7f800000 | payload << (23 - fraction_bits),
                         "%04x became %08x", i, bits);
        else
            cr_assert((double)out[i] == value && !signbit(out[i]) == !signbit(value),
                      "%04x became %g", i, (double)out[i]);
    }
    safetensors_close(file);
    remove_directory(&directory);
    free(out);
    free(stored);
    count_checks(VALUES);
}

Test(safetensors_read, every_f16_becomes_its_value)
{
    check_all("{\"x\":{\"dtype\":\"F16\",\"shape\":[256,256],\"data_offsets\":[0,131072]}}", 5, 10);
}

Test(safetensors_read, every_bf16_becomes_its_value)
{
    check_all("{\"x\":{\"dtype\":\"BF16\",\"shape\":[65536],\"data_offsets\":[0,131072]}}", 8, 7);
}

/* Rounded to nearest even, also where float32 is subnormal or too small; in chunks. */
Test(safetensors_read, every_f64_is_rounded_once)
{
    enum { COUNT = 5000 };
    const struct made_directory directory = make_directory();
    double *const stored = malloc(COUNT * sizeof *stored);
    float *const out = malloc(COUNT * sizeof *out);

    for (int i = 0; i < COUNT; i++)
        stored[i] = ldexp(1 + 0x1p-24 * (i % 7), i % 300 - 155) * (i % 2 ? -1 : 1);
    stored[0] = INFINITY;
    struct safetensors *file = open_made(
        &directory, "{\"x\":{\"dtype\":\"F64\",\"shape\":[5000],\"data_offsets\":[0,40000]}}",
        stored, COUNT * sizeof *stored);
    cr_assert_eq(safetensors_read_f32(file, &file->entries[0], 1, COUNT - 1, out + 1, NULL),
                 VIT_OK);
    cr_assert_eq(safetensors_read_f32(file, &file->entries[0], 0, 1, out, NULL), VIT_OK);
    for (size_t i = 0; i < COUNT; i++)
        cr_assert_eq(out[i], (float)stored[i], "%a became %a", stored[i], (double)out[i]);
    safetensors_close(file);
    remove_directory(&directory);
    free(out);
    free(stored);
    count_checks(COUNT + 2);
}

static const char two[] = "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
                          "\"b\":{\"dtype\":\"I16\",\"shape\":[4],\"data_offsets\":[24,32]}}";

Test(safetensors_read, a_range_has_the_values_of_the_whole_tensor)
{
    const struct made_directory directory = make_directory();
    const float a[6] = { 1, -2, 3.5f, 1e-45f, 5, 6 };
    unsigned char data[32] = { 0 };
    float out[6];
    int16_t raw[2];

    memcpy(data, a, sizeof a);
    memcpy(data + 24, (const int16_t[]){ 7, -8, 9, -10 }, 8);
    struct safetensors *file = open_made(&directory, two, data, sizeof data);
    const struct safetensors_entry *entry = safetensors_find(file, "a");
    for (size_t first = 0; first <= 6; first++)
        for (size_t count = 0; count <= 6 - first; count++) {
            cr_assert_eq(safetensors_read_f32(file, entry, first, count, out, NULL), VIT_OK);
            cr_assert_eq(memcmp(out, a + first, count * sizeof *a), 0);
            count_checks(2);
        }
    cr_assert_eq(safetensors_read(file, safetensors_find(file, "b"), 1, 2, raw, NULL), VIT_OK);
    cr_assert(raw[0] == -8 && raw[1] == 9);
    safetensors_close(file);
    remove_directory(&directory);
    count_checks(2);
}

Test(safetensors_read, a_range_outside_the_tensor_is_rejected)
{
    static const size_t ranges[][2] = { { 0, 7 }, { 6, 1 },        { 7, 0 },
                                        { 1, 6 }, { 1, SIZE_MAX }, { SIZE_MAX, 2 } };
    const struct made_directory directory = make_directory();
    const unsigned char data[32] = { 0 };
    float out[6];
    struct vit_error err;
    struct safetensors *file = open_made(&directory, two, data, sizeof data);

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        cr_assert_eq(safetensors_read_f32(file, safetensors_find(file, "a"), ranges[i][0],
                                          ranges[i][1], out, &err),
                     VIT_EINVAL);
        cr_assert(strstr(err.message, "tensor a: expected at least"), "%s", err.message);
        count_checks(2);
    }
    safetensors_close(file);
    remove_directory(&directory);
}

Test(safetensors_read, integers_are_not_converted)
{
    const struct made_directory directory = make_directory();
    const unsigned char data[32] = { 0 };
    float out[4];
    struct vit_error err;
    struct safetensors *file = open_made(&directory, two, data, sizeof data);

    cr_assert_eq(safetensors_read_f32(file, safetensors_find(file, "b"), 0, 4, out, &err),
                 VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "tensor b: expected dtype F64, F32, F16 or BF16, found I16"),
              "%s", err.message);
    safetensors_close(file);
    remove_directory(&directory);
    count_checks(2);
}

Test(safetensors_read, a_file_truncated_after_it_was_opened_is_an_error)
{
    const struct made_directory directory = make_directory();
    const unsigned char data[32] = { 0 };
    float out[6];
    struct vit_error err;
    struct safetensors *file = open_made(&directory, two, data, sizeof data);

    cr_assert_eq(truncate(made_path(&directory, "x"), (off_t)(8 + strlen(two) + 10)), 0);
    cr_assert_eq(safetensors_read_f32(file, safetensors_find(file, "a"), 0, 6, out, &err), VIT_EIO);
    cr_assert(strstr(err.message, "expected 14 more bytes, found the end"), "%s", err.message);
    cr_assert_eq(safetensors_read_f32(file, safetensors_find(file, "a"), 0, 2, out, &err), VIT_OK);
    safetensors_close(file);
    remove_directory(&directory);
    count_checks(3);
}

Test(safetensors_read, a_header_parsed_from_memory_has_no_data)
{
    char bytes[8 + sizeof two] = { sizeof two - 1 };
    struct safetensors *file;
    struct vit_error err;
    float out[6];

    memcpy(bytes + 8, two, sizeof two - 1);
    cr_assert_eq(
        safetensors_parse("x", bytes, sizeof bytes - 1, sizeof bytes - 1 + 32, &file, NULL),
        VIT_OK);
    cr_assert_eq(safetensors_read_f32(file, safetensors_find(file, "a"), 0, 6, out, &err),
                 VIT_EINVAL);
    cr_assert(strstr(err.message, "is not open"), "%s", err.message);
    safetensors_close(file);
    count_checks(3);
}

/* The reference table is float32 of sin and cos in float64. */
Test(safetensors_read, the_golden_sinusoid_has_its_values)
{
    struct safetensors *file;
    struct vit_error err;
    float out[50 * 7];

    cr_assert_eq(safetensors_open("tests/golden/sinusoid.safetensors", &file, &err), VIT_OK, "%s",
                 err.message);
    cr_assert_eq(file->count, 3);
    const struct safetensors_entry *entry = safetensors_find(file, "50x7");
    cr_assert_eq(safetensors_read_f32(file, entry, 0, 350, out, &err), VIT_OK);
    for (int i = 0; i < 50; i++)
        for (int j = 0; j < 7; j++) {
            const double angle = i / pow(10000, (j - j % 2) / 7.0);
            /* half an ulp of 1, plus the error of pow in the last place of a double */
            cr_assert_float_eq(out[7 * i + j], j % 2 ? cos(angle) : sin(angle), 0x1p-24 + 1e-12);
        }
    safetensors_close(file);
    count_checks(352);
}
