/* projection.h - the last step of every tokenizer: each row of numbers becomes a token */
#ifndef VIT_MODEL_PROJECTION_H
#define VIT_MODEL_PROJECTION_H

#include "model/plan.h"
#include "vit/config.h"

struct projection {
    struct norm norm1, norm2; /* before and after, with patch_norms */
    struct linear linear;     /* [dim][length] */
};

void projection_plan(struct weight_plan *plan, const struct vit_config *config,
                     struct projection *projection);

/* tokens[rows][dim] = LN?(LN?(x[rows][length]) E + b); overwrites x */
void projection_forward(const struct exec *e, const struct projection *projection, size_t rows,
                        struct matrix x, struct matrix tokens);

#endif
