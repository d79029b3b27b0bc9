/* t2t.c - the tokenizer of T2T-ViT: soft splits and token transformers; Yuan et al. 2021 */
#include "config/derived.h"
#include "config/tokenizer.h"
#include "model/image_view.h"
#include "model/outputs.h"
#include "model/performer.h"
#include "model/projection.h"
#include "model/tokenizer.h"

/* A token transformer. */
struct t2t_block {
    struct norm norm1, norm2;
    struct linear qkv, proj, fc1, fc2; /* a performer's qkv is keys, queries, values */
    struct performer performer;
};

struct t2t {
    struct t2t_block blocks[T2T_BLOCKS];
    struct projection projection;
};

struct buffers {
    struct matrix split, h;        /* [tokens][length]: rows of a soft split, and their norm */
    struct matrix token, mix, qkv; /* [tokens][t2t_dim], the same, [tokens][3][t2t_dim] */
    struct matrix mlp;             /* [tokens][t2t_mlp_dim] */
    struct performer_buffers performer;
    void *attention, *matmul;
};

static bool is_performer(const struct vit_config *c)
{
    return c->tokenizer == VIT_TOKENIZER_T2T_PERFORMER;
}

static size_t split_tokens(const struct vit_config *c, size_t i)
{
    const struct config_grid grid = config_split_grid(c, i);
    return grid.rows * grid.columns;
}

static void plan(struct weight_plan *plan, const struct vit_config *c, void *weights)
{
    /* T2T-ViT's transformers have no bias, its performers do; the series' follow the blocks */
    const bool bias =
        is_performer(c) || (c->tokenizer == VIT_TOKENIZER_T2T_QK_SCALE && !c->no_qkv_bias);
    const size_t dim = c->t2t_dim;
    struct t2t *const t2t = weights;

    for (size_t i = 0; i < T2T_BLOCKS; i++) {
        struct t2t_block *const b = &t2t->blocks[i];
        const size_t length = config_split_length(c, i);
        plan_norm(plan, SLOT_PAIR(TOKEN_NORM1), i, length, &b->norm1);
        plan_linear(plan, SLOT_PAIR(TOKEN_QKV), i, length, 3 * dim, bias, &b->qkv);
        if (is_performer(c))
            performer_plan(plan, i, dim, config_features(c), &b->performer);
        plan_linear(plan, SLOT_PAIR(TOKEN_PROJ), i, dim, dim, true, &b->proj);
        plan_norm(plan, SLOT_PAIR(TOKEN_NORM2), i, dim, &b->norm2);
        plan_linear(plan, SLOT_PAIR(TOKEN_FC1), i, dim, c->t2t_mlp_dim, true, &b->fc1);
        plan_linear(plan, SLOT_PAIR(TOKEN_FC2), i, c->t2t_mlp_dim, dim, true, &b->fc2);
    }
    projection_plan(plan, c, &t2t->projection);
}

static void carve(const struct carver *carver, const struct vit_config *c, void *buffers)
{
    struct buffers *const b = buffers;
    size_t tokens = 0, length = 0;

    for (size_t i = 0; i < SPLITS; i++) {
        tokens = split_tokens(c, i) > tokens ? split_tokens(c, i) : tokens;
        length = config_split_length(c, i) > length ? config_split_length(c, i) : length;
    }
    b->split = carve_matrix(carver, tokens, length);
    b->h = carve_matrix(carver, tokens, length);
    b->token = carve_matrix(carver, tokens, c->t2t_dim);
    b->mix = carve_matrix(carver, tokens, c->t2t_dim);
    b->qkv = carve_matrix(carver, tokens, 3 * c->t2t_dim);
    b->mlp = carve_matrix(carver, tokens, c->t2t_mlp_dim);
    b->matmul = carve_matmul(carver, tokens);
    if (is_performer(c))
        performer_carve(carver, tokens, c->t2t_dim, config_features(c), &b->performer);
    else
        b->attention = carve_attention(carver, tokens, c->t2t_dim / c->t2t_heads);
}

/* out[kernel] = row y of a channel, from column `left` on; zeros outside the image */
static void read_padded(const struct image_view *v, size_t channel, size_t y, size_t left,
                        size_t kernel, float *out)
{
    size_t begin = 0, end;

    while (begin < kernel && !(y < v->rows && left + begin < v->columns))
        out[begin++] = 0.0f;
    for (end = begin; end < kernel && left + end < v->columns;)
        end++;
    if (begin < end)
        image_view_read(v, channel, y, left + begin, end - begin, out + begin);
    while (end < kernel)
        out[end++] = 0.0f;
}

/* Each position of a kernel becomes a row, in the order channel, row, column; zeros outside. */
static void soft_split(const struct image_view *v, size_t kernel, struct config_grid grid,
                       struct matrix out)
{
    const size_t stride = config_split_stride(kernel), padding = config_split_padding(kernel);

    for (size_t i = 0; i < grid.rows * grid.columns; i++) {
        float *to = out.at + i * out.ld;
        /* in the padding above or left these wrap around, to numbers past the end */
        const size_t top = i / grid.columns * stride - padding;
        const size_t left = i % grid.columns * stride - padding;
        for (size_t c = 0; c < v->channels; c++)
            for (size_t y = top; y != top + kernel; y++, to += kernel)
                read_padded(v, c, y, left, kernel, to);
    }
}

/* mix = softmax(Q Kᵀ · scale) V */
static void token_attention(const struct exec *e, const struct vit_config *c,
                            const struct t2t_block *block, size_t tokens, const struct buffers *b)
{
    const size_t dim = c->t2t_dim, head_dim = dim / c->t2t_heads;
    const float scale = c->tokenizer == VIT_TOKENIZER_T2T_TRANSFORMER
                            ? config_rsqrt(block->norm1.length)
                        : c->qk_scale != 0.0f ? c->qk_scale
                                              : config_rsqrt(head_dim);

    attention(e, (struct vit_attention_args){ .queries = tokens,
                                              .tokens = tokens,
                                              .heads = c->t2t_heads,
                                              .head_dim = head_dim,
                                              .q = b->qkv.at,
                                              .ldq = b->qkv.ld,
                                              .k = b->qkv.at + dim,
                                              .v = b->qkv.at + 2 * dim,
                                              .ldkv = b->qkv.ld,
                                              .out = b->mix.at,
                                              .ld_out = b->mix.ld,
                                              .scale = scale });
}

/* token[tokens][t2t_dim] of split[tokens][length]; no residual around the attention */
static void token_transformer(const struct exec *e, const struct vit_config *c,
                              const struct t2t_block *block, size_t tokens, const struct buffers *b)
{
    const struct matrix values = from_column(b->qkv, 2 * c->t2t_dim);

    normalize(e, &block->norm1, tokens, b->split, b->h);       /* h   = norm(split) */
    linear(e, &block->qkv, tokens, b->h, no_epilogue, b->qkv); /* qkv = h Wqkv + b */
    if (is_performer(c))                                       /* mix = attention */
        performer_attention(e, &block->performer, tokens, b->qkv, &b->performer, b->mix);
    else
        token_attention(e, c, block, tokens, b);
    linear(e, &block->proj, tokens, b->mix, add(values), b->token); /* token = v + mix W + b */
    normalize(e, &block->norm2, tokens, b->token, b->mix);          /* mix = norm(token) */
    linear(e, &block->fc1, tokens, b->mix, activate(c), b->mlp);    /* token += MLP(mix) */
    linear(e, &block->fc2, tokens, b->mlp, add(b->token), b->token);
}

static void forward(const struct pass *p, void *buffers, const struct image_view *image,
                    struct matrix tokens)
{
    const struct vit_config *c = &p->model->config;
    const struct t2t *const t2t = p->model->weights.tokenizer;
    const struct buffers *const b = buffers;
    const struct exec e = { p->model->kernels, p->parallel, b->attention, b->matmul };
    struct image_view view = *image;

    for (size_t i = 0; i < T2T_BLOCKS; i++) {
        const struct config_grid grid = config_split_grid(c, i);
        soft_split(&view, c->t2t_kernels[i], grid, b->split);
        token_transformer(&e, c, &t2t->blocks[i], grid.rows * grid.columns, b);
        outputs_write(p, step_of_t2t_block(i), b->token);
        if (p->call->last_step <= step_of_t2t_block(i))
            return;
        view = (struct image_view){ .channels = c->t2t_dim,
                                    .rows = grid.rows,
                                    .columns = grid.columns,
                                    .floats = b->token.at,
                                    .channel = 1,
                                    .row = grid.columns * b->token.ld,
                                    .column = b->token.ld };
    }
    soft_split(&view, c->t2t_kernels[T2T_BLOCKS], config_grid(c), b->split);
    projection_forward(&e, &t2t->projection, config_patches(c), b->split, tokens);
}

const struct tokenizer_ops tokenizer_t2t = {
    .weights_bytes = sizeof(struct t2t),
    .buffers_bytes = sizeof(struct buffers),
    .plan = plan,
    .carve = carve,
    .forward = forward,
};
