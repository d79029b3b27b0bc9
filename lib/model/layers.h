/* layers.h - matrices of activations, and the layers that every step of the forward pass uses */
#ifndef VIT_MODEL_LAYERS_H
#define VIT_MODEL_LAYERS_H

#include <string.h>

#include "base/arena.h"
#include "vit/config.h"
#include "vit/kernels.h"

/* A matrix of activations. */
struct matrix {
    float *at;
    size_t ld; /* row stride */
};

/* y = x Wᵀ + b */
struct linear {
    struct vit_packed weight; /* of [out][in]; without panels: the model has no such layer */
    float *bias;              /* [out] or NULL */
};

struct norm {
    size_t length; /* 0: the model has no such norm */
    enum vit_norm kind;
    bool no_mean;
    float eps;
    float *gamma, *beta; /* [length] or NULL */
    size_t size;         /* of local response: the window, and its arguments */
    float alpha, exponent, k;
};

/* What layers run on: kernels, threads and scratch. */
struct exec {
    const struct vit_kernels *kernels;
    const struct vit_parallel *parallel; /* threads inside an image; NULL: one */
    void *attention;                     /* vit_attention_scratch_bytes */
    void *matmul;                        /* vit_matmul_scratch_bytes of the widest input */
};

static inline struct vit_matmul_args linear_args(const struct exec *e, const struct linear *l,
                                                 size_t rows, struct matrix x,
                                                 const struct vit_epilogue *epilogue,
                                                 struct matrix y)
{
    return (struct vit_matmul_args){ .m = rows,
                                     .a = x.at,
                                     .lda = x.ld,
                                     .b = &l->weight,
                                     .c = y.at,
                                     .ldc = y.ld,
                                     .epilogue = epilogue,
                                     .scratch = e->matmul };
}

/* y[rows][out] = epilogue(x[rows][in] Wᵀ + b) */
static inline void linear(const struct exec *e, const struct linear *l, size_t rows,
                          struct matrix x, struct vit_epilogue epilogue, struct matrix y)
{
    epilogue.bias = l->bias;
    const struct vit_matmul_args args = linear_args(e, l, rows, x, &epilogue, y);
    vit_matmul(e->parallel, &args);
}

/* The epilogue that adds the rows of a matrix. */
static inline struct vit_epilogue add(struct matrix rows)
{
    return (struct vit_epilogue){ .residual = rows.at, .ld_residual = rows.ld };
}

/* The epilogue that applies the activation of a configuration. */
static inline struct vit_epilogue activate(const struct vit_config *c)
{
    return (struct vit_epilogue){ .activation = c->activation,
                                  .activation_args = { .a = c->activation_args[0],
                                                       .b = c->activation_args[1] } };
}

/* PReLU with one slope for all channels */
static inline struct vit_epilogue leaky_relu(float slope)
{
    return (struct vit_epilogue){ .activation = VIT_ACTIVATION_LEAKY_RELU,
                                  .activation_args = { .a = slope } };
}

static const struct vit_epilogue no_epilogue = { 0 };

static inline struct vit_layernorm_args layernorm_args(const struct norm *norm, size_t rows,
                                                       struct matrix x, struct matrix y)
{
    return (struct vit_layernorm_args){ .rows = rows,
                                        .n = norm->length,
                                        .x = x.at,
                                        .ldx = x.ld,
                                        .gamma = norm->gamma,
                                        .beta = norm->beta,
                                        .eps = norm->eps,
                                        .y = y.at,
                                        .ldy = y.ld,
                                        .no_mean = norm->no_mean };
}

/* Across the rows, which are all tokens; y is not x. */
static inline void local_response(const struct exec *e, const struct norm *norm, size_t rows,
                                  struct matrix x, struct matrix y)
{
    vit_local_response(
        e->kernels, e->parallel,
        &(struct vit_local_response_args){ .rows = rows,
                                           .n = norm->length,
                                           .x = x.at,
                                           .ldx = x.ld,
                                           .size = norm->size,
                                           .alpha = norm->alpha,
                                           .k = norm->k,
                                           .quarters = (unsigned)(4 * norm->exponent),
                                           .y = y.at,
                                           .ldy = y.ld });
}

/* y[rows][length] = norm(x) */
static inline void normalize(const struct exec *e, const struct norm *norm, size_t rows,
                             struct matrix x, struct matrix y)
{
    const struct vit_layernorm_args args = layernorm_args(norm, rows, x, y);

    if (norm->kind == VIT_NORM_LOCAL_RESPONSE)
        local_response(e, norm, rows, x, y);
    else
        vit_layernorm(e->kernels, e->parallel, &args);
}

/* h = norm(x), y = epilogue(h Wᵀ + b) */
static inline void norm_linear(const struct exec *e, const struct norm *norm,
                               const struct linear *l, size_t rows, struct matrix x,
                               struct matrix h, struct vit_epilogue epilogue, struct matrix y)
{
    const struct vit_layernorm_args norm_args = layernorm_args(norm, rows, x, h);

    if (norm->kind == VIT_NORM_LOCAL_RESPONSE) {
        local_response(e, norm, rows, x, h);
        linear(e, l, rows, h, epilogue, y);
        return;
    }
    epilogue.bias = l->bias;
    const struct vit_matmul_args args = linear_args(e, l, rows, h, &epilogue, y);
    vit_layernorm_matmul(e->kernels, e->parallel, &norm_args, &args);
}

/* y[rows][n] += x[rows][n], where no epilogue can add it */
static inline void add_rows(const struct exec *e, size_t rows, size_t n, struct matrix x,
                            struct matrix y)
{
    vit_add(e->kernels, e->parallel,
            &(struct vit_elementwise_args){ .rows = rows,
                                            .n = n,
                                            .a = y.at,
                                            .lda = y.ld,
                                            .b = x.at,
                                            .ldb = x.ld,
                                            .y = y.at,
                                            .ldy = y.ld });
}

/* vit_attention with the scratch of `e`. */
static inline void attention(const struct exec *e, struct vit_attention_args args)
{
    args.scratch = e->attention;
    vit_attention(e->kernels, e->parallel, &args);
}

/* Where buffers are carved from, and what they are for. */
struct carver {
    struct arena *arena;
    const struct vit_kernels *kernels;
    size_t threads;
    const struct vit_packed *widest; /* [VIT_MATMUL_PAIRS]: see struct weights */
};

/* rows × columns, the row stride padded. */
static inline struct matrix carve_matrix(const struct carver *c, size_t rows, size_t columns)
{
    const size_t ld = padded_stride(columns);
    return (struct matrix){ arena_floats(c->arena, rows * ld), ld };
}

/* Scratch of attention over that many tokens. */
static inline void *carve_attention(const struct carver *c, size_t tokens, size_t head_dim)
{
    const size_t bytes = vit_attention_scratch_bytes(c->kernels, tokens, head_dim, c->threads);

    c->arena->overflow = c->arena->overflow || bytes == 0;
    return arena_bytes(c->arena, bytes);
}

/* Scratch of the model's linear layers, with up to that many rows. */
static inline void *carve_matmul(const struct carver *c, size_t rows)
{
    size_t bytes = 0;

    for (size_t i = 0; i < VIT_MATMUL_PAIRS; i++)
        if (c->widest[i].kernel) {
            const size_t of_pair = vit_matmul_scratch_bytes(&c->widest[i], rows, c->threads);
            bytes = of_pair > bytes ? of_pair : bytes;
        }
    return arena_bytes(c->arena, bytes);
}

/* A matrix from a row on, or from a column on. */
static inline struct matrix from_row(struct matrix m, size_t row)
{
    return (struct matrix){ m.at + row * m.ld, m.ld };
}

static inline struct matrix from_column(struct matrix m, size_t column)
{
    return (struct matrix){ m.at + column, m.ld };
}

/* y = x */
static inline void copy_rows(size_t rows, size_t columns, struct matrix x, struct matrix y)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(y.at + i * y.ld, x.at + i * x.ld, columns * sizeof *y.at);
}

#endif
