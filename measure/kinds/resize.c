/* resize.c - measures the passes of a resize of bytes, across and down */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/bandwidth.h"
#include "measure/kinds/kinds.h"
#include "measure/kinds/operands.h"
#include "measure/memory.h"

enum { CHANNELS = 3 }; /* of a pixel; down, a line is one byte */

/* IN inputs of each of LINES lines become OUT outputs: lines are rows of pixels, or columns. */
struct work {
    const struct vit_kernels *level;
    bool down;
    size_t inputs, outputs, lines, threads;
    uint8_t *in, *out;                 /* [lines][inputs][3], or down [inputs][lines] */
    struct vit_resize_window *windows; /* [outputs] */
    int16_t *weights;                  /* [low, high][taps] of every window */
};

static const bool directions[] = { false, true };

/* The window of bicubic interpolation: four inputs, or four times as many as become one output. */
static size_t window_count(const size_t *dimensions)
{
    const size_t inputs = dimensions[0], outputs = dimensions[1];
    const size_t count = 4 * (inputs > outputs ? (inputs + outputs - 1) / outputs : 1);

    return count < inputs ? count : inputs;
}

static size_t taps_of(size_t count)
{
    return (count + VIT_RESIZE_TAPS - 1) / VIT_RESIZE_TAPS * VIT_RESIZE_TAPS;
}

/* The mean of as many inputs around each output. */
static void fill_windows(struct work *r, size_t count)
{
    const size_t taps = taps_of(count);
    const int32_t weight = (1 << 22) / (int32_t)count;
    const int32_t low = (weight & 0xffff) - (weight & 0x8000 ? 0x10000 : 0);

    memset(r->weights, 0, 2 * taps * sizeof *r->weights);
    for (size_t j = 0; j < count; j++) {
        r->weights[j] = (int16_t)low;
        r->weights[taps + j] = (int16_t)((weight - low) / 0x10000);
    }
    for (size_t i = 0; i < r->outputs; i++) {
        const size_t center = i * r->inputs / r->outputs, last = r->inputs - count;
        const size_t first = center < count / 2 ? 0 : center - count / 2;
        r->windows[i] = (struct vit_resize_window){ first < last ? first : last, count, r->weights,
                                                    r->weights + taps };
    }
}

/* The bytes of an input and of an output of all lines. */
static size_t line_bytes(const struct work *r)
{
    return r->lines * (r->down ? 1 : CHANNELS);
}

static const char *prepare(const struct bench *bench, void **work)
{
    const size_t count = window_count(bench->dimensions);
    struct work *const r = calloc(1, sizeof *r);

    *work = r;
    if (!r)
        return no_memory;
    *r = (struct work){ .level = bench->level,
                        .down = *(const bool *)bench->subject,
                        .inputs = bench->dimensions[0],
                        .outputs = bench->dimensions[1],
                        .lines = bench->dimensions[2],
                        .threads = bench->threads };
    r->in = memory_allocate(r->inputs * line_bytes(r));
    r->out = memory_allocate(r->outputs * line_bytes(r));
    r->windows = malloc(r->outputs * sizeof *r->windows);
    r->weights = malloc(2 * taps_of(count) * sizeof *r->weights);
    if (!r->in || !r->out || !r->windows || !r->weights)
        return no_memory;
    for (size_t i = 0; i < r->inputs * line_bytes(r); i++)
        r->in[i] = (uint8_t)(i * 2654435761u >> 11);
    fill_windows(r, count);
    return NULL;
}

static void release(void *work)
{
    struct work *const r = work;

    if (r) {
        free(r->weights);
        free(r->windows);
        free(r->out);
        free(r->in);
    }
    free(r);
}

/* Rows of the result, from row `first` on, to out. */
static void compute(const struct vit_kernels *level, const struct work *r, size_t first,
                    size_t count, uint8_t *out)
{
    const size_t in_bytes = r->inputs * CHANNELS, out_bytes = r->outputs * CHANNELS;

    if (!r->down)
        level->resize_across(&(struct vit_resize_across_args){ .rows = count,
                                                               .width = r->inputs,
                                                               .columns = r->outputs,
                                                               .pixel_bytes = CHANNELS,
                                                               .in = r->in + first * in_bytes,
                                                               .in_bytes = in_bytes,
                                                               .windows = r->windows,
                                                               .out = out,
                                                               .out_bytes = out_bytes });
    for (size_t i = 0; r->down && i < count; i++)
        level->resize_down(&(struct vit_resize_down_args){
            r->lines, r->in, r->lines, &r->windows[first + i], out + i * r->lines });
}

static size_t result_rows(const struct work *r)
{
    return r->down ? r->outputs : r->lines;
}

static size_t result_row_bytes(const struct work *r)
{
    return r->down ? r->lines : r->outputs * CHANNELS;
}

static void compute_part(void *arg, size_t thread)
{
    const struct work *const r = arg;
    const size_t begin = thread * result_rows(r) / r->threads;
    const size_t end = (thread + 1) * result_rows(r) / r->threads;

    compute(r->level, r, begin, end - begin, r->out + begin * result_row_bytes(r));
}

static void run(void *work)
{
    struct work *const r = work;

    if (r->threads > 1)
        vit_parallel_openmp(NULL, r->threads, compute_part, r);
    else
        compute_part(r, 0);
}

static const char *check(void *work)
{
    const struct work *const r = work;
    const size_t row_bytes = result_row_bytes(r);
    const struct vit_kernels *scalar;
    const char *failure = NULL;

    vit_kernels_get("scalar", &scalar, NULL);
    uint8_t *const expected = malloc(MAX_SAMPLE_ROWS * row_bytes);
    if (!expected)
        return no_memory;
    for (size_t i = 0; i < SAMPLES && !failure; i++) {
        const struct sample s = sample_of(result_rows(r), i);
        compute(scalar, r, s.first, s.count, expected);
        if (memcmp(r->out + s.first * row_bytes, expected, s.count * row_bytes) != 0)
            failure = differs_from_scalar;
    }
    free(expected);
    return failure;
}

/* Reading the input, of which most becomes part of some output. */
static struct stream stream(void *work)
{
    const struct work *const r = work;

    return (struct stream){ r->in, NULL, r->inputs * line_bytes(r) };
}

static void count(struct bench *bench)
{
    const size_t *const d = bench->dimensions;
    const size_t line = *(const bool *)bench->subject ? 1 : CHANNELS;
    const double lines = (double)d[2] * (double)line;
    const double weights = 2.0 * sizeof(int16_t) * (double)taps_of(window_count(d));

    bench->elements = (double)d[1] * lines;
    bench->bytes = ((double)d[0] + (double)d[1]) * lines;
    bench->memory = bench->bytes + weights + (double)d[1] * sizeof(struct vit_resize_window);
    bench->checked = MAX_SAMPLE_ROWS * ((double)d[1] * CHANNELS + (double)d[2]);
    bench->stream = stream;
}

static bool direction_at(size_t i, char name[64], const void **subject)
{
    if (i >= sizeof directions / sizeof *directions)
        return false;
    snprintf(name, 64, "%s", directions[i] ? "resize_down" : "resize_across");
    *subject = &directions[i];
    return true;
}

/* Images of 12 megapixels and of VGA to 256 pixels of the shorter side. */
static bool case_at(size_t i, struct kernel_case *c)
{
    static const struct kernel_case cases[] = { { "3000x256x768", { 3000, 256, 768 } },
                                                { "640x341x480", { 640, 341, 480 } } };

    return kernel_case_at(cases, sizeof cases / sizeof *cases, i, c);
}

const struct kernel_kind resize_kind = {
    .work = { prepare, run, check, release },
    .shape = "INxOUTxLINES",
    .example = "3000x256x768",
    .measures = "IN inputs of every line become OUT: rows of pixels, or columns of bytes; relative "
                "to reading them",
    .dimension_count = 3,
    .kernel_at = direction_at,
    .case_at = case_at,
    .count = count,
};
