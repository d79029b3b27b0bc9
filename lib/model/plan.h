/* plan.h - the list of a model's tensors: slot, shape, destination */
#ifndef VIT_MODEL_PLAN_H
#define VIT_MODEL_PLAN_H

#include <stdbool.h>

#include "checkpoint/slots.h"
#include "model/layers.h"

/* Rows of one tensor, and where their numbers go: to *floats as they are, or into *packed. */
struct plan_item {
    enum tensor_slot slot; /* SLOT_COUNT: no tensor, only memory */
    size_t index;          /* of the block */
    size_t first_row, rows, columns;
    bool again; /* another item has the same numbers: do not count them as parameters twice */
    float **floats;
    struct vit_packed *packed;
};

/* A list of items. They point to their destinations, which must not move. */
struct weight_plan {
    const struct vit_kernels *kernels;
    const struct vit_config *config; /* of what every norm is */
    struct plan_item *items;
    size_t count, capacity;
    bool no_memory; /* an item is missing */
};

/* The tokens before the patches, in this order: how many of each a configuration has. */
struct prefix_part {
    enum tensor_slot slot;
    size_t tokens;
};
enum { PREFIX_PARTS = 3 };
void prefix_parts(const struct vit_config *config, struct prefix_part parts[PREFIX_PARTS]);

/* The weight and the bias of a layer. */
struct slot_pair {
    enum tensor_slot weight, bias;
};
#define SLOT_PAIR(name) ((struct slot_pair){ SLOT_##name##_WEIGHT, SLOT_##name##_BIAS })

/* Memory for numbers that no tensor fills directly. */
void plan_reserve(struct weight_plan *plan, size_t count, float **floats);

/* A tensor of `count` numbers. */
void plan_floats(struct weight_plan *plan, enum tensor_slot slot, size_t index, size_t count,
                 float **floats);

/* A tensor [out][in] that plan_floats has, packed for a kernel as well. */
void plan_packed_again(struct weight_plan *plan, const struct vit_matmul_kernel *kernel,
                       enum tensor_slot slot, size_t index, size_t in, size_t out,
                       struct vit_packed *packed);

/*
 * The layer y[out] = W x[in] + b, from a weight [out][in] and, if it has one, a bias [out]. It
 * computes in float32, unless precision_choose gives it another kernel.
 */
void plan_linear(struct weight_plan *plan, struct slot_pair slots, size_t index, size_t in,
                 size_t out, bool bias, struct linear *linear);

/* The same from rows first_row .. first_row + out − 1 of a larger weight and bias. */
void plan_linear_rows(struct weight_plan *plan, struct slot_pair slots, size_t first_row, size_t in,
                      size_t out, struct linear *linear);

void plan_norm(struct weight_plan *plan, struct slot_pair slots, size_t index, size_t length,
               struct norm *norm);

/* Whether an item is the weight of a linear layer, or rows of it. */
bool plan_is_linear(const struct plan_item *item);

/* Gives each item its memory. Call it twice: see struct arena. */
void plan_carve(const struct weight_plan *plan, struct arena *arena);

void plan_free(struct weight_plan *plan);

#endif
