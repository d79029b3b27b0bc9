/* vit/kernels.h - the kernel API: one table of kernels per instruction set, and whole operations */
#ifndef VIT_KERNELS_H
#define VIT_KERNELS_H

/*
 * NOT STABLE: everything in this header may change with the minor version of the library. Compile
 * against the headers of the library that you link.
 *
 * Part 1, the operations: vit_matmul, vit_layernorm, vit_attention run over whole tensors and use
 * threads. Part 2, the table: the kernels that the operations are made of, and the levels
 * (instruction sets) that implement them.
 *
 * The numeric contract (docs/numerics.md): a float32 result depends on the inputs alone, not on the
 * instruction set, the thread count, the batch, the tile shape or the alignment. Sizes and strides
 * count elements unless their name says bytes. Pointers need only their type's alignment.
 *
 * Every size may be 0, unless its range is stated. An array without elements is neither read nor
 * written, and its pointer may be NULL. An empty sum is 0.
 *
 * No function, and no task of a struct vit_parallel, needs more than 16 KiB of stack.
 *
 * All functions assume the default floating-point environment (round to nearest, subnormals kept,
 * no traps) in the calling thread. They never change it, except that they raise exceptions such as
 * "inexact". The threads of a struct vit_parallel may have any environment: each task sets the
 * default environment and restores the thread's own before it returns.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/activations.h"
#include "vit/parallel.h"
#include "vit/status.h"

#ifdef __cplusplus
extern "C" {
#define VIT_RESTRICT
#else
#define VIT_RESTRICT restrict
#endif

struct vit_matmul_kernel;
struct vit_kernels;

/* --- part 1: operations over whole tensors --- */

/* The arguments of an activation (vit/activations.h); activations without arguments ignore them. */
struct vit_activation_args {
    float a, b;
    const float *weight; /* [n] one per channel */
};

/*
 * The steps that follow the sum of products in a matmul. Each rounds once, in this order:
 * scale, + bias, activation, × gamma, + residual. A zeroed struct changes nothing.
 */
struct vit_epilogue {
    float scale;            /* one factor for all elements; 0 means no scaling */
    const float *row_scale; /* [m] one factor per row, used instead of scale; or NULL */
    const float *bias;      /* [n] or NULL */
    enum vit_activation activation;
    struct vit_activation_args activation_args;
    const float *gamma;    /* [n] layer scale (Touvron et al. 2021, "Going deeper with Image
                              Transformers"), or NULL */
    const float *residual; /* [m][n], row stride ld_residual, or NULL; may be C itself */
    size_t ld_residual;
};

/*
 * B[k][n], packed into the panels of one matmul kernel. Fill in kernel, n and k; allocate
 * vit_packed_bytes bytes, aligned to 64 for speed; then call vit_pack.
 */
struct vit_packed {
    const struct vit_matmul_kernel *kernel; /* such as &kernels->matmul[VIT_MATMUL_F32_F32] */
    size_t n, k;
    void *panels;
};

/* The bytes of `panels`; 0 if B is empty (n or k is 0), or if the size does not fit in size_t. */
VIT_API size_t vit_packed_bytes(const struct vit_matmul_kernel *kernel, size_t n, size_t k);

/*
 * Packs columns [first, first + count) of B. Element (i, j) of B is float32 number
 * b[i·k_stride + (j − first)·n_stride]: a linear layer's weight [n][k] has n_stride = k and
 * k_stride = 1. B can be packed in chunks while it is read: column `first` must begin a chunk, and
 * column first + count must begin one or equal n. Chunks can be packed in any order, by any thread.
 * If count or k is 0, nothing is packed. A kernel of float16 weights rounds each to the nearest,
 * ties to even; magnitudes from 65520 on become infinite: check before, where that is an error.
 */
VIT_API void vit_pack(const struct vit_packed *packed, size_t first, size_t count, const float *b,
                      size_t n_stride, size_t k_stride);

/*
 * The columns of the chunk that begins at column `first`; 0 if `first` is n. No chunk is larger
 * than the one at 0.
 */
VIT_API size_t vit_packed_chunk(const struct vit_packed *packed, size_t first);

/*
 * C[m][n] = epilogue(A[m][k] · B[k][n]); n and k are those of the packed B. If k is 0, every sum is
 * +0, so C is the epilogue of +0.
 */
struct vit_matmul_args {
    size_t m;
    const float *a; /* [m][k], row stride lda */
    size_t lda;
    const struct vit_packed *b;
    float *c; /* [m][n], row stride ldc; must not overlap A */
    size_t ldc;
    const struct vit_epilogue *epilogue; /* NULL: none */
    /* vit_matmul_scratch_bytes bytes, 64-byte aligned. NULL is allowed if the kernel of B has no
       `convert`: the same bits, but slower where k is above the kernel's kc. */
    void *scratch;
};
VIT_API void vit_matmul(const struct vit_parallel *parallel, const struct vit_matmul_args *args);

/*
 * The bytes of scratch that a matmul with m rows of A and that many threads needs: for accumulators
 * between two blocks of k, where k is above the kernel's kc, and for A in the number type that the
 * kernel reads, where that is not float32. 0 if it needs none, as where m or k is 0, or if
 * the size does not fit in size_t. It grows with m, k and threads, and does not depend on n.
 */
VIT_API size_t vit_matmul_scratch_bytes(const struct vit_packed *b, size_t m, size_t threads);

/*
 * LayerNorm of every row: y = (x − mean)·rstd·gamma + beta, rstd = 1/√(variance + eps);
 * Ba et al. 2016. RMSNorm has no mean: y = x·rstd·gamma + beta, rstd = 1/√(Σx²/n + eps); Zhang and
 * Sennrich 2019. In place if y == x and ldy == ldx.
 */
struct vit_layernorm_args {
    size_t rows, n;
    const float *x; /* [rows][n], row stride ldx */
    size_t ldx;
    const float *gamma, *beta; /* [n]; NULL: ones, and zeros */
    float eps;
    float *y; /* [rows][n], row stride ldy */
    size_t ldy;
    bool no_mean; /* RMSNorm */
};
VIT_API void vit_layernorm(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                           const struct vit_layernorm_args *args);

/*
 * vit_layernorm, and vit_matmul of its result: args->a and lda are y and ldy, m is its rows, and k
 * its n. Where the kernel of B converts A, it does so while the rows are in a cache.
 */
VIT_API void vit_layernorm_matmul(const struct vit_kernels *kernels,
                                  const struct vit_parallel *parallel,
                                  const struct vit_layernorm_args *norm,
                                  const struct vit_matmul_args *args);

/*
 * Local response normalization across rows, of every column by itself:
 *     y[i] = x[i]/(k + alpha·s/size)^(quarters/4), s = Σ x[j]², j of the window of i,
 * which is the rows from i − ⌊size/2⌋ to i + ⌈size/2⌉ − 1 that exist; Krizhevsky et al. 2012, with
 * PyTorch's division of alpha by the size. It is computed in double precision, s with j ascending,
 * and y is rounded once.
 */
struct vit_local_response_args {
    size_t rows, n;
    const float *x; /* [rows][n], row stride ldx */
    size_t ldx;
    size_t size; /* of the window, at least 1 */
    float alpha, k;
    unsigned quarters; /* four times the exponent, which PyTorch calls beta */
    float *y; /* [rows][n], row stride ldy; must not overlap x, but may be x for a size of 1 */
    size_t ldy;
};
VIT_API void vit_local_response(const struct vit_kernels *kernels,
                                const struct vit_parallel *parallel,
                                const struct vit_local_response_args *args);

/*
 * Element-wise operations on matrices [rows][n]. In place is allowed: y may be a or b, with the
 * same stride.
 */
struct vit_elementwise_args {
    size_t rows, n;
    const float *a; /* row stride lda */
    size_t lda;
    const float *b; /* row stride ldb; of vit_add and vit_gate */
    size_t ldb;
    const float *row_add; /* [rows] of vit_activate: added to every number of a row; or NULL */
    float *y;             /* row stride ldy */
    size_t ldy;
    enum vit_activation activation; /* of vit_activate and vit_gate */
    struct vit_activation_args activation_args;
};

/* y = a + b */
VIT_API void vit_add(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                     const struct vit_elementwise_args *args);

/* y = f(a + row_add) */
VIT_API void vit_activate(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                          const struct vit_elementwise_args *args);

/* y = f(a)·b, the gate of a gated MLP; y must not be b; Shazeer 2020, "GLU Variants" */
VIT_API void vit_gate(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                      const struct vit_elementwise_args *args);

/*
 * Rotary positions: the queries and keys of tokens first, first + 1, … turn by the angles of these
 * tables, whose signs struct vit_kernels explains; Su et al. 2021, "RoFormer".
 */
struct vit_rotation {
    size_t first; /* the tokens before it do not turn */
    const float *cosines,
        *sines;         /* [tokens − first][head_dim], of any alignment; head_dim is even */
    size_t head_stride; /* floats from a head's table to the next; 0: all have the same */
    bool neighbors;     /* the pairs are (2j, 2j + 1), not (j, j + head_dim/2) */
};

/*
 * Softmax attention; Vaswani et al. 2017, eq. 1. The number of queries is independent of the number
 * of tokens: attention pooling has one query over many tokens.
 */
struct vit_attention_args {
    size_t queries, tokens, heads, head_dim;
    const float *q; /* [queries][heads][head_dim], row stride ldq */
    size_t ldq;
    const float *k, *v; /* [tokens][heads][head_dim], row stride ldkv */
    size_t ldkv;
    float *out; /* must not overlap the inputs */
    size_t ld_out;
    float scale;                         /* of Q Kᵀ; must not be 0 */
    void *scratch;                       /* vit_attention_scratch_bytes bytes, 64-byte aligned */
    const struct vit_rotation *rotation; /* of q and k, where query i is token i; NULL: none */
    const float *bias; /* [heads][queries][tokens], added to the scaled scores; NULL: none */
};

/*
 * out[queries][heads][head_dim], row stride ld_out, = softmax(scale · Q Kᵀ + bias) V for every
 * head, where the rotary positions have turned Q and K. Without tokens these are empty sums: out
 * becomes 0.
 */
VIT_API void vit_attention(const struct vit_kernels *kernels, const struct vit_parallel *parallel,
                           const struct vit_attention_args *args);

/*
 * The weights alone: out[heads][queries][tokens], contiguous, = softmax(scale · Q Kᵀ + bias) for
 * every head. Ignores v and ld_out. If head_dim is 0, bias is ignored too: all scores are equal,
 * each weight is 1/tokens.
 */
VIT_API void vit_attention_weights(const struct vit_kernels *kernels,
                                   const struct vit_parallel *parallel,
                                   const struct vit_attention_args *args);

/*
 * The bytes of scratch that vit_attention and vit_attention_weights need; 0 if tokens or head_dim
 * is 0, or if the size does not fit in size_t. It grows with each argument, at most linearly, and
 * does not depend on the number of queries: scratch for the most tokens suffices for fewer.
 */
VIT_API size_t vit_attention_scratch_bytes(const struct vit_kernels *kernels, size_t tokens,
                                           size_t head_dim, size_t threads);

/* --- part 2: the table of kernels --- */

/* Number types. The values never change. */
enum vit_dtype {
    VIT_DTYPE_F32 = 0, /* IEEE 754 binary32 */
    VIT_DTYPE_F16 = 1, /* IEEE 754 binary16 */
    VIT_DTYPE_U8 = 2,  /* 0 … 255: differences from a zero point, times a scale */
    VIT_DTYPE_S8 = 3,  /* −127 … 127, times a scale */
    VIT_DTYPE_S32 = 4,
};

/*
 * The contract of a matmul micro-kernel. A call computes m × n elements of C from m rows of A and
 * one panel of packed B. The kernel divides the rows into tiles whose accumulators are registers:
 *
 *                 n ≤ nr columns
 *               ┌───────────────┐ ┬
 *               │ panel: part   │ │
 *               │ of packed B   │ │ k
 *               │               │ │
 *               └───────────────┘ ┴
 *    ┌────────┐ ┌───────────────┐ ┬
 *    │   A    │ │ tile of C, or │ │ m rows
 *    │        │ │ accumulators  │ │
 *    └────────┘ └───────────────┘ ┴
 *    ├── k ───┤
 *
 * - Each element has one accumulator: c = fma(a[i], b[i], c) for i ascending, beginning at +0. It
 *   is never split into several partial sums.
 * - A long k may be split into blocks, with one call per block. Every call but the last stores its
 *   accumulators to acc_out; every call but the first loads them from acc_in. The last call applies
 *   the epilogue and writes C.
 * - A call computes exactly m rows and reads and writes no byte outside its operands.
 *   Accumulators of the panel's padding columns never reach C.
 * - An accumulator has 4 bytes, of the kernel's type `acc`: float32, or int32 whose sums are exact.
 *   Of u8 and s8 it is float32, and takes the exact sum of each VIT_INT8_GROUP products as one
 *   number: docs/numerics.md.
 * - A kernel allocates nothing, keeps no state, starts no thread, takes no lock, and is
 *   thread-safe.
 */
struct vit_tile {
    /* m ≥ 1 and 1 ≤ n ≤ nr; or, if k is one block, m = 1 and n = 2·nr … gemv_panels·nr */
    size_t m, n;
    /* the block of k: rows [k_first, k_first + k) of B; both are 0 if B has no rows: then neither
       `a` nor the panel is read */
    size_t k_first, k;
    const void *a;      /* the first row of A, as float32 or from `convert` */
    size_t a_bytes;     /* from one row of A to the next */
    const void *panel;  /* from `pack` */
    size_t panel_bytes; /* from one panel to the next, where n > nr */
    /* hints: what to prefetch, a part of it in each tile of rows, never read: the address may be
       invalid; and whether C is too large for a cache */
    const void *prefetch;
    size_t prefetch_bytes;
    bool prefetch_c;
    const void *acc_in; /* [m][nr] accumulators to continue from, or NULL: begin at zero */
    /* [m][nr] where unfinished accumulators are stored, padding columns included; may be acc_in;
       NULL: this is the last block of k */
    void *acc_out;
    float *c; /* [m][n], row stride ldc; must not overlap A or the panel */
    size_t ldc;
    const struct vit_epilogue *epilogue; /* pointers adjusted to the first row and column */
};

/* So many numbers along k share a scale: part of the numeric contract, not a tuning parameter. */
enum { VIT_INT8_GROUP = 128 };

/* A matmul kernel of one pair of number types. It owns the layout of the operands that it reads. */
struct vit_matmul_kernel {
    enum vit_dtype a, b; /* number types of the activations and the weights */
    enum vit_dtype acc;  /* and of the accumulators between two blocks of k */
    size_t mr;           /* rows of a tile of nr columns; blocks of rows have whole tiles */
    size_t nr;           /* maximum columns of a tile, and the width of a panel */
    size_t gemv_panels;  /* maximum panels of a tile of one row: several streams use memory
                            bandwidth better, and one panel has too few accumulators to hide the
                            latency of multiply-adds */
    size_t column_group; /* columns of one vector: the columns of B are divided among panels as
                            evenly as whole groups allow */
    size_t k_group;      /* rows of B that a panel stores together: a block of k begins at a
                            multiple of it, and ends at one or at the last row of B */
    size_t kc;           /* maximum k of one call: a larger part of a panel would leave L2 */
    size_t l2_bytes;     /* one core's share of L2, for which kc and blocks of rows are chosen */
    /* the bytes of a panel of k rows, at most 8·nr·(k + k_group): a header, such as the scales and
       the sums of the columns, then the rows of B, the same number of bytes for each k_group */
    size_t (*panel_bytes)(size_t k);
    /*
     * Packs 1 ≤ n ≤ nr columns of B, of k ≥ 1 rows, into one panel. Element (i, j) is
     * b[i·k_stride + j·n_stride]; columns past n become 0.
     */
    void (*pack)(size_t n, size_t k, const float *b, size_t n_stride, size_t k_stride,
                 void *VIT_RESTRICT panel);
    /*
     * Converts m ≥ 1 rows of activations x[m][k], k ≥ 1, row stride ldx, to rows of row_bytes(k)
     * bytes that the tile reads. Both NULL: the tile reads float32 rows as they are.
     */
    size_t (*row_bytes)(size_t k);
    void (*convert)(size_t m, size_t k, const float *x, size_t ldx, void *VIT_RESTRICT rows);
    void (*tile)(const struct vit_tile *tile);
    /* as fma_peak and fma_peak_flops, of the kernel's multiply-adds; NULL: they are those */
    float (*peak)(size_t rounds);
    size_t peak_ops;
};

/*
 * PAIR(IDENTIFIER, suffix): a pair of number types (activations, weights) that has a matmul kernel,
 * and the suffix of its names in reports and tests: "" for the first pair, a period and a name for
 * a further one, such as ".u8_s8". The enum, the table's entries, the checks, the digests and the
 * benchmarks are generated from this list. Checks compare the kernel of each level with scalar's of
 * the same pair.
 */
#define VIT_MATMUL_LIST(PAIR)                                                                      \
    PAIR(F32_F32, "")                                                                              \
    PAIR(F32_F16, ".f32_f16")                                                                      \
    PAIR(U8_S8, ".u8_s8")

#define VIT_MATMUL_VALUE(identifier, suffix) VIT_MATMUL_##identifier,
enum vit_matmul_pair { VIT_MATMUL_LIST(VIT_MATMUL_VALUE) VIT_MATMUL_PAIRS };
#undef VIT_MATMUL_VALUE

/*
 * A resize of 8-bit images in two passes, across and then down. Each output is a weighted sum of
 * the inputs of its window, which begins at input `first`:
 *     (Σ in[first + j]·weight[j] + 2^21) / 2^22, rounded down, limited to 0 … 255.
 * The sum is exact. Every term must fit in int32, and so must the sum after every term, with the
 * 2^21 and in the order of j.
 * weight[j] is low[j] + 2^16·high[j]: instructions that add two products of 16 bits compute it.
 */
struct vit_resize_window {
    size_t first, count;
    const int16_t *low, *high; /* [count], then zeros up to a multiple of VIT_RESIZE_TAPS */
};
enum { VIT_RESIZE_TAPS = 16 };

/* Across: each row becomes `columns` pixels. */
struct vit_resize_across_args {
    size_t rows, width, columns;
    size_t pixel_bytes; /* of the input: 1; or 3 or 4, of which the first three are used */
    const uint8_t *in;  /* [rows][width][pixel_bytes] */
    size_t in_bytes;    /* from one row of the input to the next */
    const struct vit_resize_window *windows; /* [columns], each within `width` */
    uint8_t *out;                            /* [rows][columns][1 or 3]; must not overlap `in` */
    size_t out_bytes;                        /* from one row of the output to the next */
};

/* Down: rows become one row; every byte is a weighted sum of those above each other. */
struct vit_resize_down_args {
    size_t n;
    const uint8_t *in;                      /* [rows][n] */
    size_t in_bytes;                        /* from one row to the next */
    const struct vit_resize_window *window; /* of rows */
    uint8_t *out;                           /* [n]; must not overlap `in` */
};

/*
 * The kernels of one level. Tables are immutable and live as long as the process; their functions
 * are pure, thread-safe and touch no byte outside their operands. Row kernels may run in place
 * (y == x, ldy == ldx).
 */
struct vit_kernels {
    const char *isa; /* the level, as vit_isa_level names it */
    struct vit_matmul_kernel matmul[VIT_MATMUL_PAIRS];
    void (*layernorm)(const struct vit_layernorm_args *args);
    /* each row of y = exp(x − max)/Σ; a NaN in a row makes the whole row NaN */
    void (*softmax)(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy);
    /* only the numerators: each row of y = exp(x − max); their sums go to sums[rows] (of no
       numerators: 0) */
    void (*exp_sub_max)(size_t rows, size_t n, const float *x, size_t ldx, float *y, size_t ldy,
                        float *sums);
    /* y[n] = f(x[n]) for each enum vit_activation; `args` is never NULL */
    void (*activation[VIT_ACTIVATIONS])(size_t n, const float *x,
                                        const struct vit_activation_args *args, float *y);
    /* y[n] = a[n] + b[n] and y[n] = a[n]·b[n]; y may be a or b */
    void (*add)(size_t n, const float *a, const float *b, float *y);
    void (*multiply)(size_t n, const float *a, const float *b, float *y);
    /*
     * y[i] = x[i]·cosines[i] + x[partner of i]·sines[i], n even: the partner of i is i ± n/2, or
     * the neighbor in its pair (2j, 2j + 1). Turning a pair by an angle needs the same cosine
     * twice, and the sine with its sign: − for the first, + for the second; Su et al. 2021. y may
     * be x.
     */
    void (*rotate_halves)(size_t n, const float *x, const float *cosines, const float *sines,
                          float *y);
    void (*rotate_neighbors)(size_t n, const float *x, const float *cosines, const float *sines,
                             float *y);
    /* `rounds` rounds of independent multiply-adds in registers, each fma_peak_flops floating-point
     * operations: the peak that no kernel can exceed */
    float (*fma_peak)(size_t rounds);
    size_t fma_peak_flops;
    void (*resize_across)(const struct vit_resize_across_args *args);
    void (*resize_down)(const struct vit_resize_down_args *args);
    void (*local_response)(const struct vit_local_response_args *args);
};

/*
 * KERNEL(name): the kernels that are one function. The entries of each level's table and the rows
 * of reports are generated from this list.
 */
#define VIT_KERNEL_LIST(KERNEL)                                                                    \
    KERNEL(layernorm)                                                                              \
    KERNEL(softmax)                                                                                \
    KERNEL(exp_sub_max)                                                                            \
    KERNEL(add)                                                                                    \
    KERNEL(multiply)                                                                               \
    KERNEL(resize_across)                                                                          \
    KERNEL(resize_down)                                                                            \
    KERNEL(local_response)                                                                         \
    KERNEL(rotate_halves) KERNEL(rotate_neighbors)

/*
 * The table of a level, such as "scalar" or "avx2". NULL selects the level that the environment
 * variable VIT_ISA names or, if it is unset or empty, the one of vit_isa_default. A level that is
 * named is used wherever it can run. Thread-safe; the first call builds the tables.
 * VIT_EINVAL: no architecture has a level of that name. VIT_EUNSUPPORTED: this machine cannot run
 * it.
 */
VIT_API enum vit_status vit_kernels_get(const char *isa, const struct vit_kernels **kernels,
                                        struct vit_error *err);

/*
 * The levels of this build, weakest first: the name of level i, or NULL past the last one.
 * *usable, unless NULL, is 1 if the processor has the instructions and the operating system saves
 * their registers, otherwise 0. Thread-safe.
 */
VIT_API const char *vit_isa_level(size_t i, int *usable);

/*
 * The default level: the strongest usable one, except on processors that it slows down
 * (docs/dispatch.md). *reason, unless NULL, is why a stronger usable level was not chosen ("it has
 * …"), or NULL if there is none. Thread-safe.
 */
VIT_API const char *vit_isa_default(const char **reason);

/*
 * Names this machine's processor for a report: the microarchitecture by vendor, family and model,
 * which a virtual machine does not hide, and the name that it gives itself: "Zen 4 (AuthenticAMD,
 * family 25, model 0x11, AMD EPYC)". Returns the length of the whole name and writes what fits into
 * `size` bytes, as snprintf does. Thread-safe.
 */
VIT_API size_t vit_cpu_name(char *name, size_t size);

/* The caches of this machine's processor, in bytes. */
struct vit_caches {
    /* One core's share of each, which block sizes are chosen for: the size divided by the cores
       that share it, at most 2 MiB of L3. Where the system reports nothing that can be true: 32
       KiB, 512 KiB and 2 MiB. Of cores that differ, the smallest. */
    size_t l1d, l2, l3;
    size_t whole_l2, whole_l3; /* all of a cache, as the system reports it; 0: unknown */
};

/* Writes the caches of this machine. Thread-safe. */
VIT_API void vit_cpu_caches(struct vit_caches *caches);

/*
 * The name of kernel i of a table, or NULL past the last one. *level, unless NULL, is the level
 * that implements it. Thread-safe.
 */
VIT_API const char *vit_kernels_name_at(const struct vit_kernels *kernels, size_t i,
                                        const char **level);

#ifdef __cplusplus
}
#endif
#endif
