/* resize.c - Pillow's antialiased resize of 8-bit images, byte for byte */
#include "model/resize.h"

#include <math.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/status.h"
#include "model/filters.h"
#include "model/pixel.h"

#define FIXED_BITS 22 /* 32 - 8 of a pixel - 2 for the sign and the filter's overshoot */

/* Minimum multiply-adds per thread: 2^17 take some 10 µs, more than waking a thread costs. */
#define MIN_WORK 131072.0

/*
 * Bytes between both passes, unless one row of the result needs more: the rows of an image that is
 * tall and narrow may become many times its pixels.
 */
#define MAX_BETWEEN ((size_t)64 << 20)

/* Rows that are converted to luma before the kernel takes them, as many as it takes at a time. */
#define LUMA_ROWS 4

struct filter {
    double (*at)(double x);
    double support; /* at() is 0 from here on */
};

/* a = −1/2, as Pillow */
static double bicubic(double x)
{
    return filter_cubic(x, -0.5);
}

static const struct filter filters[] = {
    [VIT_INTERPOLATION_BICUBIC] = { bicubic, 2.0 },
    [VIT_INTERPOLATION_BILINEAR] = { filter_triangle, 1.0 },
};

/* The weights of one side. */
struct side {
    size_t taps;                       /* maximum count of a window */
    struct vit_resize_window *windows; /* [outputs] */
    int16_t *weights;                  /* [outputs][low, high][taps, rounded up for the kernels] */
};

static void free_side(struct side *side)
{
    free(side->windows);
    free(side->weights);
}

/* NULL also when the bytes do not fit in size_t. */
static void *alloc3(size_t a, size_t b, size_t c)
{
    size_t bytes;

    if (!checked_mul(a, b, &bytes) || !checked_mul(bytes, c, &bytes))
        return NULL;
    return malloc(bytes);
}

/* Splits a weight: weight = *low + 2^16·*high. */
static void split_weight(int32_t weight, int16_t *low, int16_t *high)
{
    const int32_t rest = (weight & 0xffff) - (weight & 0x8000 ? 0x10000 : 0);

    *low = (int16_t)rest;
    *high = (int16_t)((weight - rest) / 0x10000);
}

/*
 * The window of an output and its weights, which go to zeros[2][taps]. The doubles follow Pillow's
 * order of operations, so that the weights equal Pillow's in every bit: do not simplify.
 */
static struct vit_resize_window compute_weights(const struct filter *filter, double scale,
                                                size_t in, size_t output, size_t taps,
                                                int16_t *zeros)
{
    const double widen = scale < 1.0 ? 1.0 : scale;
    const double support = filter->support * widen;
    const double center = ((double)output + 0.5) * scale;
    const double narrow = 1.0 / widen;
    const double low = center - support + 0.5;
    const size_t first = low > 0.0 ? (size_t)low : 0;
    const size_t past = (size_t)(center + support + 0.5);
    const size_t count = (past < in ? past : in) - first;
    double total = 0.0;

    for (size_t j = 0; j < count; j++)
        total += filter->at(((double)(first + j) - center + 0.5) * narrow);
    for (size_t j = 0; j < count; j++) {
        const double w = filter->at(((double)(first + j) - center + 0.5) * narrow) / total;
        const double fixed = w * (1 << FIXED_BITS);
        split_weight((int32_t)(fixed < 0.0 ? fixed - 0.5 : fixed + 0.5), &zeros[j],
                     &zeros[taps + j]);
    }
    return (struct vit_resize_window){ first, count, zeros, zeros + taps };
}

/* False: out of memory. The caller calls free_side() in any case. */
static bool init_side(const struct filter *filter, size_t in, const struct resize_span *span,
                      struct side *side)
{
    const double scale = (double)in / (double)span->size;
    const double support = filter->support * (scale < 1.0 ? 1.0 : scale);
    size_t weights;

    side->taps = (size_t)ceil(support) * 2 + 1;
    const size_t taps = (side->taps + VIT_RESIZE_TAPS - 1) / VIT_RESIZE_TAPS * VIT_RESIZE_TAPS;
    side->windows = calloc(span->count, sizeof *side->windows);
    if (!side->windows || !checked_mul(span->count, 2 * taps, &weights))
        return false;
    side->weights = calloc(weights, sizeof *side->weights);
    if (!side->weights)
        return false;
    for (size_t i = 0; i < span->count; i++)
        side->windows[i] =
            compute_weights(filter, scale, in, span->first + i, taps, side->weights + i * 2 * taps);
    return true;
}

static void to_luma(const struct vit_image *image, const uint8_t *restrict row,
                    uint8_t *restrict luma)
{
    const size_t step = vit_pixel_bytes(image->format);
    const size_t red = pixel_offset(image->format, 0);

    for (size_t x = 0; x < image->width; x++, row += step)
        luma[x] = pixel_luma(row, red);
}

/* What the tasks of both passes read; each task writes rows of its own. */
struct passes {
    const struct vit_kernels *kernels;
    const struct vit_image *image;
    size_t channels, columns;  /* of the result */
    struct side across, down;  /* the weights of both passes */
    size_t first, rows;        /* of the result: a band */
    size_t top, needed, parts; /* the image's rows that the band depends on; tasks */
    uint8_t *luma;             /* [parts][LUMA_ROWS][image width]; NULL: no conversion */
    uint8_t *between;          /* [needed][columns][channels] */
    uint8_t *out;              /* [all rows][columns][channels] */
};

/* Rows y … y + rows − 1 of the band to rows of `between`. */
static void resize_rows_across(const struct passes *p, size_t y, size_t rows, size_t part)
{
    const struct vit_image *const image = p->image;
    const size_t out_bytes = p->columns * p->channels;
    struct vit_resize_across_args args = {
        .rows = rows,
        .width = image->width,
        .columns = p->columns,
        .pixel_bytes = vit_pixel_bytes(image->format),
        .in = image->pixels + (p->top + y) * image->stride,
        .in_bytes = image->stride,
        .windows = p->across.windows,
        .out = p->between + y * out_bytes,
        .out_bytes = out_bytes,
    };

    if (p->luma) {
        uint8_t *const luma = p->luma + part * LUMA_ROWS * image->width;
        for (size_t i = 0; i < rows; i++)
            to_luma(image, args.in + i * args.in_bytes, luma + i * image->width);
        args.pixel_bytes = 1;
        args.in = luma;
        args.in_bytes = image->width;
    }
    p->kernels->resize_across(&args);
}

static void resize_across(void *arg, size_t part)
{
    const struct passes *const p = arg;
    const size_t begin = parallel_share(p->needed, p->parts, part);
    const size_t end = parallel_share(p->needed, p->parts, part + 1);
    const size_t step = p->luma ? LUMA_ROWS : end - begin;

    for (size_t y = begin; y < end; y += step)
        resize_rows_across(p, y, end - y < step ? end - y : step, part);
}

/* Rows of `between` to rows of the result. */
static void resize_down(void *arg, size_t part)
{
    const struct passes *const p = arg;
    const size_t row_bytes = p->columns * p->channels;
    const size_t end = parallel_share(p->rows, p->parts, part + 1);

    for (size_t i = parallel_share(p->rows, p->parts, part); i < end; i++) {
        const size_t y = p->first + i;
        struct vit_resize_window window = p->down.windows[y];
        window.first -= p->top;
        p->kernels->resize_down(&(struct vit_resize_down_args){ .n = row_bytes,
                                                                .in = p->between,
                                                                .in_bytes = row_bytes,
                                                                .window = &window,
                                                                .out = p->out + y * row_bytes });
    }
}

/* The band of the result's rows first .. end − 1. */
static void set_band(struct passes *p, size_t first, size_t end)
{
    const struct vit_resize_window *const last = &p->down.windows[end - 1];

    p->first = first;
    p->rows = end - first;
    p->top = p->down.windows[first].first;
    p->needed = last->first + last->count - p->top;
}

/* The widest band from row `first` on that fits in MAX_BETWEEN; at least a row. */
static void next_band(struct passes *p, size_t first, size_t all_rows)
{
    const size_t most = MAX_BETWEEN / p->columns / p->channels;
    size_t end = first + 1;

    set_band(p, first, all_rows);
    if (p->needed <= most)
        return;
    for (set_band(p, first, end); end < all_rows; end++) {
        set_band(p, first, end + 1);
        if (p->needed > most)
            break;
    }
    set_band(p, first, end);
}

/* The tasks of the first pass over the band, and *threads for them. */
static size_t across_parts(const struct resize *r, const struct passes *p, size_t *threads)
{
    const double work =
        (double)p->columns * (double)p->channels * (double)p->needed * (double)p->across.taps;

    *threads = parallel_threads(r->parallel, p->needed, work, MIN_WORK);
    return parallel_tasks(*threads, p->needed);
}

static void run_band(const struct resize *r, struct passes *p)
{
    const double down_work =
        (double)p->columns * (double)p->channels * (double)p->rows * (double)p->down.taps;
    size_t threads;

    p->parts = across_parts(r, p, &threads);
    parallel_run(r->parallel, threads, p->parts, resize_across, p);
    threads = parallel_threads(r->parallel, p->rows, down_work, MIN_WORK);
    p->parts = parallel_tasks(threads, p->rows);
    parallel_run(r->parallel, threads, p->parts, resize_down, p);
}

/* Allocates what the largest band needs. */
static enum vit_status allocate_bands(const struct resize *r, struct passes *p,
                                      struct vit_error *err)
{
    size_t needed = 0, parts = 0, threads;

    for (size_t first = 0; first < r->rows.count; first += p->rows) {
        next_band(p, first, r->rows.count);
        const size_t tasks = across_parts(r, p, &threads);
        needed = p->needed > needed ? p->needed : needed;
        parts = tasks > parts ? tasks : parts;
    }
    p->between = alloc3(needed, p->columns, p->channels);
    if (p->channels == 1 && p->image->format != VIT_PIXEL_FORMAT_GRAY) {
        p->luma = alloc3(parts, LUMA_ROWS, p->image->width);
        if (!p->luma)
            return fail(err, VIT_ENOMEM, "image: out of memory for %zu rows of %zu pixels",
                        parts * LUMA_ROWS, p->image->width);
    }
    if (!p->between)
        return fail(err, VIT_ENOMEM, "image: out of memory for %zux%zux%zu bytes", needed,
                    p->columns, p->channels);
    return VIT_OK;
}

static enum vit_status run_passes(const struct resize *r, struct passes *p, struct vit_error *err)
{
    const enum vit_status status = allocate_bands(r, p, err);

    for (size_t first = 0; !status && first < r->rows.count; first += p->rows) {
        next_band(p, first, r->rows.count);
        run_band(r, p);
    }
    return status;
}

enum vit_status resize_u8(const struct resize *r, const struct vit_image *image, uint8_t *out,
                          struct vit_error *err)
{
    const struct filter *const filter = &filters[r->interpolation];
    struct passes p = {
        .kernels = r->kernels,
        .image = image,
        .channels = r->channels,
        .columns = r->columns.count,
        .out = out,
    };
    enum vit_status status;

    if (init_side(filter, image->width, &r->columns, &p.across) &&
        init_side(filter, image->height, &r->rows, &p.down))
        status = run_passes(r, &p, err);
    else
        status =
            fail(err, VIT_ENOMEM, "image: out of memory for the weights of a resize to %zux%zu",
                 r->rows.size, r->columns.size);
    free(p.luma);
    free(p.between);
    free_side(&p.down);
    free_side(&p.across);
    return status;
}
