/* config_hf_fields.h - the fields of Hugging Face's config.json, before they are combined */
#ifndef VIT_CHECKPOINT_CONFIG_HF_FIELDS_H
#define VIT_CHECKPOINT_CONFIG_HF_FIELDS_H

#include "checkpoint/parse_config.h"

struct hf_fields {
    size_t image[2]; /* height, width */
    size_t projection;
    double mlp_ratio;
    bool swiglu, map_pool, mean_pool;
    bool query_bias, key_bias, value_bias;
    bool relative, shared_relative; /* biases of scores */
    double layer_scale;
    unsigned scores; /* enum vit_scores */
    struct vit_config config;
};

/* The tensor of a slot, of the family that is read; or NULL. */
static inline const struct tensor *hf_find(const struct config_sources *sources,
                                           const struct parsed_config *parsed,
                                           enum tensor_slot slot)
{
    return names_find(parsed->family->names, sources->tensors, slot);
}

/* What follows from several fields of a model_type. VIT_EUNSUPPORTED: they exclude each other. */
typedef enum vit_status hf_combine(const struct json_reader *reader, struct hf_fields *hf);
hf_combine combine_dinov3, combine_beit;

/* What follows from the tensors that exist; classes is set before. */
typedef void hf_derive(const struct config_sources *sources, const struct parsed_config *parsed,
                       struct hf_fields *hf);
hf_derive derive_vit, derive_deit, derive_dinov2, derive_clip, derive_siglip, derive_nothing;

#endif
