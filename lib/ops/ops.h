/* ops.h - what the operations share beyond vit/kernels.h */
#ifndef VIT_OPS_OPS_H
#define VIT_OPS_OPS_H

#include <stddef.h>

#include "vit/kernels.h"

/*
 * The least that is worth a thread of its own, some 2 µs of a core: multiply-adds of a matmul,
 * elements of a row operation. Measured where waking an idle OpenMP thread takes 1 to 5 µs.
 */
#define LEAST_MULTIPLY_ADDS 131072.0
#define LEAST_ELEMENTS      8192.0

/* The operands of a matmul: C[m][n] = epilogue(A[m][k] · B[k][n]). */
struct matmul {
    size_t m, n, k;
    const float *a; /* [m][k], row stride lda */
    size_t lda;
    const float *packed; /* vit_matmul_pack of B[k][n] */
    float *c;            /* [m][n], row stride ldc */
    size_t ldc;
    const struct vit_epilogue *epilogue; /* NULL: none */
};

/* Panels that n columns are packed into. */
size_t matmul_panels(const struct vit_kernels *kernels, size_t n);

/* The columns of panel p of n columns: they differ by a vector at most. */
struct panel {
    size_t first, columns;
};
struct panel matmul_panel(const struct vit_kernels *kernels, size_t n, size_t p);

/* Tiles that m rows are cut into, as evenly as they go. */
size_t matmul_row_tiles(const struct vit_kernels *kernels, size_t m);

/*
 * On the calling thread, the part of a matmul that row tiles [row_begin, row_end) and panels
 * [panel_begin, panel_end) make up.
 */
void matmul_part(const struct vit_kernels *kernels, const struct matmul *mm, size_t row_begin,
                 size_t row_end, size_t panel_begin, size_t panel_end);

#endif
