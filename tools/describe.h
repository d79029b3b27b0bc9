/* describe.h - what a model computes, with which numbers, and what is known of them */
#ifndef VIT_TOOLS_DESCRIBE_H
#define VIT_TOOLS_DESCRIBE_H

#include "tools/tool.h"

/* `path` is what the user called it. */
void describe_model(const char *path, const struct vit_model *model);

/* The same; NULL if there is no memory. */
json_t *describe_model_json(const char *path, const struct vit_model *model);

#endif
