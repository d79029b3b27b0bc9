/* config_timm.h - the fields of a timm snapshot's config.json, before they are combined */
#ifndef VIT_CHECKPOINT_CONFIG_TIMM_H
#define VIT_CHECKPOINT_CONFIG_TIMM_H

#include "checkpoint/parse_config.h"
#include "config/architectures.h"

enum fc_norm { FC_NORM_BY_POOL, FC_NORM_OFF, FC_NORM_ON };
#define NOT_GIVEN ((unsigned)-1)

struct timm_fields {
    enum timm_class class;
    size_t input_size[3]; /* pretrained_cfg's; 0: not given */
    bool fixed_input_size;
    struct numbers mean, std;
    unsigned root_pool, pretrained_pool; /* enum vit_pool or NOT_GIVEN */
    double mlp_ratio;
    bool final_norm, pool_include_prefix;
    bool dynamic_size; /* dynamic_img_size */
    unsigned fc_norm;  /* enum fc_norm */
    unsigned packed;   /* 1: the MLP is SwiGLUPacked */
    bool pool_all;     /* attention pooling is over all tokens: Eva */
    struct vit_config config;
};

/*
 * Reads the fields in timm's order: pretrained_cfg overrides the architecture, the root's
 * num_classes overrides both, and model_args overrides all. timm ignores the root's global_pool;
 * here it must agree. VIT_EFORMAT, VIT_EUNSUPPORTED as json_fields_read.
 */
enum vit_status timm_fields_read(const char *path, const struct json *root,
                                 struct timm_fields *timm, struct provenance *provenance,
                                 struct vit_error *err);

/* The object with the fields of pretrained_cfg. */
const struct json *timm_pretrained_cfg(const struct json *root);

/* timm's name of a pooling. */
const char *timm_pool_name(unsigned pool);

#endif
