/* architectures.h - the configurations that timm's names of architectures stand for */
#ifndef VIT_CONFIG_ARCHITECTURES_H
#define VIT_CONFIG_ARCHITECTURES_H

#include "vit/config.h"
#include "vit/status.h"

/*
 * As vit_config_from_name, but for the check whether it can be computed: what else a checkpoint
 * says
 * may mend that. *mlp_ratio is the rows of fc1 by dim, of which mlp_dim is cut to an integer.
 */
enum vit_status architectures_find(const char *name, struct vit_config *config, double *mlp_ratio,
                                   struct vit_error *err);

#endif
