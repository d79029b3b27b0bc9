/* forward.h - the forward pass of one image, and the memory it runs in */
#ifndef VIT_MODEL_FORWARD_H
#define VIT_MODEL_FORWARD_H

#include <stdatomic.h>

#include "config/tokenizer.h"
#include "model/model.h"

/* A matrix of activations. */
struct matrix {
    float *at;
    size_t ld; /* row stride */
};

/* What one image's forward pass runs with. */
struct run {
    const struct vit_model *model;
    const struct vit_parallel *parallel; /* threads inside the image; NULL: one */
    bool (*cancel)(void *user);
    void *user;
    atomic_bool *cancelled; /* set once the hook has said stop */

    struct matrix patches; /* [patches][length of a patch]; shares the MLP's memory, which comes
                              later */
    struct matrix x;       /* [tokens][dim], the residual stream */
    struct matrix h;       /* [tokens][dim or heads·head_dim, whichever is more] */
    struct matrix qkv;     /* [tokens][3][heads][head_dim] */
    struct matrix mlp;     /* [tokens][rows of fc1] */
    float *embedding;      /* one for each head */
    float *pool;           /* attention pooling: [3·dim + mlp_dim] */
    void *attention;       /* scratch of vit_attention */
    void *converted;       /* scratch of vit_matmul: rows in the number type of the kernel */

    /* T2T: rows of a soft split, and what the token transformers make of them */
    struct matrix split, split_h;                       /* [tokens][length] */
    struct matrix token, token_h, token_qkv, token_mlp; /* [tokens][…] */
    struct matrix features;                             /* of queries [tokens][features] */
    struct matrix key_features;                         /* of keys [features][tokens] */
    void *packed;                                       /* keys, then values */
    float *half_norms;                                  /* [tokens], a performer's; then 1/sums */
    double *feature_sums;                               /* [features] */
    float *mixture;                                     /* [features][t2t_dim] */
    void *packed_mixture;
};

/* The part of a run that tokenize() has to itself: measured, then carved. */
void tokens_carve(struct arena *arena, struct run *run);

/* Which output, and after which block for those that name one. */
struct wanted {
    enum vit_output output;
    size_t block;
};

/* One image to one output; stops early, leaving out unspecified, when *cancelled. */
void forward_image(struct run *run, const struct wanted *wanted, const float *image, float *out);

/* --- its steps */

/*
 * The patches' tokens, projected: tokens[patches][dim], + positions if given. Of T2T `stage` stops
 * after a token transformer, whose output is then in run->token; SPLITS goes on to the end.
 */
void tokenize(struct run *run, const float *image, size_t stage, const float *positions,
              struct matrix tokens);

/* run->x to the embedding that the head sees; of a model with distillation to one for each head. */
void pool_tokens(struct run *run, float *embedding);

/* How many embeddings pool_tokens makes. */
size_t pool_count(const struct vit_config *config);

static inline struct vit_activation_args config_activation_args(const struct vit_config *c)
{
    return (struct vit_activation_args){ .a = c->activation_args[0], .b = c->activation_args[1] };
}

/* y[rows][out] = epilogue(x[rows][in] Wᵀ + b) */
static inline void linear(struct run *r, const struct linear *l, size_t rows, struct matrix x,
                          struct vit_epilogue epilogue, struct matrix y)
{
    epilogue.bias = l->bias;
    vit_matmul(r->parallel, &(struct vit_matmul_args){ .m = rows,
                                                       .a = x.at,
                                                       .lda = x.ld,
                                                       .b = &l->weight,
                                                       .c = y.at,
                                                       .ldc = y.ld,
                                                       .epilogue = &epilogue,
                                                       .scratch = r->converted });
}

/* y[rows][length] = LN(x) */
static inline void layernorm(struct run *r, const struct norm *norm, size_t rows, struct matrix x,
                             struct matrix y)
{
    vit_layernorm(r->model->kernels, r->parallel,
                  &(struct vit_layernorm_args){ .rows = rows,
                                                .n = norm->length,
                                                .x = x.at,
                                                .ldx = x.ld,
                                                .gamma = norm->gamma,
                                                .beta = norm->beta,
                                                .eps = r->model->config.eps,
                                                .y = y.at,
                                                .ldy = y.ld });
}

/* rows × columns of the arena, the row stride padded. */
static inline struct matrix carve_matrix(struct arena *arena, size_t rows, size_t columns)
{
    const size_t ld = padded_stride(columns);
    return (struct matrix){ arena_floats(arena, rows * ld), ld };
}

/* A matrix from a row on. */
static inline struct matrix from_row(struct matrix m, size_t row)
{
    return (struct matrix){ m.at + row * m.ld, m.ld };
}

#endif
