/* packed_weights.c - what a file of packed weights says of a model, and the arrays in it */
#include "model/packed_weights.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/status.h"
#include "config/derived.h"
#include "config/fields.h"
#include "config/pos_embed.h"
#include "vit/inspect.h"

/* --- the text: a line for each fact that the bytes of the arrays depend on */

__attribute__((format(printf, 3, 4))) static size_t append(char *text, size_t used,
                                                           const char *format, ...)
{
    va_list args;

    va_start(args, format);
    const int length = vsnprintf(text + used, PACKED_TEXT - used, format, args);
    va_end(args);
    const size_t end = used + (size_t)length;
    return end < PACKED_TEXT ? end : PACKED_TEXT - 1;
}

static const char *const pair_names[] = {
#define PAIR_NAME(identifier, suffix) "matmul" suffix,
    VIT_MATMUL_LIST(PAIR_NAME)
#undef PAIR_NAME
};

static size_t pair_of(const struct weight_plan *plan, const struct plan_item *item)
{
    return (size_t)(item->packed->kernel - plan->kernels->matmul);
}

/*
 * What a kernel makes of a matrix of two panels and of two groups of scales, whose columns and rows
 * are not whole. So no change of a layout or of a rounding needs to be declared. False: no memory.
 */
static bool layout_of(const struct vit_matmul_kernel *kernel, char text[17])
{
    const size_t n = kernel->nr + kernel->column_group + 1;
    const size_t k = VIT_INT8_GROUP + kernel->k_group + 1;
    const size_t bytes = vit_packed_bytes(kernel, n, k);
    float *const weight = malloc(n * k * sizeof *weight);
    const struct vit_packed packed = { kernel, n, k, calloc(bytes, 1) };
    const bool enough = weight && packed.panels;
    uint32_t state = 1;

    for (size_t i = 0; enough && i < n * k; i++) {
        state = state * 1664525u + 1013904223u;
        weight[i] = ((float)(state >> 8) - 0x1p23f) * 0x1p-24f;
    }
    if (enough) {
        vit_pack(&packed, 0, n, weight, k, 1);
        packed_fingerprint(packed.panels, bytes, text);
    }
    free(packed.panels);
    free(weight);
    return enough;
}

static bool describe_kernels(const struct weight_plan *plan, char *text, size_t *used)
{
    for (size_t p = 0; p < VIT_MATMUL_PAIRS; p++) {
        const struct vit_matmul_kernel *const kernel = &plan->kernels->matmul[p];
        bool needed = false;
        char layout[17];
        for (size_t i = 0; i < plan->count && !needed; i++)
            needed = plan->items[i].packed && plan->items[i].packed->kernel == kernel;
        if (!needed)
            continue;
        if (!layout_of(kernel, layout))
            return false;
        *used = append(text, *used, "%s tile %zux%zu layout %s\n", pair_names[p], kernel->mr,
                       kernel->nr, layout);
    }
    return true;
}

/* False: no memory. */
static bool describe_text(const struct weight_plan *plan, enum vit_precision precision,
                          const struct vit_config *stored, char text[PACKED_TEXT])
{
    size_t used = 0;
    char value[64];

    _Static_assert(PACKED_TEXT > (CONFIG_MAX_FIELDS + VIT_MATMUL_PAIRS + 3) * 112,
                   "a line of a name and a value of 63 bytes for each fact");
    used = append(text, used, "libvit %s\nlevel %s\nprecision %s\n", VIT_VERSION,
                  plan->kernels->isa, vit_value_name("precision", (int)precision));
    if (!describe_kernels(plan, text, &used))
        return false;
    for (size_t i = 0; i < config_fields.count; i++) {
        config_field_text(&config_fields.at[i], stored, value);
        used = append(text, used, "%s %s\n", config_fields.at[i].name, value);
    }
    return true;
}

/* --- the arrays */

static size_t list_extras(const struct weight_source *source, struct packed_extra *extras)
{
    const struct vit_config *const c = source->stored;
    struct block_positions_tensor tensors[BLOCK_POSITIONS_TENSORS];
    struct prefix_part parts[PREFIX_PARTS];
    size_t count = 0;

    prefix_parts(c, parts);
    for (size_t i = 0; i < PREFIX_PARTS; i++)
        if (parts[i].tokens > 0)
            extras[count++] = (struct packed_extra){ parts[i].slot, 0, parts[i].tokens, c->dim };
    if (config_pos_embed(c)->stored && source->has_positions)
        extras[count++] = (struct packed_extra){ SLOT_POSITIONS, 0, config_positions(c), c->dim };
    block_positions_tensors(c, tensors);
    for (size_t i = 0; i < BLOCK_POSITIONS_TENSORS; i++)
        for (size_t index = 0; index < tensors[i].copies; index++)
            extras[count++] = (struct packed_extra){ tensors[i].slot, index, tensors[i].rows,
                                                     tensors[i].columns };
    return count;
}

/* The counts of plans fit: config/check.h. */
static struct packed_array array_of(const struct weight_plan *plan, const struct plan_item *item)
{
    struct packed_array a = { .first_row = item->first_row,
                              .rows = item->rows,
                              .columns = item->columns,
                              .bytes = item->rows * item->columns * sizeof(float) };
    slots_name(item->slot, item->index, a.name);
    snprintf(a.type, sizeof a.type, "f32");
    if (item->packed) {
        snprintf(a.type, sizeof a.type, "%s", pair_names[pair_of(plan, item)]);
        a.bytes = vit_packed_bytes(item->packed->kernel, item->rows, item->columns);
    }
    return a;
}

static enum vit_status list_arrays(const struct weight_plan *plan, struct packed_description *d,
                                   struct vit_error *err)
{
    struct packed_header *const h = &d->header;

    h->arrays = calloc(plan->count + PACKED_EXTRAS, sizeof *h->arrays);
    if (!h->arrays)
        return fail(err, VIT_ENOMEM, "no memory for a list of %zu arrays", plan->count);
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].slot != SLOT_COUNT)
            h->arrays[h->array_count++] = array_of(plan, &plan->items[i]);
    for (size_t i = 0; i < d->extra_count; i++) {
        const struct packed_extra *const e = &d->extras[i];
        const struct plan_item item = {
            .slot = e->slot, .index = e->index, .rows = e->rows, .columns = e->columns
        };
        h->arrays[h->array_count++] = array_of(plan, &item);
    }
    if (!packed_header_place(h))
        return fail(err, VIT_ENOMEM, "no memory for the weights: their size does not fit");
    return VIT_OK;
}

enum vit_status packed_describe(const struct weight_plan *plan, enum vit_precision precision,
                                const struct weight_source *source, struct packed_description *d,
                                struct vit_error *err)
{
    enum vit_status status;

    *d = (struct packed_description){ .extra_count = 0 };
    if (!describe_text(plan, precision, source->stored, d->text))
        return fail(err, VIT_ENOMEM, "no memory to describe the kernels");
    d->header.text = d->text;
    d->extra_count = list_extras(source, d->extras);
    if ((status = packed_sources(source->files, &d->header, err)))
        return status;
    return list_arrays(plan, d, err);
}

void packed_description_free(struct packed_description *d)
{
    free(d->header.sources);
    free(d->header.arrays);
    d->header = (struct packed_header){ 0 };
}

/* --- a mapped file */

const float *packed_extra(const struct packed_description *d, const struct packed_map *map,
                          enum tensor_slot slot, size_t index)
{
    const struct packed_array *const arrays =
        d->header.arrays + d->header.array_count - d->extra_count;

    for (size_t i = 0; i < d->extra_count; i++)
        if (d->extras[i].slot == slot && d->extras[i].index == index)
            return (const float *)(const void *)(map->base + arrays[i].offset);
    return NULL;
}

void packed_place(const struct packed_description *d, const struct packed_map *map,
                  const struct weight_plan *plan)
{
    const struct packed_array *array = d->header.arrays;

    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *const item = &plan->items[i];
        if (item->slot == SLOT_COUNT)
            continue;
        void *const at = (void *)(map->base + array++->offset); /* nothing writes there */
        if (item->packed)
            item->packed->panels = at;
        else
            *item->floats = at;
    }
}
