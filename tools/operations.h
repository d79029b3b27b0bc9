/* operations.h - the arithmetic that a forward pass takes */
#ifndef VIT_TOOLS_OPERATIONS_H
#define VIT_TOOLS_OPERATIONS_H

#include "vit/vit.h"

/*
 * Operations of one image: 2 for each multiply-add of the matmuls and of attention's two products.
 * With N patches, T = N + 1 tokens, width D, MLP width M and K classes:
 *   2·(N·D·C·P² + depth·(3·T·D² + 2·T²·D + T·D² + 2·T·D·M) + D·K)
 */
double operations(const struct vit_config *config);

#endif
