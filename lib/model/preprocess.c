/* preprocess.c - vit_preprocess_image: the evaluation transform of timm, from pixels to an input */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/fpenv.h"
#include "base/parallel.h"
#include "base/sized.h"
#include "base/status.h"
#include "model/resize.h"

/* A byte as the model's input: three roundings, as in torchvision. */
static float level(const struct vit_preprocess_config *c, size_t channel, size_t byte)
{
    const float unit = (float)byte / 255.0f;
    const float centered = unit - c->mean[channel];

    return centered / c->std[channel];
}

static enum vit_status check_config(const struct vit_preprocess_config *c, struct vit_error *err)
{
    static const char where[] = "preprocess config";

    if (c->channels != 1 && c->channels != 3)
        return fail(err, VIT_EINVAL, "%s: expected 1 or 3 channels, found %zu", where, c->channels);
    if (c->height == 0 || c->width == 0)
        return fail(err, VIT_EINVAL, "%s: expected sides of at least 1, found %zux%zu", where,
                    c->height, c->width);
    if ((unsigned)c->interpolation > VIT_INTERPOLATION_BILINEAR)
        return fail(err, VIT_EINVAL, "%s: interpolation: expected %d or %d, found %d", where,
                    VIT_INTERPOLATION_BICUBIC, VIT_INTERPOLATION_BILINEAR, (int)c->interpolation);
    if ((unsigned)c->crop_mode > VIT_CROP_MODE_SQUASH)
        return fail(err, VIT_EINVAL, "%s: crop_mode: expected %d or %d, found %d", where,
                    VIT_CROP_MODE_CENTER, VIT_CROP_MODE_SQUASH, (int)c->crop_mode);
    if (!(c->crop_pct > 0.0 && c->crop_pct <= 1.0)) /* in this form it rejects NaN */
        return fail(err, VIT_EINVAL, "%s: crop_pct: expected a number in (0, 1], found %g", where,
                    c->crop_pct);
    if (c->std[0] == 0.0f && c->std[1] == 0.0f && c->std[2] == 0.0f && c->mean[0] == 0.0f)
        return fail(
            err, VIT_EINVAL,
            "%s: mean and std: expected numbers for %zu channel%s, found none: a checkpoint "
            "without them, or with those of another number of channels, leaves them to you",
            where, c->channels, c->channels == 1 ? "" : "s");
    for (size_t i = 0; i < c->channels; i++) {
        if (!isfinite(c->mean[i]))
            return fail(err, VIT_EINVAL, "%s: mean[%zu]: expected a finite number, found %g", where,
                        i, (double)c->mean[i]);
        if (!isfinite(c->std[i]) || c->std[i] == 0.0f)
            return fail(err, VIT_EINVAL,
                        "%s: std[%zu]: expected a finite number other than 0, found %g", where, i,
                        (double)c->std[i]);
        if (!isfinite(level(c, i, 0)) || !isfinite(level(c, i, 255))) /* the others are between */
            return fail(err, VIT_EINVAL,
                        "%s: std[%zu]: expected (x - mean) / std finite for x from 0 to 1, found "
                        "mean %g and std %g",
                        where, i, (double)c->mean[i], (double)c->std[i]);
    }
    return VIT_OK;
}

static enum vit_status check_image(const struct vit_image *image, struct vit_error *err)
{
    const size_t each = vit_pixel_bytes(image->format);

    if (each == 0)
        return fail(err, VIT_EIMAGE, "image: expected a pixel format from %d to %d, found %d",
                    VIT_PIXEL_FORMAT_RGB, VIT_PIXEL_FORMAT_GRAY, (int)image->format);
    if (image->height == 0 || image->width == 0 || image->height > RESIZE_MAX_SIDE ||
        image->width > RESIZE_MAX_SIDE)
        return fail(err, VIT_EIMAGE, "image: expected sides from 1 to %zu, found %zux%zu",
                    RESIZE_MAX_SIDE, image->height, image->width);
    if (image->stride < image->width * each)
        return fail(err, VIT_EIMAGE, "image: expected a stride of at least %zu bytes, found %zu",
                    image->width * each, image->stride);
    return VIT_OK;
}

static enum vit_status read_options(const struct vit_preprocess_options *options,
                                    struct vit_preprocess_options *out, struct vit_error *err)
{
    *out = (struct vit_preprocess_options){ .size = sizeof *out };
    const enum vit_status status =
        options ? sized_read(out, options, SIZED(vit_preprocess_options), err) : VIT_OK;
    if (!status && out->parallel && out->parallel->threads > 1 && !out->parallel->run)
        return fail(err, VIT_EINVAL,
                    "struct vit_preprocess_options: parallel: expected run, found NULL");
    return status;
}

/*
 * Sides after the resize, in double as timm and torchvision compute them. The target is the
 * config's size over crop_pct. Because crop_pct is at most 1, the result is never below the target,
 * and the target never below the size: nothing is ever padded.
 */
static void scale_sides(const struct vit_preprocess_config *config, size_t height, size_t width,
                        double *resized_height, double *resized_width)
{
    const double h = (double)height, w = (double)width;
    const double target_h = floor((double)config->height / config->crop_pct);
    const double target_w = floor((double)config->width / config->crop_pct);

    *resized_height = target_h;
    *resized_width = target_w;
    if (config->crop_mode == VIT_CROP_MODE_SQUASH)
        return;
    if (config->height != config->width) { /* timm's ResizeKeepRatio */
        const double ratio = fmin(h / target_h, w / target_w);
        *resized_height = rint(h / ratio);
        *resized_width = rint(w / ratio);
    } else if (width <= height) { /* torchvision's Resize of the shorter side */
        *resized_height = floor(target_h * h / w);
    } else {
        *resized_width = floor(target_w * w / h);
    }
}

static void crop_center(double resized, size_t count, bool rounds_down, struct resize_span *span)
{
    span->size = (size_t)resized;
    span->count = count;
    const size_t margin = span->size - count;
    /* Python's round(): half to even */
    span->first = margin / 2 + (!rounds_down && margin % 4 == 3 ? 1 : 0);
}

static enum vit_status plan_resize(const struct vit_preprocess_config *config, size_t height,
                                   size_t width, struct resize *resize, struct vit_error *err)
{
    const bool keep_ratio =
        config->crop_mode == VIT_CROP_MODE_CENTER && config->height != config->width;
    double resized_height, resized_width;

    scale_sides(config, height, width, &resized_height, &resized_width);
    if (!(fmax(resized_height, resized_width) <= (double)RESIZE_MAX_TARGET)) {
        double square_height, square_width; /* if it is too large too, so is the config's side */
        scale_sides(config, 1, 1, &square_height, &square_width);
        const bool fits = fmax(square_height, square_width) <= (double)RESIZE_MAX_TARGET;
        return fail(err, fits ? VIT_EIMAGE : VIT_EINVAL,
                    "image: expected sides of at most %zu after the resize, found %.10gx%.10g from "
                    "%zux%zu",
                    RESIZE_MAX_TARGET, resized_height, resized_width, height, width);
    }
    crop_center(resized_height, config->height, config->crop_rounds_down, &resize->rows);
    crop_center(resized_width, config->width, config->crop_rounds_down, &resize->columns);
    /* timm 1.0 passes the config's interpolation to every resize but ResizeKeepRatio */
    resize->interpolation = keep_ratio ? VIT_INTERPOLATION_BILINEAR : config->interpolation;
    return VIT_OK;
}

/* Converts resized pixels to floats: out[c] is the byte at offset[c] of each pixel. */
struct normalization {
    size_t rows, columns, channels, parts; /* of the result; tasks */
    const uint8_t *pixels;                 /* [rows][columns][step] */
    size_t step, offset[3];
    float levels[3][256]; /* of each channel: the value of each byte */
    float *out;           /* [channels][rows][columns] */
};

static void fill_levels(const struct vit_preprocess_config *config, struct normalization *n)
{
    for (size_t c = 0; c < config->channels; c++)
        for (size_t v = 0; v < 256; v++)
            n->levels[c][v] = level(config, c, v);
}

static void normalize_part(void *arg, size_t part)
{
    const struct normalization *const n = arg;
    const size_t begin = parallel_share(n->rows, n->parts, part) * n->columns;
    const size_t end = parallel_share(n->rows, n->parts, part + 1) * n->columns;

    for (size_t c = 0; c < n->channels; c++) {
        const uint8_t *const restrict pixels = n->pixels + n->offset[c];
        const float *const restrict levels = n->levels[c];
        float *const restrict out = n->out + c * n->rows * n->columns;
        for (size_t i = begin; i < end; i++)
            out[i] = levels[pixels[i * n->step]];
    }
}

/* pixels[height][width][channels], in the image's order, to out[channels][height][width] */
static void normalize(const struct vit_preprocess_config *config, size_t channels,
                      enum vit_pixel_format format, const uint8_t *pixels,
                      const struct vit_parallel *parallel, float *out)
{
    static const double min_values = 65536; /* per thread: waking it takes as long as some 2^15 */
    struct normalization n = { .rows = config->height,
                               .columns = config->width,
                               .channels = config->channels,
                               .pixels = pixels,
                               .step = channels,
                               .out = out };
    const double work = (double)n.channels * (double)n.rows * (double)n.columns;
    const size_t threads = parallel_threads(parallel, n.rows, work, min_values);

    for (size_t c = 0; c < n.channels && channels == 3; c++)
        n.offset[c] = format == VIT_PIXEL_FORMAT_BGR ? 2 - c : c;
    n.parts = parallel_tasks(threads, n.rows);
    fill_levels(config, &n);
    parallel_run(parallel, threads, n.parts, normalize_part, &n);
}

/* Of the level that VIT_ISA names; the result does not depend on it, so any name may be there. */
static const struct vit_kernels *some_kernels(void)
{
    const struct vit_kernels *kernels = NULL;

    if (vit_kernels_get(NULL, &kernels, NULL) != VIT_OK)
        (void)vit_kernels_get(vit_isa_default(NULL), &kernels, NULL); /* cannot fail */
    return kernels;
}

static enum vit_status preprocess(const struct vit_preprocess_config *config,
                                  const struct vit_image *image,
                                  const struct vit_preprocess_options *options, float *out,
                                  struct vit_error *err)
{
    /* gray is resized once and then repeated for three channels: the bytes are the same */
    const size_t channels = image->format == VIT_PIXEL_FORMAT_GRAY ? 1 : config->channels;
    struct resize resize = { .kernels = some_kernels(),
                             .channels = channels,
                             .parallel = options->parallel };
    size_t count, bytes;
    enum vit_status status = plan_resize(config, image->height, image->width, &resize, err);

    if (status != VIT_OK)
        return status;
    if (!checked_mul(config->height, config->width, &count) ||
        !checked_mul(count, config->channels * sizeof *out, &bytes))
        return fail(err, VIT_ENOMEM, "preprocess config: out of memory for %zux%zux%zu floats",
                    config->channels, config->height, config->width);
    uint8_t *const pixels = malloc(count * channels); /* [height][width][channels] */
    if (!pixels)
        return fail(err, VIT_ENOMEM, "preprocess config: out of memory for %zux%zux%zu bytes",
                    config->height, config->width, channels);
    status = resize_u8(&resize, image, pixels, err);
    if (status == VIT_OK)
        normalize(config, channels, image->format, pixels, options->parallel, out);
    free(pixels);
    return status;
}

enum vit_status vit_preprocess_image(const struct vit_preprocess_config *config,
                                     const struct vit_image *image,
                                     const struct vit_preprocess_options *options, float *out,
                                     struct vit_error *err)
{
    struct vit_preprocess_config c;
    struct vit_preprocess_options o;
    enum vit_status status = sized_read(&c, config, SIZED(vit_preprocess_config), err);

    if (status == VIT_OK)
        status = read_options(options, &o, err);
    if (status != VIT_OK)
        return status;
    const struct fpenv before = fpenv_enter();
    status = check_config(&c, err);
    if (status == VIT_OK)
        status = check_image(image, err);
    if (status == VIT_OK)
        status = preprocess(&c, image, &o, out, err);
    fpenv_leave(before);
    return status;
}
