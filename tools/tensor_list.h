/* tensor_list.h - the tensors of a checkpoint, as text or JSON */
#ifndef VIT_TOOLS_TENSOR_LIST_H
#define VIT_TOOLS_TENSOR_LIST_H

#include "tools/print.h"
#include "vit/inspect.h"

/* Prints name, type, shape and use of each to standard output. */
void print_tensors(const struct vit_model *model);

/* The same as a JSON array; NULL: out of memory. */
json_t *tensors_json(const struct vit_model *model);

#endif
