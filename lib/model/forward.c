/* forward.c - the Vision Transformer's forward pass; Dosovitskiy et al. 2021, eq. 1-4 */
#include "model/forward.h"

#include "base/clock.h"
#include "config/derived.h"
#include "model/block_attention.h"
#include "model/outputs.h"
#include "model/pool.h"
#include "model/tokenizer.h"

/* Whether the call needs a step or one after it. */
static bool needs(const struct pass *p, size_t step)
{
    return p->call->last_step >= step;
}

/* x = norm?([class token, …; patches E] + positions); false: the call ends with the patches */
static bool embed(const struct pass *p, const struct image_view *image)
{
    const struct vit_config *c = &p->model->config;
    const struct weights *w = &p->model->weights;
    const struct exec e = exec_of(p);
    const size_t prefix = config_prefix(c), patches = config_patches(c);
    const struct matrix x = p->ws->x, tokens = from_row(x, prefix);

    tokenizer_of(c)->forward(p, p->ws->tokenizer, image, tokens);
    if (!needs(p, STEP_PATCHES))
        return false;
    outputs_write(p, STEP_PATCHES, tokens);
    if (!needs(p, STEP_PATCHES + 1))
        return false;
    if (w->positions.patches)
        add_rows(&e, patches, c->dim, (struct matrix){ w->positions.patches, c->dim }, tokens);
    copy_rows(prefix, c->dim, (struct matrix){ w->prefix, c->dim }, x);
    if (c->pre_norm)
        normalize(&e, &w->pre_norm, prefix + patches, x, x);
    return true;
}

/* qkv = norm(x) Wqkv + b, and with qk_norm the norm of each head's queries and keys */
static void project_qkv(const struct exec *e, const struct vit_config *c, const struct block *b,
                        const struct workspace *ws)
{
    const size_t tokens = config_tokens(c), inner = config_inner(c), head_dim = config_head_dim(c);
    const struct matrix qkv = ws->qkv;

    norm_linear(e, &b->norm1, &b->qkv, tokens, ws->x, ws->h, no_epilogue, qkv);
    for (size_t head = 0; c->qk_norm && head < c->heads; head++) {
        const struct matrix q = from_column(qkv, head * head_dim), k = from_column(q, inner);
        normalize(e, &b->q_norm, tokens, q, q);
        normalize(e, &b->k_norm, tokens, k, k);
    }
}

/* h = softmax(Q Kᵀ · scale + bias) V, Q and K turned by their positions */
static void attend(const struct exec *e, const struct vit_config *c, const struct block *b,
                   struct matrix qkv, struct matrix h)
{
    struct vit_attention_args args = block_attention(c, b, qkv);

    args.out = h.at;
    args.ld_out = h.ld;
    attention(e, args);
}

/* x += (LN?(h) Wproj + b) · γ1, or x += h, or x += v + h Wproj + b */
static void project(const struct exec *e, const struct vit_config *c, const struct block *b,
                    const struct workspace *ws)
{
    const size_t tokens = config_tokens(c), dim = c->dim;
    struct vit_epilogue add_x = add(ws->x);

    add_x.gamma = b->gamma1;
    if (c->no_proj) {
        add_rows(e, tokens, dim, ws->h, ws->x);
    } else if (c->value_residual) {
        linear(e, &b->proj, tokens, ws->h, add(from_column(ws->qkv, 2 * dim)), ws->mlp);
        add_rows(e, tokens, dim, ws->mlp, ws->x);
    } else if (c->attention_norm) {
        norm_linear(e, &b->attention_norm, &b->proj, tokens, ws->h, ws->h, add_x, ws->x);
    } else {
        linear(e, &b->proj, tokens, ws->h, add_x, ws->x);
    }
}

/* a = f(a)·b, of ab[tokens] = [a; b] */
static void gate(const struct exec *e, size_t tokens, size_t n, const struct vit_epilogue *f,
                 struct matrix ab)
{
    vit_gate(e->kernels, e->parallel,
             &(struct vit_elementwise_args){ .rows = tokens,
                                             .n = n,
                                             .a = ab.at,
                                             .lda = ab.ld,
                                             .b = ab.at + n,
                                             .ldb = ab.ld,
                                             .y = ab.at,
                                             .ldy = ab.ld,
                                             .activation = f->activation,
                                             .activation_args = f->activation_args });
}

/*
 * x += (norm?(f(h W1 + b1)) W2 + b2) · γ2, h = norm(x); gated, f(a)·b takes the place of f(…),
 * [a; b] = h W1 + b1
 */
static void mlp(const struct exec *e, const struct vit_config *c, const struct block *b,
                const struct workspace *ws)
{
    const size_t tokens = config_tokens(c);
    const struct vit_epilogue f = b->slope ? leaky_relu(*b->slope) : activate(c);
    struct vit_epilogue add_x = add(ws->x);

    add_x.gamma = b->gamma2;
    norm_linear(e, &b->norm2, &b->fc1, tokens, ws->x, ws->h, c->gated_mlp ? no_epilogue : f,
                ws->mlp);
    if (c->gated_mlp)
        gate(e, tokens, c->mlp_dim, &f, ws->mlp);
    if (c->mlp_norm)
        norm_linear(e, &b->mlp_norm, &b->fc2, tokens, ws->mlp, ws->mlp, add_x, ws->x);
    else
        linear(e, &b->fc2, tokens, ws->mlp, add_x, ws->x);
}

static void encoder_block(const struct pass *p, size_t i)
{
    const struct vit_config *c = &p->model->config;
    const struct block *b = &p->model->weights.blocks[i];
    const struct workspace *ws = p->ws;
    const struct exec e = exec_of(p);

    project_qkv(&e, c, b, ws); /* qkv = norm(x) Wqkv + b */
    outputs_write(p, step_of_attention(i), ws->qkv);
    if (!needs(p, step_of_block(i)))
        return;
    attend(&e, c, b, ws->qkv, ws->h); /* h   = softmax(Q Kᵀ · scale) V */
    project(&e, c, b, ws);            /* x  += h Wproj + b */
    mlp(&e, c, b, ws);                /* x  += f(norm(x) W1 + b1) W2 + b2 */
    outputs_write(p, step_of_block(i), ws->x);
}

static bool canceled(const struct pass *p)
{
    const struct call *const call = p->call;

    if (call->cancel && !atomic_load(call->canceled) && call->cancel(call->user))
        atomic_store(call->canceled, true);
    return atomic_load(call->canceled) ||
           (call->call.cancel_image && call->call.cancel_image(call->call.user, p->image));
}

/* The time, if anyone asks. */
static uint64_t stage_begins(const struct pass *p)
{
    return p->call->call.observe ? clock_nanoseconds() : 0;
}

static void stage_ends(const struct pass *p, enum vit_stage stage, size_t block, uint64_t began)
{
    const struct vit_call *const call = &p->call->call;

    if (call->observe)
        call->observe(call->user, &(struct vit_observation){
                                      .size = sizeof(struct vit_observation),
                                      .image = p->image,
                                      .block = block,
                                      .nanoseconds = clock_nanoseconds() - began,
                                      .stage = stage,
                                  });
}

/* The outputs of the tokens after the last block, and of what follows from them. */
static void head(const struct pass *p)
{
    const struct vit_config *c = &p->model->config;
    const struct matrix embedding = { p->ws->embedding, config_embedding(c) };

    outputs_write(p, step_of_tokens(c), p->ws->x);
    if (!needs(p, step_of_embedding(c)))
        return;
    pool_tokens(p, embedding.at);
    outputs_write(p, step_of_embedding(c), embedding);
}

bool forward_image(const struct pass *p, const struct image_view *image)
{
    const struct vit_config *c = &p->model->config;
    uint64_t began = stage_begins(p);
    const bool has_tokens = embed(p, image);

    stage_ends(p, VIT_STAGE_EMBED, 0, began);
    if (!has_tokens)
        return true;
    for (size_t i = 0; i < c->depth && needs(p, step_of_attention(i)); i++) {
        if (canceled(p))
            return false;
        began = stage_begins(p);
        encoder_block(p, i);
        stage_ends(p, VIT_STAGE_BLOCK, i, began);
    }
    if (!needs(p, step_of_tokens(c)))
        return true;
    began = stage_begins(p);
    head(p);
    stage_ends(p, VIT_STAGE_HEAD, 0, began);
    return true;
}
