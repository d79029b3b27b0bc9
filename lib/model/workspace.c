/* workspace.c - the activations of one image's forward pass */
#include "model/workspace.h"

#include "config/derived.h"
#include "model/tokenizer.h"

size_t workspace_structs(const struct vit_model *model)
{
    return tokenizer_of(&model->config)->buffers_bytes;
}

bool workspace_init(const struct vit_model *model, const struct memory *memory,
                    struct workspace *ws)
{
    ws->tokenizer = memory_zeroed(memory, 1, workspace_structs(model));
    return ws->tokenizer != NULL;
}

void workspace_free(const struct vit_model *model, const struct memory *memory,
                    struct workspace *ws)
{
    memory_release(memory, ws->tokenizer, workspace_structs(model));
    ws->tokenizer = NULL;
}

static size_t max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void carve_encoder(const struct carver *carver, const struct vit_config *c,
                          struct workspace *ws)
{
    const size_t tokens = config_tokens(c), inner = config_inner(c);
    const bool map = config_pools_by_attention(c);
    const size_t pool_dim = map ? c->dim / config_pool_heads(c) : 0; /* of a head */

    ws->h = carve_matrix(carver, tokens, max(c->dim, inner));
    ws->qkv = carve_matrix(carver, tokens, max(3 * inner, map ? 2 * c->dim : 0));
    ws->mlp = carve_matrix(carver, tokens, max(max(config_fc1_rows(c), c->dim), config_pooled(c)));
    ws->pool = map ? arena_floats(carver->arena, 3 * c->dim + config_pool_mlp_dim(c)) : NULL;
    ws->attention = carve_attention(carver, tokens, max(config_head_dim(c), pool_dim));
    ws->matmul = carve_matmul(carver, tokens);
}

void workspace_carve(struct arena *arena, const struct vit_model *m, size_t threads,
                     struct workspace *ws)
{
    const struct vit_config *c = &m->config;
    const struct carver carver = { arena, m->kernels, threads, m->weights.widest };

    ws->x = carve_matrix(&carver, config_tokens(c), c->dim);
    ws->embedding = arena_floats(arena, max(2 * c->dim, c->pre_logits));

    const size_t begin = arena->used;
    tokenizer_of(c)->carve(&carver, c, ws->tokenizer);
    const size_t tokenizer_end = arena->used;
    arena->used = begin;
    carve_encoder(&carver, c, ws);
    arena->used = max(arena->used, tokenizer_end);
}
