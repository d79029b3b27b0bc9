/* layer_list.c - the linear layers of a model and their number types, as text or JSON */
#include "tools/layer_list.h"

#include <string.h>

static const char *precision_name(enum vit_precision precision)
{
    return vit_value_name("precision", (int)precision);
}

/* Whether two layers differ in the number of their block alone: "blocks.3.qkv", "blocks.12.qkv". */
static bool same_kind(const struct vit_layer_info *a, const struct vit_layer_info *b)
{
    const char *const dot_a = strchr(a->name, '.'), *const dot_b = strchr(b->name, '.');
    const char *const end_a = strrchr(a->name, '.'), *const end_b = strrchr(b->name, '.');

    return dot_a && dot_b && dot_a - a->name == dot_b - b->name &&
           strncmp(a->name, b->name, (size_t)(dot_a - a->name)) == 0 && strcmp(end_a, end_b) == 0 &&
           a->inputs == b->inputs && a->outputs == b->outputs && a->precision == b->precision;
}

/* The layers of the kind of layer i, if no earlier one is of that kind; otherwise 0. */
static size_t count_kind(const struct vit_model *model, size_t i,
                         const struct vit_layer_info *layer)
{
    struct vit_layer_info other = { .size = sizeof other };
    size_t count = 1;

    for (size_t j = 0; j != i && vit_model_layer_at(model, j, &other); j++)
        if (same_kind(layer, &other))
            return 0;
    for (size_t j = i + 1; vit_model_layer_at(model, j, &other); j++)
        count += same_kind(layer, &other);
    return count;
}

static void print_kind(const struct vit_layer_info *layer, size_t count)
{
    const char *const dot = strchr(layer->name, '.'), *const end = strrchr(layer->name, '.');
    char name[80], shape[48];

    snprintf(name, sizeof name, "%s", layer->name);
    if (count > 1)
        snprintf(name, sizeof name, "%.*s.N%s", (int)(dot - layer->name), layer->name, end);
    snprintf(shape, sizeof shape, "%zux%zu", layer->outputs, layer->inputs);
    printf("  %-16s %4zu of %-14s %-8s %12zu\n", name, count, shape,
           precision_name(layer->precision), count * layer->bytes);
}

/* What the precisions that occur mean. */
static void print_arithmetic(const struct vit_model *model)
{
    struct vit_layer_info layer = { .size = sizeof layer };
    const char *name;

    for (int p = 0; (name = precision_name((enum vit_precision)p)); p++)
        for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++)
            if ((int)layer.precision == p) {
                printf("  %s: %s\n", name, layer.arithmetic);
                break;
            }
}

void print_layers(const struct vit_model *model)
{
    struct vit_layer_info layer = { .size = sizeof layer };

    puts("\nLinear layers: outputs x inputs, number types, bytes of the packed weights:");
    for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++) {
        const size_t count = count_kind(model, i, &layer);
        if (count > 0)
            print_kind(&layer, count);
    }
    print_arithmetic(model);
}

json_t *layers_json(const struct vit_model *model)
{
    json_t *layers = json_array();
    struct vit_layer_info l = { .size = sizeof l };

    for (size_t i = 0; vit_model_layer_at(model, i, &l); i++)
        layers =
            json_with(layers, json_pack("{s:s, s:I, s:I, s:s, s:s, s:I}", "name", l.name, "outputs",
                                        (json_int_t)l.outputs, "inputs", (json_int_t)l.inputs,
                                        "precision", precision_name(l.precision), "arithmetic",
                                        l.arithmetic, "bytes", (json_int_t)l.bytes));
    return layers;
}

size_t layers_bytes(const struct vit_model *model)
{
    struct vit_layer_info layer = { .size = sizeof layer };
    size_t bytes = 0;

    for (size_t i = 0; vit_model_layer_at(model, i, &layer); i++)
        bytes += layer.bytes;
    return bytes;
}
