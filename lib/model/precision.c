/* precision.c - the number types that each linear layer of a model computes with */
#include "model/precision.h"

#include <stdio.h>

#include "base/status.h"

static const struct precision precisions[] = {
    [VIT_PRECISION_FLOAT32] = { .pair = VIT_MATMUL_F32_F32,
                                .arithmetic = "inputs and weights float32; sums float32" },
    [VIT_PRECISION_FLOAT16] = { .pair = VIT_MATMUL_F32_F16,
                                .max_weight = 65504.0f,
                                .arithmetic = "inputs float32, weights float16; sums float32" },
    [VIT_PRECISION_INT8] = { .pair = VIT_MATMUL_U8_S8,
                             .blocks_only = true,
                             .arithmetic = "inputs uint8, weights int8, with scales for each 128; "
                                           "sums of 128 exact, their sums float32" },
};

_Static_assert(sizeof precisions / sizeof *precisions == VIT_PRECISION_INT8 + 1,
               "a row for each value; config/by_name.c has their names");

const struct precision *precision_row(enum vit_precision precision)
{
    return &precisions[precision];
}

enum vit_precision precision_of(const struct vit_kernels *kernels, const struct vit_packed *weight)
{
    const size_t pair = (size_t)(weight->kernel - kernels->matmul);
    size_t i = sizeof precisions / sizeof *precisions - 1;

    while (i > 0 && precisions[i].pair != pair)
        i--;
    return (enum vit_precision)i;
}

/* Whether an item is a linear layer, and none before it has the same slot. */
static bool is_new_kind(const struct weight_plan *plan, size_t i)
{
    bool new = plan_is_linear(&plan->items[i]);

    for (size_t j = 0; j < i && new; j++)
        new = !plan_is_linear(&plan->items[j]) || plan->items[j].slot != plan->items[i].slot;
    return new;
}

static enum vit_status fail_unknown(const struct weight_plan *plan, const char *name, size_t length,
                                    struct vit_error *err)
{
    char kinds[320] = "", kind[64];
    size_t used = 0;

    for (size_t i = 0; i < plan->count && used < sizeof kinds; i++) {
        if (!is_new_kind(plan, i))
            continue;
        slots_layer_pattern(plan->items[i].slot, kind);
        used += (size_t)snprintf(kinds + used, sizeof kinds - used, used ? ", %s" : "%s", kind);
    }
    return fail(err, VIT_EINVAL,
                "struct vit_model_options: keep: expected linear layers of the model, separated by "
                "commas (%s; N counts from 0), found \"%.*s\"",
                kinds, length < 80 ? (int)length : 80, name);
}

/* Whether the plan has a layer of that name; it gets the kernel of float32. */
static bool keep_layer(const struct weight_plan *plan, const char *name, size_t length)
{
    bool found = false;
    char known[64];

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (!plan_is_linear(item))
            continue;
        slots_layer_name(item->slot, item->index, known);
        if (strlen(known) != length || strncmp(known, name, length) != 0)
            continue;
        item->packed->kernel = &plan->kernels->matmul[VIT_MATMUL_F32_F32];
        found = true; /* and the other rows of the same weight, which are items of their own */
    }
    return found;
}

enum vit_status precision_choose(const struct weight_plan *plan, enum vit_precision precision,
                                 const char *keep, struct vit_error *err)
{
    const struct precision *const p = precision_row(precision);

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (plan_is_linear(item) && (!p->blocks_only || item->slot >= SLOT_FIRST_OF_BLOCK))
            item->packed->kernel = &plan->kernels->matmul[p->pair];
    }
    while (keep) {
        const size_t length = strcspn(keep, ",");
        if (!keep_layer(plan, keep, length))
            return fail_unknown(plan, keep, length, err);
        keep = keep[length] ? keep + length + 1 : NULL;
    }
    return VIT_OK;
}
