/* outputs.h - what a forward pass can return, and at which step of the pass each is written */
#ifndef VIT_MODEL_OUTPUTS_H
#define VIT_MODEL_OUTPUTS_H

#include "config/tokenizer.h"
#include "model/pass.h"

/*
 * The steps of a pass, numbered in order. An output is written at one step; a call ends after the
 * last step that it needs.
 */
enum { STEP_PATCHES = T2T_BLOCKS };
static inline size_t step_of_t2t_block(size_t i)
{
    return i;
}
static inline size_t step_of_attention(size_t block) /* after its qkv */
{
    return STEP_PATCHES + 1 + 2 * block;
}
static inline size_t step_of_block(size_t block)
{
    return STEP_PATCHES + 2 + 2 * block;
}
static inline size_t step_of_tokens(const struct vit_config *config) /* after the last block */
{
    return STEP_PATCHES + 1 + 2 * config->depth;
}
static inline size_t step_of_embedding(const struct vit_config *config)
{
    return STEP_PATCHES + 2 + 2 * config->depth;
}

/* Checks the requests of a call and finds its last step. VIT_EINVAL, VIT_EUNSUPPORTED. */
enum vit_status outputs_check(const struct vit_model *model, struct call *call,
                              struct vit_error *err);

/*
 * Writes what is requested of a step, whose result is `value`: the token transformer's or the
 * patches' tokens, a block's qkv, the tokens, or the embedding.
 */
void outputs_write(const struct pass *pass, size_t step, struct matrix value);

#endif
