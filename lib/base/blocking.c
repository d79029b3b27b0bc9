/* blocking.c - how much of L2 each operand's block takes */
#include "base/blocking.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum {
    MIN_ROWS = 96,   /* of A that kc leaves room for: fewer would read B from beyond L2 too often */
    SOME_ROWS = 128, /* in blocks of fewer, B is read from beyond L2 too often */
    MIN_K = 64,      /* fewer steps do not pay for loading and storing the accumulators */
    MIN_SCORE_ROWS = 24, /* fewer would read keys and values from beyond L2 too often */
};

static size_t a_row_bytes(const struct vit_matmul_kernel *kernel, size_t k)
{
    return kernel->convert ? kernel->row_bytes(k) : k * sizeof(float);
}

/*
 * Rows of A that fit beside the panel in use and the next one, which is prefetched. An eighth of L2
 * is left for unfinished accumulators, C and what else runs.
 */
static size_t rows_that_fit(const struct vit_matmul_kernel *kernel, size_t k, size_t l2_bytes)
{
    const size_t panels = 2 * kernel->panel_bytes(k), bytes = l2_bytes - l2_bytes / 8;

    return bytes > panels && k > 0 ? (bytes - panels) / a_row_bytes(kernel, k) : 0;
}

void blocking_set(struct vit_matmul_kernel *kernel, const struct vit_caches *caches)
{
    const size_t group = kernel->k_group;
    const size_t min_rows = 2 * kernel->nr > MIN_ROWS ? 2 * kernel->nr : MIN_ROWS;
    size_t fits = (MIN_K + group - 1) / group;
    size_t too_many = caches->l2 / group + fits;

    while (too_many - fits > 1) { /* groups; a longer block leaves room for fewer rows */
        const size_t middle = fits + (too_many - fits) / 2;
        if (rows_that_fit(kernel, middle * group, caches->l2) >= min_rows)
            fits = middle;
        else
            too_many = middle;
    }
    kernel->kc = fits * group;
    kernel->l2_bytes = caches->l2;
}

size_t blocking_cuts(const struct vit_matmul_kernel *kernel, size_t k)
{
    return k > kernel->kc ? k / kernel->kc + (k % kernel->kc != 0) : 1;
}

size_t blocking_rows(const struct vit_matmul_kernel *kernel, size_t k, size_t all)
{
    const size_t cuts = blocking_cuts(kernel, k), block = k / cuts + (k % cuts != 0);
    const size_t fit = rows_that_fit(kernel, block, kernel->l2_bytes);
    const size_t row_bytes = k > 0 ? a_row_bytes(kernel, block) : 0;
    const size_t quarter = row_bytes > 0 ? kernel->l2_bytes / 4 / row_bytes : 0;
    const size_t some = quarter > SOME_ROWS ? quarter : SOME_ROWS;
    const size_t rows = all <= fit || fit < some ? fit : some;
    const size_t tile_bytes = 4 * kernel->mr * kernel->nr;
    const size_t unfinished = blocking_unfinished(kernel) / tile_bytes * kernel->mr;
    const size_t most = cuts > 1 && unfinished < rows ? unfinished : rows;

    return most > kernel->mr ? most : kernel->mr;
}

size_t blocking_unfinished(const struct vit_matmul_kernel *kernel)
{
    const size_t tile_bytes = 4 * kernel->mr * kernel->nr, bytes = kernel->l2_bytes / 8;

    return bytes > tile_bytes ? bytes : tile_bytes;
}

/* The numbers of a block of scores that stay in half of L2. */
static size_t scores_that_fit(const struct vit_matmul_kernel *kernel)
{
    return kernel->l2_bytes / 2 / sizeof(float);
}

size_t blocking_score_rows(const struct vit_matmul_kernel *kernel, size_t tokens)
{
    const size_t rows = scores_that_fit(kernel) / padded_stride(tokens);

    if (rows >= BLOCKING_SCORE_ROWS)
        return BLOCKING_SCORE_ROWS;
    return rows > MIN_SCORE_ROWS ? rows : MIN_SCORE_ROWS;
}

size_t blocking_scores(const struct vit_matmul_kernel *kernel, size_t tokens)
{
    const size_t stride = padded_stride(tokens), fit = scores_that_fit(kernel);
    const size_t least = MIN_SCORE_ROWS * stride, most = BLOCKING_SCORE_ROWS * stride;

    if (fit <= least)
        return least;
    return fit < most ? fit : most;
}
