/* projection.c - the last step of every tokenizer: each row of numbers becomes a token */
#include "model/projection.h"

#include "config/tokenizer.h"

void projection_plan(struct weight_plan *plan, const struct vit_config *c,
                     struct projection *projection)
{
    const size_t length = config_tokenizer(c)->patch_length(c);

    if (c->patch_norms)
        plan_norm(plan, SLOT_PAIR(PATCH_NORM1), 0, length, &projection->norm1);
    plan_linear(plan, SLOT_PAIR(PATCH), 0, length, c->dim, !c->no_patch_bias, &projection->linear);
    if (c->patch_norms)
        plan_norm(plan, SLOT_PAIR(PATCH_NORM2), 0, c->dim, &projection->norm2);
}

void projection_forward(const struct exec *e, const struct projection *p, size_t rows,
                        struct matrix x, struct matrix tokens)
{
    if (p->norm1.length > 0)
        normalize(e, &p->norm1, rows, x, x);
    linear(e, &p->linear, rows, x, no_epilogue, tokens);
    if (p->norm2.length > 0)
        normalize(e, &p->norm2, rows, tokens, tokens);
}
