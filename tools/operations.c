/* operations.c - the multiply-adds of a forward pass */
#include "tools/operations.h"

enum { SPLITS = 3 }; /* soft splits of a T2T-ViT; all but the last are followed by a transformer */

/* Places of a soft split's kernel along a side: stride (k+1)/2, padding (k+1)/4; see vit.h. */
static size_t split_side(size_t side, size_t kernel)
{
    const size_t padded = side + 2 * ((kernel + 1) / 4);
    return padded < kernel ? 0 : (padded - kernel) / ((kernel + 1) / 2) + 1;
}

/* Tokens after soft split `last`. */
static size_t split_tokens(const struct vit_config *c, size_t last)
{
    size_t rows = c->height, columns = c->width;

    for (size_t i = 0; i <= last; i++) {
        rows = split_side(rows, c->t2t_kernels[i]);
        columns = split_side(columns, c->t2t_kernels[i]);
    }
    return rows * columns;
}

static size_t patch_count(const struct vit_config *c)
{
    if (c->tokenizer != VIT_TOKENIZER_PATCH)
        return split_tokens(c, SPLITS - 1);
    return c->height / c->patch * (c->width / c->patch);
}

static size_t token_count(const struct vit_config *c)
{
    static const size_t class_tokens[] = { [VIT_CLASS_TOKENS_CLASS] = 1,
                                           [VIT_CLASS_TOKENS_NONE] = 0,
                                           [VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION] = 2 };
    return patch_count(c) + class_tokens[c->class_tokens] + c->registers;
}

/* Of one token transformer, without the factor 2. */
static double stage(const struct vit_config *c, double tokens, double length)
{
    const double z = (double)c->t2t_dim, features = (double)(c->t2t_dim / 2);
    const bool performer = c->tokenizer == VIT_TOKENIZER_T2T_PERFORMER;
    /* features of queries and keys, φ(K)ᵀV, φ(Q)·that; or QKᵀ and PV */
    const double mixing = performer ? 4 * tokens * features * z : 2 * tokens * tokens * z;

    return 3 * tokens * length * z + mixing + tokens * z * z +
           2 * tokens * z * (double)c->t2t_mlp_dim;
}

/* The image to the patches' tokens. */
static double tokenizer(const struct vit_config *c)
{
    double length = (double)(c->channels * c->patch * c->patch), sum = 0, tokens;

    for (size_t i = 0; c->tokenizer != VIT_TOKENIZER_PATCH && i < SPLITS; i++) {
        length = (double)(c->t2t_kernels[i] * c->t2t_kernels[i]) *
                 (double)(i == 0 ? c->channels : c->t2t_dim);
        tokens = (double)split_tokens(c, i);
        sum += i < SPLITS - 1 ? stage(c, tokens, length) : 0;
    }
    return sum + (double)patch_count(c) * (double)c->dim * length;
}

static double block(const struct vit_config *c)
{
    const double t = (double)token_count(c), d = (double)c->dim, m = (double)c->mlp_dim;
    const double i = (double)c->heads * (double)(c->head_dim > 0 ? c->head_dim : c->dim / c->heads);

    return 3 * t * d * i + 2 * t * t * i + (c->no_proj ? 0 : t * i * d) +
           (c->gated_mlp ? 3 : 2) * t * d * m;
}

/* Tokens to logits. */
static double head(const struct vit_config *c)
{
    const double p = (double)patch_count(c), d = (double)c->dim;
    const double pooled = c->pool == VIT_POOL_CLASS_AND_MEAN ? 2 * d : d;
    const double embedding = c->pre_logits > 0 ? (double)c->pre_logits : pooled;
    const double heads = c->class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION ? 2 : 1;
    double sum = heads * embedding * (double)c->classes;

    if (c->pre_logits > 0)
        sum += pooled * embedding;
    if (c->pool == VIT_POOL_MAP) /* one query; keys and values of the patches; an MLP of one row */
        sum += d * d + 2 * p * d * d + 2 * p * d + d * d + 2 * d * (double)c->mlp_dim;
    return sum;
}

double forward_operations(const struct vit_config *c)
{
    return 2 * (tokenizer(c) + (double)c->depth * block(c) + head(c));
}
