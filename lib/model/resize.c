/* resize.c - Pillow's antialiased resize of 8-bit pictures, to the byte */
#include "model/resize.h"

#include <math.h>
#include <stdlib.h>

#include "base/status.h"

#define FIXED_BITS 22 /* 32 less 8 of a pixel, less 2 for the sign and the filter's overshoot */
#define FIXED_HALF ((int32_t)1 << (FIXED_BITS - 1))

struct filter {
    double (*at)(double x);
    double support; /* it is 0 from here on */
};

/* Keys 1981, "Cubic Convolution Interpolation for Digital Image Processing", a = -1/2. */
static double bicubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0)
        return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static const struct filter filters[] = {
    [VIT_INTERPOLATION_BICUBIC] = { bicubic, 2.0 },
    [VIT_INTERPOLATION_BILINEAR] = { bilinear, 1.0 },
};

/* One pass along a side: output i is the sum of in[first + j]·weight[j] over its window's count. */
struct window {
    size_t first, count;
};
struct pass {
    size_t taps;            /* the most that a window counts */
    struct window *windows; /* [outputs] */
    int32_t *weights;       /* [outputs][taps], in units of 2^-22 */
};

static void free_pass(struct pass *pass)
{
    free(pass->windows);
    free(pass->weights);
}

/* NULL also when the bytes do not fit in size_t. */
static void *alloc3(size_t a, size_t b, size_t c)
{
    size_t bytes;

    if (__builtin_mul_overflow(a, b, &bytes) || __builtin_mul_overflow(bytes, c, &bytes))
        return NULL;
    return malloc(bytes);
}

/*
 * The window of an output and its weights. The doubles follow Pillow's order of operations, so the
 * weights are its weights to the bit: do not simplify.
 */
static struct window weigh(const struct filter *filter, double scale, size_t in, size_t output,
                           int32_t *weights)
{
    const double widen = scale < 1.0 ? 1.0 : scale;
    const double support = filter->support * widen;
    const double centre = ((double)output + 0.5) * scale;
    const double narrow = 1.0 / widen;
    const double low = centre - support + 0.5;
    const size_t first = low > 0.0 ? (size_t)low : 0;
    const size_t past = (size_t)(centre + support + 0.5);
    const struct window window = { first, (past < in ? past : in) - first };
    double total = 0.0;

    for (size_t j = 0; j < window.count; j++)
        total += filter->at(((double)(first + j) - centre + 0.5) * narrow);
    for (size_t j = 0; j < window.count; j++) {
        const double w = filter->at(((double)(first + j) - centre + 0.5) * narrow) / total;
        const double fixed = w * (1 << FIXED_BITS);
        weights[j] = (int32_t)(fixed < 0.0 ? fixed - 0.5 : fixed + 0.5);
    }
    return window;
}

/* Releases nothing when it fails: free_pass() is the caller's in any case. */
static bool make_pass(const struct filter *filter, size_t in, const struct resize_span *span,
                      struct pass *pass)
{
    const double scale = (double)in / (double)span->size;
    const double support = filter->support * (scale < 1.0 ? 1.0 : scale);

    pass->taps = (size_t)ceil(support) * 2 + 1;
    pass->windows = alloc3(span->count, sizeof *pass->windows, 1);
    pass->weights = alloc3(span->count, pass->taps, sizeof *pass->weights);
    if (!pass->windows || !pass->weights)
        return false;
    for (size_t i = 0; i < span->count; i++)
        pass->windows[i] =
            weigh(filter, scale, in, span->first + i, pass->weights + i * pass->taps);
    return true;
}

static uint8_t to_byte(int32_t sum)
{
    const int32_t whole = sum < 0 ? 0 : sum >> FIXED_BITS;
    return whole > 255 ? 255 : (uint8_t)whole;
}

static void weighted_pixel(size_t channels, size_t count, const int32_t *restrict weights,
                           const uint8_t *restrict in, size_t stride, uint8_t *restrict out)
{
    if (channels == 3) { /* sums in registers: a loop over channels inside would spill them */
        int32_t r = FIXED_HALF, g = FIXED_HALF, b = FIXED_HALF;
        for (size_t j = 0; j < count; j++, in += stride) {
            r += in[0] * weights[j];
            g += in[1] * weights[j];
            b += in[2] * weights[j];
        }
        out[0] = to_byte(r);
        out[1] = to_byte(g);
        out[2] = to_byte(b);
    } else {
        int32_t sum = FIXED_HALF;
        for (size_t j = 0; j < count; j++, in += stride)
            sum += in[0] * weights[j];
        out[0] = to_byte(sum);
    }
}

/* in[rows][width][channels] to out[rows][columns][channels] */
static void resize_columns(size_t channels, size_t rows, size_t width, size_t columns,
                           const struct pass *pass, const uint8_t *in, uint8_t *out)
{
    for (size_t y = 0; y < rows; y++) {
        const uint8_t *row = in + y * width * channels;
        for (size_t x = 0; x < columns; x++, out += channels) {
            const struct window *w = &pass->windows[x];
            weighted_pixel(channels, w->count, pass->weights + x * pass->taps,
                           row + w->first * channels, channels, out);
        }
    }
}

/* in[..][columns][channels], its row 0 being row `top`, to out[rows][columns][channels] */
static void resize_rows(size_t channels, size_t rows, size_t columns, size_t top,
                        const struct pass *pass, const uint8_t *in, uint8_t *out)
{
    const size_t stride = columns * channels;

    for (size_t y = 0; y < rows; y++) {
        const struct window *w = &pass->windows[y];
        const uint8_t *row = in + (w->first - top) * stride;
        for (size_t x = 0; x < columns; x++, out += channels)
            weighted_pixel(channels, w->count, pass->weights + y * pass->taps, row + x * channels,
                           stride, out);
    }
}

enum vit_status resize_u8(size_t channels, enum vit_interpolation interpolation, size_t height,
                          size_t width, const uint8_t *in, const struct resize_span *rows,
                          const struct resize_span *columns, uint8_t *out, struct vit_error *err)
{
    const struct filter *filter = &filters[interpolation];
    struct pass across = { 0 }, down = { 0 };
    enum vit_status status = VIT_OK;
    uint8_t *between = NULL; /* [needed][columns->count][channels] */

    if (!make_pass(filter, width, columns, &across) || !make_pass(filter, height, rows, &down)) {
        status = fail(err, VIT_ENOMEM, "no memory for the weights of a resize to %zux%zu",
                      rows->size, columns->size);
        goto free_passes;
    }
    const struct window *last = &down.windows[rows->count - 1];
    const size_t top = down.windows[0].first;
    const size_t needed = last->first + last->count - top;

    between = alloc3(needed, columns->count, channels);
    if (!between) {
        status = fail(err, VIT_ENOMEM, "no memory for a picture of %zux%zux%zu", needed,
                      columns->count, channels);
        goto free_passes;
    }
    resize_columns(channels, needed, width, columns->count, &across, in + top * width * channels,
                   between);
    resize_rows(channels, rows->count, columns->count, top, &down, between, out);
    free(between);
free_passes:
    free_pass(&down);
    free_pass(&across);
    return status;
}
