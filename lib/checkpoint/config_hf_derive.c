/* config_hf_derive.c - what follows from tensors and from several fields together */
#include "checkpoint/config_hf_fields.h"
#include "files/fail_file.h"

/* --- what follows from the tensors that exist; classes is set before */

void derive_vit(const struct config_sources *sources, const struct parsed_config *parsed,
                struct hf_fields *hf)
{
    const struct tensor *const pooler = hf_find(sources, parsed, SLOT_PRE_LOGITS_WEIGHT);

    if (hf->config.classes == 0 && pooler && pooler->rank > 0)
        hf->config.pre_logits = pooler->shape[0];
}

/* DeiT always has a distillation token; it may or may not have a head for it. */
void derive_deit(const struct config_sources *sources, const struct parsed_config *parsed,
                 struct hf_fields *hf)
{
    if (hf_find(sources, parsed, SLOT_DIST_HEAD_WEIGHT) ||
        hf_find(sources, parsed, SLOT_DIST_HEAD_BIAS)) {
        hf->config.class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
        hf->config.registers = 0;
    }
    derive_vit(sources, parsed, hf);
}

void derive_dinov2(const struct config_sources *sources, const struct parsed_config *parsed,
                   struct hf_fields *hf)
{
    (void)sources;
    (void)parsed;
    if (hf->config.classes > 0)
        hf->config.pool = VIT_POOL_CLASS_AND_MEAN;
}

/* The head is a classifier with a bias, or the projection into the space shared with texts. */
void derive_clip(const struct config_sources *sources, const struct parsed_config *parsed,
                 struct hf_fields *hf)
{
    if (hf->config.classes == 0)
        return;
    if (hf_find(sources, parsed, SLOT_HEAD_BIAS)) {
        hf->config.pool = VIT_POOL_MEAN;
        hf->config.final_norm = VIT_FINAL_NORM_NONE;
    } else {
        hf->config.classes = hf->projection;
        hf->config.no_head_bias = true;
    }
}

void derive_nothing(const struct config_sources *sources, const struct parsed_config *parsed,
                    struct hf_fields *hf)
{
    (void)sources;
    (void)parsed;
    (void)hf;
}

void derive_siglip(const struct config_sources *sources, const struct parsed_config *parsed,
                   struct hf_fields *hf)
{
    (void)sources;
    (void)parsed;
    if (hf->config.classes > 0 || !hf->map_pool)
        hf->config.pool = VIT_POOL_MEAN;
}

/* --- what follows from several fields */

/* Of queries, keys and values: all have a bias, none, or all but the keys. */
enum vit_status combine_dinov3(const struct json_reader *reader, struct hf_fields *hf)
{
    if (hf->query_bias != hf->value_bias || (hf->key_bias && !hf->query_bias))
        return fail_file(reader->err, VIT_EUNSUPPORTED, reader->path,
                         "%squery_bias, key_bias and value_bias: expected all, none, or all but "
                         "key_bias, found %s, %s and %s",
                         reader->prefix, hf->query_bias ? "true" : "false",
                         hf->key_bias ? "true" : "false", hf->value_bias ? "true" : "false");
    hf->config.no_qkv_bias = !hf->query_bias;
    hf->config.no_key_bias = hf->query_bias && !hf->key_bias;
    return VIT_OK;
}

/*
 * transformers resizes the tables of biases as pictures of width × height, and not of height ×
 * width: its results for an image_size that is not square are another model's.
 */
enum vit_status combine_beit(const struct json_reader *reader, struct hf_fields *hf)
{
    if (hf->image[0] != hf->image[1])
        return fail_file(reader->err, VIT_EUNSUPPORTED, reader->path,
                         "%simage_size: expected a square, found %zu × %zu", reader->prefix,
                         hf->image[0], hf->image[1]);
    if (hf->relative && hf->shared_relative)
        return fail_file(reader->err, VIT_EUNSUPPORTED, reader->path,
                         "%suse_shared_relative_position_bias: expected false with "
                         "use_relative_position_bias, found true",
                         reader->prefix);
    hf->config.relative_bias = hf->relative          ? VIT_RELATIVE_BIAS_BLOCK
                               : hf->shared_relative ? VIT_RELATIVE_BIAS_SHARED
                                                     : VIT_RELATIVE_BIAS_NONE;
    hf->config.layer_scale = hf->layer_scale > 0;
    hf->config.pool = hf->mean_pool ? VIT_POOL_MEAN : VIT_POOL_CLASS;
    hf->config.final_norm = hf->mean_pool ? VIT_FINAL_NORM_POOLED : VIT_FINAL_NORM_TOKENS;
    return VIT_OK;
}
