/* blocking.h - the sizes of blocks that stay in cache, by rule from the caches of a core */
#ifndef VIT_BASE_BLOCKING_H
#define VIT_BASE_BLOCKING_H

#include <stddef.h>

#include "vit/kernels.h"

/* The rule, docs/performance.md "Block sizes", is a function of a kernel and its l2_bytes alone. */

/* Sets the kernel's l2_bytes and kc. */
void blocking_set(struct vit_matmul_kernel *kernel, const struct vit_caches *caches);

/* The number of blocks that k is cut into: at least 1. */
size_t blocking_cuts(const struct vit_matmul_kernel *kernel, size_t k);

/*
 * Maximum rows of A, of k numbers each, that are multiplied by one panel after the other, if `all`
 * rows are to be multiplied: at least mr.
 */
size_t blocking_rows(const struct vit_matmul_kernel *kernel, size_t k, size_t all);

/*
 * The bytes for accumulators that wait from one block of k to the next, at least those of a tile:
 * so many panels are multiplied by one block of k before the next block.
 */
size_t blocking_unfinished(const struct vit_matmul_kernel *kernel);

/* Rows of a block of attention's scores: more gain nothing, and leave less for other threads. */
enum { BLOCKING_SCORE_ROWS = 72 };

/* Maximum rows of a block of so many tokens, at most BLOCKING_SCORE_ROWS. */
size_t blocking_score_rows(const struct vit_matmul_kernel *kernel, size_t tokens);

/*
 * The numbers to allocate for a block of scores. They grow with the tokens, as the rows times the
 * stride of a row do not: scratch for many tokens suffices for fewer.
 */
size_t blocking_scores(const struct vit_matmul_kernel *kernel, size_t tokens);

#endif
