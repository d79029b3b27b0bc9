/* precision.h - the number types that each linear layer of a model computes with */
#ifndef VIT_MODEL_PRECISION_H
#define VIT_MODEL_PRECISION_H

#include "model/plan.h"
#include "vit/vit.h"

/* How the layers that a precision applies to compute. */
struct precision {
    enum vit_matmul_pair pair;
    bool blocks_only;       /* it applies to the layers of the encoder blocks alone */
    float max_weight;       /* the largest finite weight; 0: every finite one */
    const char *arithmetic; /* in words */
};

const struct precision *precision_row(enum vit_precision precision);

/* The precision that a layer with this weight computes with. */
enum vit_precision precision_of(const struct vit_kernels *kernels, const struct vit_packed *weight);

/*
 * Gives the linear layers of a plan, which has all of them, the kernels of a precision; those that
 * `keep` names, if it is not NULL, stay in float32. VIT_EINVAL: the plan lacks a name.
 */
enum vit_status precision_choose(const struct weight_plan *plan, enum vit_precision precision,
                                 const char *keep, struct vit_error *err);

#endif
