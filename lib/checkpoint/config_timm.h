/* config_timm.h - what the keys of a timm snapshot's config.json say, before it is put together */
#ifndef VIT_CHECKPOINT_CONFIG_TIMM_H
#define VIT_CHECKPOINT_CONFIG_TIMM_H

#include "checkpoint/config.h"

enum fc_norm { FC_NORM_BY_POOL, FC_NORM_OFF, FC_NORM_ON };
enum { NOT_GIVEN = -1 };

struct timm_keys {
    size_t input_size[3]; /* pretrained_cfg's; 0: not given */
    bool fixed_input_size;
    struct numbers mean, std;
    unsigned root_pool, pretrained_pool; /* enum vit_pool or NOT_GIVEN */
    double mlp_ratio;
    bool final_norm, pool_include_prefix;
    unsigned fc_norm, packed; /* enum fc_norm; the MLP is SwiGLUPacked */
    struct vit_config config;
};

/*
 * Reads the keys as timm does: over what the architecture says go pretrained_cfg, as far as it
 * counts, num_classes of the root, model_args. timm does not read the root's global_pool, which
 * only has to agree. VIT_EFORMAT, VIT_EUNSUPPORTED as keys_read.
 */
enum vit_status timm_read(const char *path, json_t *root, struct timm_keys *timm,
                          struct provenance *provenance, struct vit_error *err);

/* The object with the keys of pretrained_cfg. */
json_t *timm_pretrained(json_t *root);

/* timm's name of a pooling. */
const char *timm_pool_name(unsigned pool);

#endif
