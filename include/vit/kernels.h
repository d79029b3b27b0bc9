/* vit/kernels.h - the kernel API: a table per instruction set, and operations over whole tensors */
#ifndef VIT_KERNELS_H
#define VIT_KERNELS_H

#include <stddef.h>

#include "vit/activations.h"
#include "vit/status.h"

#ifdef __cplusplus
extern "C" {
#define VIT_RESTRICT
#else
#define VIT_RESTRICT restrict
#endif

/*
 * The numeric contract (docs/numerics.md): a float32 result depends on the inputs alone, not on the
 * instruction set, the thread count, the batch, the tile shape or the alignment. Sizes and strides
 * count elements; pointers need only float's alignment.
 *
 * What is in this header assumes the default floating-point environment (round to nearest,
 * subnormals kept, no traps) in the thread that calls, and never changes it, but that exceptions
 * such as "inexact" are raised as the arithmetic has them. A struct vit_parallel's other threads
 * may be in any: each task computes in the default one and leaves its thread as it was.
 */

/*
 * What follows the sum of products of a matmul, each step rounded, in this order:
 * scale, + bias, activation, × gamma, + residual. A zeroed struct does nothing.
 */
struct vit_epilogue {
    float scale;            /* one factor for all; 0 stands for none */
    const float *row_scale; /* [m] a factor per row, in place of scale; or NULL */
    const float *bias;      /* [n] or NULL */
    enum vit_activation activation;
    const float *gamma;    /* [n] layer scale (Touvron et al. 2021, "Going deeper with Image
                              Transformers"), or NULL */
    const float *residual; /* [m][n], row stride ld_residual, or NULL; may be C itself */
    size_t ld_residual;
};

/*
 * One tile of C[m][n] = epilogue(A[m][k] · B[k][n]). Every element is one chain
 * c = fma(a[i], b[i], c), i ascending; a long chain may be computed in several calls, each over a
 * block of k.
 */
struct vit_tile {
    size_t m, n, k; /* 1 ≤ m ≤ mr, 1 ≤ n ≤ nr, k ≥ 1; or m = 1 and n = nr, 2·nr … gemv_panels·nr */
    const float *a; /* [m][k], row stride lda */
    size_t lda;
    const float *panel;  /* [k][nr], from pack */
    size_t panel_stride; /* where n > nr: floats from a panel to the next one */
    const float *next; /* 4·k floats that are wanted soon, to be fetched into cache meanwhile; they
                           are not read, and need not exist */
    const float *from; /* [m][nr] chains to go on with, or NULL: they begin at +0 */
    float *to;         /* [m][nr] where unfinished chains are left, those of a panel's padding too;
                           may be `from`; or NULL: they end here, go through the epilogue into C */
    float *c;          /* [m][n], row stride ldc; must not overlap A or the panel */
    size_t ldc;
    const struct vit_epilogue *epilogue; /* its pointers at the tile's first row and column */
};

/* A matmul micro-kernel, with the packing of B that it wants. */
struct vit_matmul_kernel {
    size_t mr;          /* most rows of a tile */
    size_t nr;          /* most columns of a tile, and the width of a panel */
    size_t gemv_panels; /* most whole panels of a tile of one row: memory is faster read in several
                          places at once, and one panel has too few chains to keep busy */
    size_t
        column_group; /* columns of a vector, in whole numbers of which panels are filled evenly */
    size_t kc; /* most of k to compute in one call, so that a panel's part of it stays in L2 */
    /*
     * panel[k][nr] takes B's element (i, j) from b[i·k_stride + j·n_stride], for j < n ≤ nr;
     * columns past n become 0.
     */
    void (*pack)(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                 float *VIT_RESTRICT panel);
    void (*tile)(const struct vit_tile *tile);
};

/*
 * The kernels of one instruction set. Tables are immutable and live as long as the process; their
 * functions are pure, thread-safe and touch no byte outside their operands. Rows may be computed in
 * place (y == x).
 */
struct vit_kernels {
    const char *isa; /* "scalar", "avx2", "avx512" or "neon" */
    struct vit_matmul_kernel matmul;
    /*
     * Rows of x[rows][n] and y[rows][n], strides ldx and ldy, equal where y == x: several are
     * computed at once. Each row of y = (x − mean)·rstd·gamma + beta, rstd = 1/√(variance + eps);
     * Ba et al. 2016
     */
    void (*layernorm)(size_t rows, size_t n, const float *x, size_t ldx, const float *gamma,
                      const float *beta, float eps, float *y, size_t ldy);
    /* each row of y = exp(x − max)/Σ; a NaN anywhere makes the row NaN */
    void (*softmax)(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy);
    /* the numerators alone, each row of y = exp(x − max); their sums in sums[rows] */
    void (*exp_sub_max)(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                        float *sums);
    /* y[n] = f(x[n]) for each enum vit_activation */
    void (*activation[VIT_ACTIVATIONS])(size_t n, const float *x, float *y);
    /* runs `rounds` rounds of independent multiply-adds in registers, fma_peak_flops operations
     * each: the speed limit */
    float (*fma_peak)(size_t rounds);
    size_t fma_peak_flops;
};

/*
 * The table of a level: "scalar", "avx2", "avx512" or "neon"; NULL takes the environment's VIT_ISA
 * and, without one, the level of vit_isa_default. One that is named is used wherever it can run.
 * Thread-safe; the first call builds the tables. VIT_EINVAL the name is not a level of any
 * architecture; VIT_EUNSUPPORTED this machine lacks it.
 */
VIT_API enum vit_status vit_kernels_get(const char *isa, const struct vit_kernels **kernels,
                                        struct vit_error *err);

/*
 * The levels of this build, weakest first: name i, or NULL past the last. *usable: this processor
 * has it, and the operating system saves the registers that it takes. Thread-safe.
 */
VIT_API const char *vit_isa_level(size_t i, int *usable);

/*
 * The level that is used where none is named: the strongest usable one, but for processors that it
 * slows down (docs/dispatch.md). *reason: why a stronger one was passed over, as half a sentence
 * ("it has …"), or NULL: none was. Thread-safe.
 */
VIT_API const char *vit_isa_default(const char **reason);

/*
 * Kernel i of a table: its name, or NULL past the last; *level: the level whose implementation it
 * is. Thread-safe.
 */
VIT_API const char *vit_kernels_name_at(const struct vit_kernels *kernels, size_t i,
                                        const char **level);

/*
 * How an operation is spread over threads. run calls task(arg, i) once for every i < tasks, in any
 * order, on any threads, and returns when all have returned. A NULL struct, or threads ≤ 1,
 * computes on the calling thread alone.
 */
struct vit_parallel {
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
    void *user;
    size_t threads; /* how many tasks an operation is cut into */
};

/* A `run` for struct vit_parallel: OpenMP's threads. Thread-safe. */
VIT_API void vit_parallel_openmp(void *user, size_t tasks, void (*task)(void *arg, size_t i),
                                 void *arg);

/* Floats that vit_matmul_pack writes for B[k][n]; 0 if that does not fit in size_t. */
VIT_API size_t vit_matmul_packed_size(const struct vit_kernels *kernels, size_t n, size_t k);

/*
 * Packs B for vit_matmul with the same table. Element (i, j) is b[i·k_stride + j·n_stride]: a
 * linear layer's weight [n][k] has n_stride = k, k_stride = 1.
 */
VIT_API void vit_matmul_pack(const struct vit_kernels *kernels, size_t n, size_t k, const float *b,
                             size_t n_stride, size_t k_stride, float *packed);

/*
 * C[m][n] = epilogue(A[m][k] · B[k][n]); row strides lda, ldc. A NULL epilogue does nothing. C must
 * not overlap A.
 */
VIT_API void vit_matmul(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                        size_t m, size_t n, size_t k, const float *a, size_t lda,
                        const float *packed, float *c, size_t ldc,
                        const struct vit_epilogue *epilogue);

/*
 * LayerNorm of every row of x[rows][n], row strides ldx and ldy; in place if y == x and ldy == ldx.
 */
VIT_API void vit_layernorm(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                           size_t rows, size_t n, const float *x, size_t ldx, const float *gamma,
                           const float *beta, float eps, float *y, size_t ldy);

/*
 * Floats of scratch that vit_attention and vit_attention_weights want; 0 if that does not fit in
 * size_t. Grows with tokens, not their square, and does not depend on the number of queries.
 */
VIT_API size_t vit_attention_scratch_size(const struct vit_kernels *kernels, size_t tokens,
                                          size_t heads, size_t head_dim, size_t threads);

/*
 * out = softmax(scale · Q Kᵀ) V for every head; Vaswani et al. 2017, eq. 1. A token's own query,
 * or others: attention pooling has one over many tokens.
 *   q        [queries][heads][head_dim], row stride ldq
 *   k, v     [tokens][heads][head_dim], row stride ld
 *   out      [queries][heads][head_dim], row stride ld_out; must not overlap the inputs
 *   scale    any number but 0
 *   scratch  vit_attention_scratch_size floats, for the threads of `parallel`
 */
VIT_API void vit_attention(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                           size_t queries, size_t tokens, size_t heads, size_t head_dim,
                           float scale, const float *q, size_t ldq, const float *k, const float *v,
                           size_t ld, float *out, size_t ld_out, float *scratch);

/*
 * The weights that vit_attention mixes values by, normalised: softmax(scale · Q Kᵀ) of every head.
 *   q, k, scale, scratch  as vit_attention has them
 *   weights               [heads][queries][tokens], contiguous; must not overlap the inputs
 */
VIT_API void vit_attention_weights(const struct vit_kernels *kernels,
                                   const struct vit_parallel *parallel, size_t queries,
                                   size_t tokens, size_t heads, size_t head_dim, float scale,
                                   const float *q, size_t ldq, const float *k, size_t ld,
                                   float *weights, float *scratch);

#ifdef __cplusplus
}
#endif
#endif
