/* forward.c - the Vision Transformer's forward pass; Dosovitskiy et al. 2021, eq. 1-4 */
#include "model/forward.h"

#include <string.h>

#include "base/config.h"

/* y[rows][out] = epilogue(x[rows][in] Wᵀ + b) */
static void linear(struct run *r, const struct linear *l, size_t rows, const float *x, size_t ldx,
                   struct vit_epilogue epilogue, float *y, size_t ldy)
{
    epilogue.bias = l->bias;
    vit_matmul(r->model->kernels, r->parallel, rows, l->out, l->in, x, ldx, l->weight, y, ldy,
               &epilogue);
}

/* h = LN(x) */
static void layernorm(struct run *r, const struct norm *norm, size_t rows, float *h)
{
    const struct vit_config *c = &r->model->config;
    vit_layernorm(r->model->kernels, r->parallel, rows, c->dim, r->x, r->ld_x, norm->gamma,
                  norm->beta, c->eps, h, r->ld_x);
}

/* Each patch a row, in the order channel, row, column. */
static void unfold(struct run *r, const float *image /* [channels][height][width] */)
{
    const struct vit_config *c = &r->model->config;
    const size_t side = c->patch, down = c->height / side, across = c->width / side;

    for (size_t p = 0; p < down * across; p++) {
        float *to = r->patches + p * r->ld_patches;
        const float *corner = image + p / across * side * c->width + p % across * side;
        for (size_t channel = 0; channel < c->channels; channel++)
            for (size_t row = 0; row < side; row++, to += side)
                memcpy(to, corner + (channel * c->height + row) * c->width, side * sizeof *to);
    }
}

/* tokens[patches][dim] = patches E, + positions if given */
static void embed(struct run *r, const float *image, const float *positions, float *tokens,
                  size_t ld_tokens)
{
    const struct vit_config *c = &r->model->config;
    const struct vit_epilogue add = { .residual = positions, .ld_residual = c->dim };

    unfold(r, image);
    linear(r, &r->model->patch, config_patches(c), r->patches, r->ld_patches, add, tokens,
           ld_tokens);
}

/* x = [cls; patches E] + positions */
static void tokens_with_positions(struct run *r, const float *image)
{
    const struct vit_model *m = r->model;
    const size_t dim = m->config.dim;

    for (size_t j = 0; j < dim; j++)
        r->x[j] = m->cls_token[j] + m->positions[j];
    embed(r, image, m->positions + dim, r->x + r->ld_x, r->ld_x);
}

/* h = softmax(Q Kᵀ · scale) V, from qkv = h Wqkv */
static void attention(struct run *r, const struct block *b)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c);
    const float *q = r->qkv, *k = q + c->dim, *v = k + c->dim;

    linear(r, &b->qkv, tokens, r->h, r->ld_x, (struct vit_epilogue){ 0 }, r->qkv, r->ld_qkv);
    vit_attention(r->model->kernels, r->parallel, tokens, tokens, c->heads, config_head_dim(c),
                  config_scale(c), q, r->ld_qkv, k, v, r->ld_qkv, r->h, r->ld_x, r->attention);
}

/* x += v + h Wproj + b: the series' attention returns its values on top of their mixture */
static void project_with_value_skip(struct run *r, const struct block *b)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c);
    const struct vit_epilogue add_values = { .residual = r->qkv + 2 * c->dim,
                                             .ld_residual = r->ld_qkv };

    linear(r, &b->proj, tokens, r->h, r->ld_x, add_values, r->mlp, r->ld_mlp);
    for (size_t i = 0; i < tokens; i++)
        for (size_t j = 0; j < c->dim; j++)
            r->x[i * r->ld_x + j] += r->mlp[i * r->ld_mlp + j];
}

static void encoder_block(struct run *r, const struct block *b)
{
    const struct vit_config *c = &r->model->config;
    const size_t tokens = config_tokens(c);
    const struct vit_epilogue add = { .residual = r->x, .ld_residual = r->ld_x };
    struct vit_epilogue add1 = add, add2 = add;
    add1.gamma = b->gamma1;
    add2.gamma = b->gamma2;

    layernorm(r, &b->norm1, tokens, r->h); /* h = LN(x) */
    attention(r, b);                       /* h = softmax(Q Kᵀ · scale) V */
    if (c->value_skip)
        project_with_value_skip(r, b); /* x += v + h Wproj + b */
    else
        linear(r, &b->proj, tokens, r->h, r->ld_x, add1, r->x, r->ld_x); /* x += h Wproj + b */

    layernorm(r, &b->norm2, tokens, r->h); /* x += f(LN(x) W1 + b1) W2 + b2 */
    linear(r, &b->fc1, tokens, r->h, r->ld_x, (struct vit_epilogue){ .activation = c->activation },
           r->mlp, r->ld_mlp);
    linear(r, &b->fc2, tokens, r->mlp, r->ld_mlp, add2, r->x, r->ld_x);
}

static bool cancelled(struct run *r)
{
    if (r->cancel && !atomic_load(r->cancelled) && r->cancel(r->user))
        atomic_store(r->cancelled, true);
    return atomic_load(r->cancelled);
}

static void copy_rows(struct run *r, const float *rows, float *out)
{
    const struct vit_config *c = &r->model->config;
    for (size_t i = 0; i < config_tokens(c); i++)
        memcpy(out + i * c->dim, rows + i * r->ld_x, c->dim * sizeof *out);
}

void forward_image(struct run *r, const struct wanted *wanted, const float *image, float *out)
{
    const struct vit_model *m = r->model;
    const struct vit_config *c = &m->config;
    const size_t last = wanted->output == VIT_OUTPUT_BLOCK ? wanted->block + 1 : c->depth;

    if (wanted->output == VIT_OUTPUT_TOKENS) {
        embed(r, image, NULL, out, c->dim);
        return;
    }
    tokens_with_positions(r, image);
    for (size_t i = 0; i < last; i++) {
        if (cancelled(r))
            return;
        encoder_block(r, &m->blocks[i]);
    }
    switch (wanted->output) {
    case VIT_OUTPUT_BLOCK:
        copy_rows(r, r->x, out);
        break;
    case VIT_OUTPUT_FEATURES:
        layernorm(r, &m->norm, config_tokens(c), r->h);
        copy_rows(r, r->h, out);
        break;
    default: /* the class token alone is normed and classified */
        layernorm(r, &m->norm, 1, r->h);
        linear(r, &m->head, 1, r->h, r->ld_x, (struct vit_epilogue){ 0 }, out, c->classes);
    }
}
