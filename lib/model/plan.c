/* plan.c - the list of a model's tensors: slot, shape, destination */
#include "model/plan.h"

#include <stdlib.h>

#include "config/derived.h"

void prefix_parts(const struct vit_config *config, struct prefix_part parts[PREFIX_PARTS])
{
    parts[0] = (struct prefix_part){ SLOT_CLS_TOKEN, config_class_tokens(config) > 0 };
    parts[1] = (struct prefix_part){ SLOT_DIST_TOKEN, config_class_tokens(config) > 1 };
    parts[2] = (struct prefix_part){ SLOT_REGISTERS, config->registers };
}

static void append(struct weight_plan *plan, struct plan_item item)
{
    if (plan->count == plan->capacity) {
        const size_t capacity = plan->capacity ? 2 * plan->capacity : 64;
        struct plan_item *const items = realloc(plan->items, capacity * sizeof *items);
        if (!items) {
            plan->no_memory = true;
            return;
        }
        plan->items = items;
        plan->capacity = capacity;
    }
    plan->items[plan->count++] = item;
}

void plan_reserve(struct weight_plan *plan, size_t count, float **floats)
{
    plan_floats(plan, SLOT_COUNT, 0, count, floats);
}

void plan_floats(struct weight_plan *plan, enum tensor_slot slot, size_t index, size_t count,
                 float **floats)
{
    append(plan, (struct plan_item){
                     .slot = slot, .index = index, .rows = 1, .columns = count, .floats = floats });
}

/* That of linear layers unless another is chosen. */
static const struct vit_matmul_kernel *linear_kernel(const struct weight_plan *plan)
{
    return &plan->kernels->matmul[VIT_MATMUL_F32_F32];
}

/* A matrix without memory yet. */
static struct vit_packed packed_for(const struct vit_matmul_kernel *kernel, size_t in, size_t out)
{
    return (struct vit_packed){ kernel, out, in, NULL };
}

void plan_packed_again(struct weight_plan *plan, const struct vit_matmul_kernel *kernel,
                       enum tensor_slot slot, size_t index, size_t in, size_t out,
                       struct vit_packed *packed)
{
    *packed = packed_for(kernel, in, out);
    append(plan, (struct plan_item){ .slot = slot,
                                     .index = index,
                                     .rows = out,
                                     .columns = in,
                                     .again = true,
                                     .packed = packed });
}

void plan_linear(struct weight_plan *plan, struct slot_pair slots, size_t index, size_t in,
                 size_t out, bool bias, struct linear *linear)
{
    linear->weight = packed_for(linear_kernel(plan), in, out);
    append(plan, (struct plan_item){ .slot = slots.weight,
                                     .index = index,
                                     .rows = out,
                                     .columns = in,
                                     .packed = &linear->weight });
    if (bias)
        plan_floats(plan, slots.bias, index, out, &linear->bias);
}

void plan_linear_rows(struct weight_plan *plan, struct slot_pair slots, size_t first_row, size_t in,
                      size_t out, struct linear *linear)
{
    linear->weight = packed_for(linear_kernel(plan), in, out);
    append(plan, (struct plan_item){ .slot = slots.weight,
                                     .first_row = first_row,
                                     .rows = out,
                                     .columns = in,
                                     .packed = &linear->weight });
    append(plan, (struct plan_item){ .slot = slots.bias,
                                     .first_row = first_row,
                                     .rows = out,
                                     .columns = 1,
                                     .floats = &linear->bias });
}

void plan_norm(struct weight_plan *plan, struct slot_pair slots, size_t index, size_t length,
               struct norm *norm)
{
    const struct vit_config *const c = plan->config;
    const uint64_t traits = config_traits(c);

    *norm = (struct norm){ .length = length,
                           .kind = c->norm,
                           .no_mean = c->no_norm_mean,
                           .eps = c->eps,
                           .size = c->norm_size > 0 ? c->norm_size : length,
                           .alpha = c->norm_args[0],
                           .exponent = c->norm_args[1],
                           .k = c->norm_args[2] };
    if (traits & HAS_NORM_WEIGHT)
        plan_floats(plan, slots.weight, index, length, &norm->gamma);
    if (traits & HAS_NORM_BIAS)
        plan_floats(plan, slots.bias, index, length, &norm->beta);
}

bool plan_is_linear(const struct plan_item *item)
{
    return item->packed && !item->again;
}

void plan_carve(const struct weight_plan *plan, struct arena *arena)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (item->packed)
            item->packed->panels = arena_bytes(
                arena, vit_packed_bytes(item->packed->kernel, item->rows, item->columns));
        else
            *item->floats = arena_floats(arena, item->rows * item->columns);
    }
}

void plan_free(struct weight_plan *plan)
{
    free(plan->items);
    plan->items = NULL;
}
