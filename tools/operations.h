/* operations.h - the multiply-adds of a forward pass */
#ifndef VIT_TOOLS_OPERATIONS_H
#define VIT_TOOLS_OPERATIONS_H

#include "vit/config.h"

/*
 * Operations of one image: 2 for each multiply-add of the matmuls and of attention's two products.
 * With N patches, T tokens, width D, inner width I = heads · head_dim, MLP width M, W numbers
 * pooled, an embedding of E and K classes, the plain model's are
 *   2·(N·D·C·P² + depth·(3·T·D·I + 2·T²·I + T·I·D + 2·T·D·M) + E·K),
 * a gated MLP's 3·T·D·M; T2T-ViT's token transformers, attention pooling, pre_logits and a second
 * head come on top. Normalisation, activations and a performer's exponentials are not counted.
 */
double forward_operations(const struct vit_config *config);

#endif
