/* preprocess.c - vit_preprocess: timm's evaluation transform, from pixels to a model's input */
#include <math.h>
#include <stdlib.h>

#include "base/fpenv.h"
#include "base/sized.h"
#include "base/status.h"
#include "model/resize.h"

/* The resize, and the part of its result that the centre crop keeps. */
struct placement {
    struct resize_span rows, columns;
    enum vit_interpolation interpolation;
};

static enum vit_status check_recipe(const struct vit_preprocess_config *r, struct vit_error *err)
{
    if (r->channels != 1 && r->channels != 3)
        return fail(err, VIT_EINVAL, "recipe: expected 1 or 3 channels, found %zu", r->channels);
    if (r->height == 0 || r->width == 0)
        return fail(err, VIT_EINVAL, "recipe: expected sides of at least 1, found %zux%zu",
                    r->height, r->width);
    if ((unsigned)r->interpolation > VIT_INTERPOLATION_BILINEAR)
        return fail(err, VIT_EINVAL, "recipe: expected interpolation %d or %d, found %d",
                    VIT_INTERPOLATION_BICUBIC, VIT_INTERPOLATION_BILINEAR, (int)r->interpolation);
    if ((unsigned)r->crop_mode > VIT_CROP_MODE_SQUASH)
        return fail(err, VIT_EINVAL, "recipe: expected crop_mode %d or %d, found %d",
                    VIT_CROP_MODE_CENTER, VIT_CROP_MODE_SQUASH, (int)r->crop_mode);
    if (!(r->crop_pct > 0.0 && r->crop_pct <= 1.0)) /* so written, NaN is refused */
        return fail(err, VIT_EINVAL, "recipe: expected crop_pct in (0, 1], found %g", r->crop_pct);
    for (size_t c = 0; c < r->channels; c++) {
        if (!isfinite(r->mean[c]))
            return fail(err, VIT_EINVAL, "recipe: expected a finite mean[%zu], found %g", c,
                        (double)r->mean[c]);
        if (!isfinite(r->std[c]) || r->std[c] == 0.0f)
            return fail(err, VIT_EINVAL,
                        "recipe: expected a finite std[%zu] other than 0, found %g", c,
                        (double)r->std[c]);
    }
    return VIT_OK;
}

static enum vit_status check_image(size_t height, size_t width, struct vit_error *err)
{
    if (height == 0 || width == 0 || height > RESIZE_MAX_SIDE || width > RESIZE_MAX_SIDE)
        return fail(err, VIT_EINVAL, "image: expected sides of 1 to %zu, found %zux%zu",
                    RESIZE_MAX_SIDE, height, width);
    return VIT_OK;
}

/*
 * Sides after the resize, in double as timm and torchvision compute them. target is the recipe's
 * size over crop_pct. The result is never below the target, nor the target below the size, because
 * crop_pct is at most 1: so nothing is ever padded.
 */
static void scale_sides(const struct vit_preprocess_config *recipe, size_t height, size_t width,
                        double *resized_height, double *resized_width)
{
    const double h = (double)height, w = (double)width;
    const double target_h = floor((double)recipe->height / recipe->crop_pct);
    const double target_w = floor((double)recipe->width / recipe->crop_pct);

    *resized_height = target_h;
    *resized_width = target_w;
    if (recipe->crop_mode == VIT_CROP_MODE_SQUASH)
        return;
    if (recipe->height != recipe->width) { /* timm's ResizeKeepRatio */
        const double ratio = fmin(h / target_h, w / target_w);
        *resized_height = rint(h / ratio);
        *resized_width = rint(w / ratio);
    } else if (width <= height) { /* torchvision's Resize of the shorter side */
        *resized_height = floor(target_h * h / w);
    } else {
        *resized_width = floor(target_w * w / h);
    }
}

static void keep_middle(double resized, size_t count, bool rounds_down, struct resize_span *span)
{
    span->size = (size_t)resized;
    span->count = count;
    const size_t spare = span->size - count;
    /* Python's round(): half to even */
    span->first = spare / 2 + (!rounds_down && spare % 4 == 3 ? 1 : 0);
}

static enum vit_status place(const struct vit_preprocess_config *recipe, size_t height,
                             size_t width, struct placement *placement, struct vit_error *err)
{
    const bool keep_ratio =
        recipe->crop_mode == VIT_CROP_MODE_CENTER && recipe->height != recipe->width;
    double resized_height, resized_width;

    scale_sides(recipe, height, width, &resized_height, &resized_width);
    if (!(fmax(resized_height, resized_width) <= (double)RESIZE_MAX_TARGET))
        return fail(err, VIT_EINVAL,
                    "image: %zux%zu would be resized to %.10gx%.10g, expected sides of at most %zu",
                    height, width, resized_height, resized_width, RESIZE_MAX_TARGET);
    keep_middle(resized_height, recipe->height, recipe->crop_rounds_down, &placement->rows);
    keep_middle(resized_width, recipe->width, recipe->crop_rounds_down, &placement->columns);
    /* timm 1.0 hands its recipe's interpolation to every resize but ResizeKeepRatio */
    placement->interpolation = keep_ratio ? VIT_INTERPOLATION_BILINEAR : recipe->interpolation;
    return VIT_OK;
}

/* ITU-R 601-2 luma in 16-bit fixed point, as Pillow's convert("L"); grey stays what it is. */
static void to_luma(size_t pixels, const uint8_t *restrict rgb, uint8_t *restrict luma)
{
    for (size_t i = 0; i < pixels; i++, rgb += 3)
        luma[i] = (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

/* pixels[count][channels] to out[channels][count] */
static void normalise(const struct vit_preprocess_config *recipe, size_t count,
                      const uint8_t *restrict pixels, float *restrict out)
{
    for (size_t c = 0; c < recipe->channels; c++) {
        float level[256];
        for (size_t v = 0; v < 256; v++) { /* three roundings, as torchvision's */
            const float unit = (float)v / 255.0f;
            const float centred = unit - recipe->mean[c];
            level[v] = centred / recipe->std[c];
        }
        for (size_t i = 0; i < count; i++)
            *out++ = level[pixels[i * recipe->channels + c]];
    }
}

static enum vit_status preprocess(const struct vit_preprocess_config *recipe, size_t height,
                                  size_t width, const uint8_t *rgb, float *out,
                                  struct vit_error *err)
{
    struct placement placement;
    size_t count, bytes, image_bytes;
    uint8_t *luma = NULL;   /* [height][width] */
    uint8_t *pixels = NULL; /* [recipe->height][recipe->width][recipe->channels] */
    enum vit_status status = check_recipe(recipe, err);

    if (status == VIT_OK)
        status = check_image(height, width, err);
    if (status == VIT_OK)
        status = place(recipe, height, width, &placement, err);
    if (status != VIT_OK)
        return status;

    if (__builtin_mul_overflow(recipe->height, recipe->width, &count) ||
        __builtin_mul_overflow(count, recipe->channels * sizeof *out, &bytes))
        return fail(err, VIT_ENOMEM, "recipe: %zux%zux%zu floats do not fit in memory",
                    recipe->channels, recipe->height, recipe->width);
    if (__builtin_mul_overflow(height, width, &image_bytes) ||
        __builtin_mul_overflow(image_bytes, (size_t)3, &image_bytes))
        return fail(err, VIT_ENOMEM, "image: %zux%zux3 bytes do not fit in memory", height, width);

    pixels = malloc(count * recipe->channels);
    luma = recipe->channels == 1 ? malloc(height * width) : NULL;
    if (!pixels || (recipe->channels == 1 && !luma)) {
        status = fail(err, VIT_ENOMEM, "no memory for pictures of %zux%zu and %zux%zu", height,
                      width, recipe->height, recipe->width);
        goto free_pictures;
    }
    if (luma)
        to_luma(height * width, rgb, luma);
    status = resize_u8(recipe->channels, placement.interpolation, height, width, luma ? luma : rgb,
                       &placement.rows, &placement.columns, pixels, err);
    if (status == VIT_OK)
        normalise(recipe, count, pixels, out);
free_pictures:
    free(luma);
    free(pixels);
    return status;
}

enum vit_status vit_preprocess(const struct vit_preprocess_config *recipe, size_t height,
                               size_t width, const uint8_t *rgb, float *out, struct vit_error *err)
{
    struct vit_preprocess_config ours;
    enum vit_status status = sized_read(&ours, recipe, sizeof ours, "vit_preprocess_config", err);

    if (status)
        return status;
    const struct fpenv before = fpenv_enter();
    status = preprocess(&ours, height, width, rgb, out, err);
    fpenv_leave(before);
    return status;
}
