/* cases_resize.c - the passes of a resize against their formula */
#include <string.h>

#include "check/run.h"

/* The largest sum of magnitudes of weights: 255 times it, and 2^21, are below 2^31. */
#define MOST_WEIGHT 8413280

/* Magnitudes that fit, for `count` weights of a window. */
static int32_t draw_weight(struct check_run *c, size_t kind, size_t count, size_t j)
{
    const int32_t even = (int32_t)(MOST_WEIGHT / count);
    const int32_t sign = check_draw(c, 2) ? 1 : -1;

    switch (kind) {
    case 0: /* of an average: the sum is near one */
        return (1 << 22) / (int32_t)count + (int32_t)check_draw(c, 3) - 1;
    case 1: /* one far above one */
        return j == count / 2 ? sign * (MOST_WEIGHT - (int32_t)count) : sign;
    case 2: /* the limits of the low part */
        return even < 32768 ? sign * even : check_draw(c, 2) ? -32768 : 32767;
    default:
        return sign * (int32_t)check_draw(c, (size_t)even + 1);
    }
}

/* Weights [2][taps]: the parts of those of a window, and zeros. */
static void draw_window(struct check_run *c, size_t kind, size_t inputs, size_t taps,
                        int16_t *weights, struct vit_resize_window *w)
{
    w->count = inputs == 0 ? 0 : check_draw(c, 12) == 0 ? 0 : 1 + check_draw(c, inputs);
    w->first = check_draw(c, inputs - w->count + 1);
    w->low = weights;
    w->high = weights + taps;
    memset(weights, 0, 2 * taps * sizeof *weights);
    for (size_t j = 0; j < w->count; j++) {
        const int32_t weight = draw_weight(c, kind, w->count, j);
        const int32_t low = (weight & 0xffff) - (weight & 0x8000 ? 0x10000 : 0);
        weights[j] = (int16_t)low;
        weights[taps + j] = (int16_t)((weight - low) / 0x10000);
    }
}

/* In exact arithmetic; `step`: bytes from one input to the next. */
static uint8_t weighted(const struct vit_resize_window *w, const uint8_t *in, size_t step)
{
    int64_t sum = (int64_t)1 << 21;

    for (size_t j = 0; j < w->count; j++)
        sum += in[(w->first + j) * step] * (w->low[j] + (int64_t)65536 * w->high[j]);
    sum = sum < 0 ? 0 : sum / (1 << 22);
    return (uint8_t)(sum > 255 ? 255 : sum);
}

/* Random bytes, or the lowest and the highest alone. */
static uint8_t *draw_bytes(struct check_run *c, size_t rows, size_t n, size_t stride)
{
    const size_t kind = check_draw(c, 3);
    uint8_t *const at = check_bytes(c, "in", rows, n, stride, 1);

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++) {
            const uint8_t byte = (uint8_t)check_draw(c, 256);
            at[i * stride + j] = kind == 0 ? byte : kind == 1 ? (byte % 2 ? 255 : 0) : 255;
        }
    check_freeze(c, at);
    return at;
}

static size_t round_up(size_t taps)
{
    return (taps + VIT_RESIZE_TAPS - 1) / VIT_RESIZE_TAPS * VIT_RESIZE_TAPS;
}

static void expect_byte(struct check_run *c, const char *level, size_t row, size_t column,
                        uint8_t expected, uint8_t found)
{
    if (found != expected)
        check_fail(c, "%s's out, row %zu, byte %zu: %d, expected %d", level, row, column, found,
                   expected);
}

static void run_across(struct check_run *c, const struct vit_kernels *level,
                       const struct vit_resize_across_args *args)
{
    const size_t channels = args->pixel_bytes == 1 ? 1 : 3, n = args->columns * channels;
    struct vit_resize_across_args a = *args;

    a.out = check_bytes(c, "out", a.rows, n, a.out_bytes, 1);
    level->resize_across(&a);
    for (size_t y = 0; y < a.rows; y++)
        for (size_t i = 0; i < n; i++)
            expect_byte(c, level->isa, y, i,
                        weighted(&a.windows[i / channels], a.in + y * a.in_bytes + i % channels,
                                 a.pixel_bytes),
                        a.out[y * a.out_bytes + i]);
}

void check_resize_across(struct check_run *c, size_t index)
{
    static const size_t pixel_bytes[] = { 3, 1, 4 };
    const size_t kind = index / 3 % 4; /* of weights */
    const size_t width = index % 10 == 9 ? 100 + check_draw(c, 500) : 1 + check_draw(c, 70);
    const size_t taps = round_up(width);
    struct vit_resize_across_args a = { .rows = check_draw(c, 11),
                                        .width = width,
                                        .columns = check_draw(c, 9),
                                        .pixel_bytes = pixel_bytes[index % 3] };

    a.in_bytes = width * a.pixel_bytes + check_draw(c, 5);
    a.out_bytes = a.columns * (a.pixel_bytes == 1 ? 1 : 3) + check_draw(c, 5);
    check_shape(c, "%zu rows of %zu pixels of %zu bytes, %zu columns, weights %zu", a.rows, width,
                a.pixel_bytes, a.columns, kind);
    a.in = draw_bytes(c, a.rows, width * a.pixel_bytes, a.in_bytes);
    struct vit_resize_window *const windows =
        check_bytes(c, "windows", a.columns, sizeof *windows, sizeof *windows,
                    _Alignof(struct vit_resize_window));
    const size_t weights_bytes = 2 * taps * sizeof(int16_t);
    int16_t *const weights =
        check_bytes(c, "weights", a.columns, weights_bytes, weights_bytes, sizeof *weights);
    for (size_t x = 0; x < a.columns; x++)
        draw_window(c, kind, width, taps, weights + x * 2 * taps, &windows[x]);
    check_freeze(c, windows);
    check_freeze(c, weights);
    a.windows = windows;
    run_across(c, c->scalar, &a);
    run_across(c, c->level, &a);
}

static void run_down(struct check_run *c, const struct vit_kernels *level,
                     const struct vit_resize_down_args *args)
{
    struct vit_resize_down_args a = *args;

    a.out = check_bytes(c, "out", 1, a.n, a.n, 1);
    level->resize_down(&a);
    for (size_t i = 0; i < a.n; i++)
        expect_byte(c, level->isa, 0, i, weighted(a.window, a.in + i, a.in_bytes), a.out[i]);
}

void check_resize_down(struct check_run *c, size_t index)
{
    const size_t kind = index % 4, n = index % 90;
    const size_t rows = index % 10 == 9 ? 100 + check_draw(c, 300) : check_draw(c, 40);
    const size_t taps = round_up(rows);
    struct vit_resize_window window;
    struct vit_resize_down_args a = { .n = n, .in_bytes = n + check_draw(c, 5), .window = &window };

    check_shape(c, "%zu rows of %zu bytes, weights %zu", rows, n, kind);
    a.in = draw_bytes(c, rows, n, a.in_bytes);
    int16_t *const weights = check_bytes(c, "weights", 1, 2 * taps * sizeof *weights,
                                         2 * taps * sizeof *weights, sizeof *weights);
    draw_window(c, kind, rows, taps, weights, &window);
    check_freeze(c, weights);
    run_down(c, c->scalar, &a);
    run_down(c, c->level, &a);
}
