/* test_cli_compare_picture.c - libvit compare -o: errors of blocks as bars, infinite ones too */
#include <criterion/criterion.h>
#include <string.h>

#include "cli.h"
#include "copy_checkpoint.h"
#include "counts.h"
#include "tools/compare_picture.h"
#include "vit/image.h"

TestSuite(cli_compare_picture, .init = cli_begin, .fini = cli_end);

#define DIGITS "models/digits"

/* Pixels of a bar above the middle of a block's place on the axis, or -1 where they are gray. */
static int bar_height(const struct vit_image *image, size_t block, size_t depth)
{
    const size_t step = (COMPARE_RIGHT - COMPARE_LEFT) / depth;
    const size_t x = COMPARE_LEFT + block * step + step / 3;
    int height = 0;
    bool gray = false;

    for (size_t y = COMPARE_TOP_EDGE; y < COMPARE_BOTTOM; y++) {
        const uint8_t *const p = (const uint8_t *)image->pixels + y * image->stride + 3 * x;
        height += p[0] != p[1]; /* the grid is gray, the rest white */
        gray = gray || (p[0] == 128 && p[1] == 128);
    }
    return gray ? -1 : height;
}

static struct vit_image decode_picture(const char *name)
{
    struct vit_image image;
    struct vit_error err;

    cr_assert_eq(vit_image_decode_file(in_directory(name), NULL, &image, &err), VIT_OK, "%s",
                 err.message);
    cr_assert_eq(image.width, COMPARE_WIDTH);
    cr_assert_eq(image.height, COMPARE_HEIGHT);
    return image;
}

Test(cli_compare_picture, has_a_bar_for_each_block_as_high_as_its_error)
{
    json_t *block;
    size_t i;

    succeeds("$VIT compare " DIGITS " " DIGITS "/test/3 --precision int8 --json -o $T/out.png");
    json_t *const root = json_output(), *const blocks = json_object_get(root, "blocks");
    const double largest =
        json_number_value(json_object_get(json_array_get(blocks, 0), "relative_error"));
    struct vit_image image = decode_picture("out.png");
    double scale = 0;
    json_array_foreach (blocks, i, block) {
        const size_t which = (size_t)json_integer_value(json_object_get(block, "block"));
        const double relative = json_number_value(json_object_get(block, "relative_error"));
        const double height = bar_height(&image, which, 4);
        scale = i == 0 ? relative / height : scale;
        cr_assert_float_eq(height, relative / scale, 1.01, "block %zu: %g pixels", which, height);
    }
    /* the axis ends at most a third above the largest */
    cr_assert(largest / scale >= 0.74 * (COMPARE_BOTTOM - COMPARE_TOP_EDGE));
    vit_image_free(&image);
    json_decref(root);
    count_checks(5);
}

/*
 * Every token is 0 after blocks 0 and 1 in float32, where 8·(-9.3) + 9.3·8 cancels, but not in
 * int8; block 2 adds a bias.
 */
static void cancel(void *arg, const char *name, const char *layer, size_t count, float *x)
{
    (void)arg;
    if (strstr(name, "head"))
        return;
    for (size_t i = 0; i < count; i++)
        x[i] = strcmp(name, "norm.weight") == 0 ? 1.0f : 0.0f;
    if (strcmp(name, "blocks.0.mlp.fc1.bias") == 0) { /* GELU(x) is x there */
        x[0] = 8.0f;
        x[1] = 9.3f;
    }
    if (layer && strcmp(layer, "blocks.0.fc2") == 0) {
        x[0] = -9.3f;
        x[1] = 8.0f;
    }
    if (strcmp(name, "blocks.2.mlp.fc2.bias") == 0)
        x[1] = 1.0f;
}

Test(cli_compare_picture, a_block_of_zeros_loses_neither_the_report_nor_the_picture)
{
    const struct made_directory zeros = copy_checkpoint(DIGITS, false, cancel, NULL);
    json_t *block;
    size_t i;

    succeeds("$VIT compare %s " DIGITS "/test/3/0060.png --precision int8 --json -o $T/out.png",
             zeros.path);
    json_t *const root = json_output();
    struct vit_image image = decode_picture("out.png");
    json_array_foreach (json_object_get(root, "blocks"), i, block) {
        const json_t *const relative = json_object_get(block, "relative_error");
        cr_assert_eq(json_integer_value(json_object_get(block, "block")), (json_int_t)i);
        cr_assert(i < 2 ? json_is_null(relative) : json_is_real(relative), "block %zu", i);
        cr_assert_gt(json_number_value(json_object_get(block, "error_rms")), 0);
        cr_assert_eq(json_number_value(json_object_get(block, "float32_rms")) == 0, i < 2);
        cr_assert(i < 2 ? bar_height(&image, i, 4) == -1 : bar_height(&image, i, 4) > 100);
    }
    cr_assert_eq(i, 4);
    json_decref(root);
    vit_image_free(&image);
    succeeds("$VIT compare %s " DIGITS "/test/3/0060.png --precision int8", zeros.path);
    cr_assert_not_null(strstr(cli.out, "block 0    infinite (rms of the error "));
    remove_directory(&zeros);
    count_checks(22);
}
