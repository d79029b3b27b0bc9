/* architectures.h - timm's names of architectures, and the configuration of each */
#ifndef VIT_CONFIG_ARCHITECTURES_H
#define VIT_CONFIG_ARCHITECTURES_H

#include "config/timm_class.h"
#include "vit/config.h"
#include "vit/status.h"

/* The class of an architecture; TIMM_VIT if the name is unknown. */
enum timm_class architectures_class(const char *name);

/*
 * As vit_config_from_name, without config_check: the rest of a checkpoint's configuration can still
 * change what the check would refuse. *mlp_ratio is (rows of fc1)/dim, before mlp_dim is rounded
 * down to an integer.
 */
enum vit_status architectures_find(const char *name, struct vit_config *config, double *mlp_ratio,
                                   struct vit_error *err);

#endif
