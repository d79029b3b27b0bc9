/* resize.h - the passes of a resize over bytes.h */
#ifndef VIT_KERNELS_SIMD_RESIZE_H
#define VIT_KERNELS_SIMD_RESIZE_H

#include <stdbool.h>
#include <string.h>

#include "kernels/constants.h"

enum { BLOCK = 16, MAX_BLOCKS = 2 }; /* bytes of a quarter; blocks of a row at a time */

/*
 * The pairs of neighbors among the pixels of a block: of the first half of its pixels, then of the
 * second. A lane is a pair of one channel, without the fourth; or of gray.
 */
#define NONE 255
#define COLOR_PAIRS(a, b)                                                                          \
    {                                                                                              \
        a, NONE, b, NONE, a + 1, NONE, b + 1, NONE, a + 2, NONE, b + 2, NONE, NONE, NONE, NONE,    \
            NONE                                                                                   \
    }
#define GRAY_PAIRS(a)                                                                              \
    {                                                                                              \
        a, NONE, a + 1, NONE, a + 2, NONE, a + 3, NONE, a + 4, NONE, a + 5, NONE, a + 6, NONE,     \
            a + 7, NONE                                                                            \
    }
static const uint8_t gray_pairs[2][BLOCK] = { GRAY_PAIRS(0), GRAY_PAIRS(8) };
static const uint8_t rgb_pairs[2][BLOCK] = { COLOR_PAIRS(0, 3), COLOR_PAIRS(6, 9) };
static const uint8_t rgbx_pairs[2][BLOCK] = { COLOR_PAIRS(0, 4), COLOR_PAIRS(8, 12) };

/* Four rows at a time. */
struct four_rows {
    const uint8_t *in[4];
    uint8_t *out[4];
    size_t count; /* of the rows that are stored; the others equal the last one */
};

static struct four_rows rows_from(const struct vit_resize_across_args *a, size_t y)
{
    struct four_rows r = { .count = a->rows - y < 4 ? a->rows - y : 4 };

    for (size_t i = 0; i < 4; i++) {
        const size_t row = y + (i < r.count ? i : r.count - 1);
        r.in[i] = a->in + row * a->in_bytes;
        r.out[i] = a->out + row * a->out_bytes;
    }
    return r;
}

/* The block at byte `at`, of which n < 16 are within the rows; the others are 0. */
static ints rows_tail(const uint8_t *const row[4], size_t at, size_t n)
{
    uint8_t copy[4][BLOCK] = { { 0 } };
    const uint8_t *const copies[4] = { copy[0], copy[1], copy[2], copy[3] };

    for (size_t i = 0; i < 4; i++)
        memcpy(copy[i], row[i] + at, n);
    return i_rows(copies, 0);
}

/* The pixels of a block times their weights; `pixels` is a constant at every call, 16 or 4. */
ALWAYS_INLINE struct sums add_block(size_t pixels, struct sums sums, ints block,
                                    const ints pattern[2], const int16_t *low, const int16_t *high)
{
    const size_t half = pixels / 2;
    const ints first = i_pick(block, pattern[0]), second = i_pick(block, pattern[1]);

    if (pixels == BLOCK) {
        sums = sums_add_quarter(sums, first, low, high);
        return sums_add_quarter(sums, second, low + half, high + half);
    }
    sums = sums_add_pair(sums, first, low, high);
    return sums_add_pair(sums, second, low + half, high + half);
}

/*
 * Output x of four rows. A block may end past the window, where the weights are 0, but not past the
 * row.
 */
ALWAYS_INLINE ints window_sums(const struct vit_resize_window *w, size_t pixel_bytes,
                               size_t row_bytes, const uint8_t *const row[4], const ints pattern[2])
{
    const size_t pixels = pixel_bytes == 1 ? BLOCK : 4, step = pixels * pixel_bytes;
    struct sums sums = sums_zero();
    size_t j = 0, at = w->first * pixel_bytes;

    for (; j < w->count && at + BLOCK <= row_bytes; j += pixels, at += step)
        sums = add_block(pixels, sums, i_rows(row, at), pattern, w->low + j, w->high + j);
    for (; j < w->count; j += pixels, at += step) {
        const size_t left = row_bytes - at;
        const ints block = left < BLOCK ? rows_tail(row, at, left) : i_rows(row, at);
        sums = add_block(pixels, sums, block, pattern, w->low + j, w->high + j);
    }
    const ints total = sums_total(sums);
    return pixel_bytes == 1 ? i_sum_quarters(total) : total;
}

/* The first byte of each quarter, or the first three; the next output overwrites a fourth. */
ALWAYS_INLINE void store_pixel(const struct four_rows *r, size_t pixel_bytes, size_t x, bool last,
                               const uint8_t bytes[BLOCK])
{
    for (size_t i = 0; i < r->count; i++)
        if (pixel_bytes == 1)
            r->out[i][x] = bytes[4 * i];
        else if (last)
            memcpy(r->out[i] + 3 * x, bytes + 4 * i, 3);
        else
            memcpy(r->out[i] + 3 * x, bytes + 4 * i, 4);
}

/* pixel_bytes is a constant at every call. */
ALWAYS_INLINE void resize_rows(const struct vit_resize_across_args *a, size_t pixel_bytes,
                               const uint8_t pairs[2][BLOCK])
{
    const ints pattern[2] = { i_quarters(pairs[0]), i_quarters(pairs[1]) };
    const size_t row_bytes = a->width * pixel_bytes, columns = a->columns;

    for (size_t y = 0; y < a->rows; y += 4) {
        const struct four_rows r = rows_from(a, y);
        const size_t next = y + 8 <= a->rows ? 4 * a->in_bytes : 0;
        for (size_t x = 0; x < columns; x++) {
            uint8_t bytes[BLOCK];
            UNROLL
            for (size_t i = 0; i < 4; i++) /* four streams: the hardware follows them less well */
                __builtin_prefetch(r.in[i] + next + a->windows[x].first * pixel_bytes);
            i_store_bytes(bytes,
                          window_sums(&a->windows[x], pixel_bytes, row_bytes, r.in, pattern));
            store_pixel(&r, pixel_bytes, x, x + 1 == columns, bytes);
        }
    }
}

static void resize_across(const struct vit_resize_across_args *args)
{
    if (args->pixel_bytes == 1)
        resize_rows(args, 1, gray_pairs);
    else if (args->pixel_bytes == 3)
        resize_rows(args, 3, rgb_pairs);
    else
        resize_rows(args, 4, rgbx_pairs);
}

/*
 * Blocks from byte `at` on, a constant number; n < 16 bytes of them if it is 1. Of an odd number of
 * rows the last one pairs with itself.
 */
ALWAYS_INLINE void resize_columns(const struct vit_resize_down_args *a, size_t at, size_t blocks,
                                  size_t n)
{
    const struct vit_resize_window *const w = a->window;
    const uint8_t *in = a->in + w->first * a->in_bytes + at;
    struct sums sums[MAX_BLOCKS];

    UNROLL
    for (size_t i = 0; i < blocks; i++)
        sums[i] = sums_zero();
    for (size_t j = 0; j < w->count; j += 2, in += 2 * a->in_bytes) {
        const uint8_t *upper = in, *lower = j + 1 < w->count ? in + a->in_bytes : in;
        uint8_t copy[2][BLOCK] = { { 0 } };
        if (n < BLOCK) {
            upper = memcpy(copy[0], upper, n);
            lower = memcpy(copy[1], lower, n);
        }
        UNROLL
        for (size_t i = 0; i < blocks; i++)
            sums[i] = sums_add_pair(sums[i], i_above(upper + i * BLOCK, lower + i * BLOCK),
                                    w->low + j, w->high + j);
    }
    UNROLL
    for (size_t i = 0; i < blocks; i++) {
        uint8_t bytes[BLOCK];
        i_store_bytes(bytes, sums_total(sums[i]));
        memcpy(a->out + at + i * BLOCK, bytes, n < BLOCK ? n : BLOCK);
    }
}

static void resize_down(const struct vit_resize_down_args *args)
{
    const size_t n = args->n;
    size_t at = 0;

    if (n < BLOCK) {
        if (n > 0)
            resize_columns(args, 0, 1, n);
        return;
    }
    for (; at + MAX_BLOCKS * BLOCK <= n; at += MAX_BLOCKS * BLOCK)
        resize_columns(args, at, MAX_BLOCKS, BLOCK);
    for (; at + BLOCK <= n; at += BLOCK)
        resize_columns(args, at, 1, BLOCK);
    if (at < n) /* again some of the last block's */
        resize_columns(args, n - BLOCK, 1, BLOCK);
}

#undef NONE
#undef COLOR_PAIRS
#undef GRAY_PAIRS

#endif
