/* preprocess.c - the evaluation transform of timm, from an image to pixels or to an input */
#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/fpenv.h"
#include "base/parallel.h"
#include "base/sized.h"
#include "base/status.h"
#include "model/image_view.h"
#include "model/resize.h"

/* The sizes, the resize and the crop. */
static enum vit_status check_config(const struct vit_preprocess_config *c, struct vit_error *err)
{
    static const char where[] = "preprocess config";
    const enum vit_status status = levels_check_channels(c, err);

    if (status)
        return status;
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
    return VIT_OK;
}

static enum vit_status check_image(const struct vit_image *image, struct vit_error *err)
{
    if (image->height == 0 || image->width == 0 || image->height > RESIZE_MAX_SIDE ||
        image->width > RESIZE_MAX_SIDE)
        return fail(err, VIT_EIMAGE, "image: expected sides from 1 to %zu, found %zux%zu",
                    RESIZE_MAX_SIDE, image->height, image->width);
    return pixel_check_rows("image", image, err);
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

struct normalization {
    struct image_view from;
    size_t parts; /* tasks */
    float *out;   /* [channels][rows][columns] */
};

static void normalize_part(void *arg, size_t part)
{
    const struct normalization *const n = arg;
    const struct image_view *const v = &n->from;
    const size_t begin = parallel_share(v->rows, n->parts, part);
    const size_t end = parallel_share(v->rows, n->parts, part + 1);

    for (size_t c = 0; c < v->channels; c++)
        for (size_t y = begin; y < end; y++)
            image_view_read(v, c, y, 0, v->columns, n->out + (c * v->rows + y) * v->columns);
}

/* out[channels][height][width] = the values of the pixels */
static void normalize(size_t channels, const struct vit_image *pixels, const struct levels *levels,
                      const struct vit_parallel *parallel, float *out)
{
    static const double min_values = 65536; /* per thread: waking it takes as long as some 2^15 */
    struct normalization n = { .from = { .channels = channels,
                                         .rows = pixels->height,
                                         .columns = pixels->width,
                                         .pixels = pixels,
                                         .levels = levels },
                               .out = out };
    const double work = (double)channels * (double)pixels->height * (double)pixels->width;
    const size_t threads = parallel_threads(parallel, pixels->height, work, min_values);

    n.parts = parallel_tasks(threads, pixels->height);
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

/* What a call computes with: the caller's structs as this version has them. */
struct transform {
    struct vit_preprocess_config config;
    struct vit_preprocess_options options;
    struct resize resize;
};

static enum vit_status read_transform(const struct vit_preprocess_config *config,
                                      const struct vit_preprocess_options *options,
                                      struct transform *t, struct vit_error *err)
{
    const enum vit_status status =
        sized_read(&t->config, config, SIZED(vit_preprocess_config), err);

    return status ? status : read_options(options, &t->options, err);
}

/* Checks the image and plans the resize; all of *pixels but its memory. */
static enum vit_status plan_transform(struct transform *t, const struct vit_image *image,
                                      struct vit_image *pixels, struct vit_error *err)
{
    const struct vit_preprocess_config *const c = &t->config;
    /* gray is resized once and then repeated for three channels: the bytes are the same */
    const enum vit_pixel_format format =
        c->channels == 1 || image->format == VIT_PIXEL_FORMAT_GRAY ? VIT_PIXEL_FORMAT_GRAY
        : image->format == VIT_PIXEL_FORMAT_BGR                    ? VIT_PIXEL_FORMAT_BGR
                                                                   : VIT_PIXEL_FORMAT_RGB;
    const size_t channels = vit_pixel_bytes(format);
    const enum vit_status status = check_image(image, err);

    if (status != VIT_OK)
        return status;
    t->resize = (struct resize){ .kernels = some_kernels(),
                                 .channels = channels,
                                 .parallel = t->options.parallel };
    *pixels = (struct vit_image){
        .height = c->height, .width = c->width, .stride = c->width * channels, .format = format
    };
    return plan_resize(c, image->height, image->width, &t->resize, err);
}

static enum vit_status preprocess_pixels(struct transform *t, const struct vit_image *image,
                                         struct vit_image *out, struct vit_error *err)
{
    struct vit_image pixels;
    enum vit_status status = check_config(&t->config, err);

    if (status == VIT_OK)
        status = plan_transform(t, image, &pixels, err);
    if (status != VIT_OK)
        return status;
    pixels.pixels = out->pixels;
    status = resize_u8(&t->resize, image, pixels.pixels, err);
    if (status == VIT_OK)
        *out = pixels;
    return status;
}

static enum vit_status preprocess_image(struct transform *t, const struct vit_image *image,
                                        float *out, struct vit_error *err)
{
    const struct vit_preprocess_config *const c = &t->config;
    struct vit_image pixels;
    struct levels levels;
    size_t count, bytes;
    enum vit_status status = check_config(c, err);

    if (status == VIT_OK)
        status = levels_init(c, &levels, err);
    if (status == VIT_OK)
        status = plan_transform(t, image, &pixels, err);
    if (status != VIT_OK)
        return status;
    if (!checked_mul(c->height, c->width, &count) ||
        !checked_mul(count, c->channels * sizeof *out, &bytes))
        return fail(err, VIT_ENOMEM, "preprocess config: out of memory for %zux%zux%zu floats",
                    c->channels, c->height, c->width);
    pixels.pixels = malloc(pixels.height * pixels.stride);
    if (!pixels.pixels)
        return fail(err, VIT_ENOMEM, "preprocess config: out of memory for %zux%zux%zu bytes",
                    c->height, c->width, t->resize.channels);
    status = resize_u8(&t->resize, image, pixels.pixels, err);
    if (status == VIT_OK)
        normalize(c->channels, &pixels, &levels, t->options.parallel, out);
    free(pixels.pixels);
    return status;
}

enum vit_status vit_preprocess_image(const struct vit_preprocess_config *config,
                                     const struct vit_image *image,
                                     const struct vit_preprocess_options *options, float *out,
                                     struct vit_error *err)
{
    struct transform t;
    enum vit_status status = read_transform(config, options, &t, err);

    if (status != VIT_OK)
        return status;
    const struct fpenv before = fpenv_enter();
    status = preprocess_image(&t, image, out, err);
    fpenv_leave(before);
    return status;
}

enum vit_status vit_preprocess_pixels(const struct vit_preprocess_config *config,
                                      const struct vit_image *image,
                                      const struct vit_preprocess_options *options,
                                      struct vit_image *out, struct vit_error *err)
{
    struct transform t;
    enum vit_status status = read_transform(config, options, &t, err);

    if (status != VIT_OK)
        return status;
    const struct fpenv before = fpenv_enter();
    status = preprocess_pixels(&t, image, out, err);
    fpenv_leave(before);
    return status;
}
