/* layer_list.h - the linear layers of a model and their number types, as text or JSON */
#ifndef VIT_TOOLS_LAYER_LIST_H
#define VIT_TOOLS_LAYER_LIST_H

#include "tools/print.h"
#include "vit/inspect.h"

/* Layers that differ in their block alone are one line. */
void print_layers(const struct vit_model *model);
json_t *layers_json(const struct vit_model *model);

/* Bytes of their packed weights. */
size_t layers_bytes(const struct vit_model *model);

#endif
