/* config_timm.c - a timm snapshot's config.json: an architecture, and what overrides it */
#include "checkpoint/config_timm.h"

#include "files/fail_file.h"
#include "files/json.h"
#include "files/sanitize.h"

/*
 * Sets the width of the MLP from the rows of fc1. SwiGLUPacked has two rows per value; the ratio of
 * Eva's gated MLPs is that of each half.
 */
static enum vit_status set_mlp(const char *path, struct timm_fields *timm, struct vit_error *err)
{
    struct vit_config *const c = &timm->config;
    enum vit_status status;

    if ((status = parse_mlp_ratio(path, "model_args.mlp_ratio", timm->mlp_ratio, c->dim,
                                  &c->mlp_dim, err)))
        return status;
    if (timm->class != TIMM_VIT) {
        if (c->gated_mlp && c->rotary == VIT_ROTARY_CENTERS) /* swiglu_align_to of DINOv3 */
            c->mlp_dim = (c->mlp_dim + 7) / 8 * 8;
        if (timm->pool_all)
            c->pool_mlp_dim = 4 * c->dim;
        return VIT_OK;
    }
    c->gated_mlp = timm->packed;
    if (c->gated_mlp && c->mlp_dim % 2 != 0)
        return fail_file(err, VIT_EFORMAT, path,
                         "model_args.mlp_ratio: expected an even width for SwiGLUPacked, found %zu "
                         "(%g times %zu)",
                         c->mlp_dim, timm->mlp_ratio, c->dim);
    c->mlp_dim /= c->gated_mlp ? 2 : 1;
    return VIT_OK;
}

/* Sets the pooling, the tokens that it includes, and the norm before or after it. */
static enum vit_status set_pool(const char *path, struct timm_fields *timm, struct vit_error *err)
{
    struct vit_config *const c = &timm->config;
    const bool over_patches =
        c->pool == VIT_POOL_MEAN || c->pool == VIT_POOL_MAX || c->pool == VIT_POOL_MEAN_AND_MAX;
    const bool pooled_norm =
        timm->fc_norm == FC_NORM_BY_POOL ? over_patches : timm->fc_norm == FC_NORM_ON;
    const bool prefix = config_prefix(c) > 0, all = timm->pool_include_prefix;

    if (timm->root_pool != NOT_GIVEN && timm->root_pool != c->pool)
        return fail_file(
            err, VIT_EFORMAT, path,
            "global_pool: expected \"%s\", as the architecture and model_args have it, "
            "found \"%s\"",
            timm_pool_name(c->pool), timm_pool_name(timm->root_pool));
    if (c->pool == VIT_POOL_NONE && c->classes > 0)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "global_pool: expected a pooling, found \"\" with %zu classes: the head "
                         "would classify each token",
                         c->classes);
    if (prefix && all && c->pool != VIT_POOL_CLASS && c->pool != VIT_POOL_MEAN &&
        c->pool != VIT_POOL_NONE)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "model_args.pool_include_prefix: expected false with global_pool \"%s\" "
                         "and class or register tokens, found true",
                         timm_pool_name(c->pool));
    if (c->pool == VIT_POOL_MAP && c->gated_mlp)
        return fail_file(err, VIT_EUNSUPPORTED, path,
                         "global_pool: expected another than \"map\" with a gated MLP, found it");
    if (c->pool == VIT_POOL_MEAN && all)
        c->pool = VIT_POOL_MEAN_ALL;
    if (c->pool == VIT_POOL_MAP && timm->class == TIMM_EVA)
        c->pool = VIT_POOL_MAP_ALL;
    else if (timm->pool_all)
        c->pool_heads = c->pool_mlp_dim = 0;
    c->final_norm = !timm->final_norm ? VIT_FINAL_NORM_NONE
                    : pooled_norm     ? VIT_FINAL_NORM_POOLED
                                      : VIT_FINAL_NORM_TOKENS;
    return VIT_OK;
}

/* timm/data/constants.py: DEFAULT_CROP_PCT, IMAGENET_DEFAULT_MEAN and IMAGENET_DEFAULT_STD */
static const struct vit_preprocess_config defaults = {
    .size = sizeof defaults,
    .interpolation = VIT_INTERPOLATION_BICUBIC,
    .crop_mode = VIT_CROP_MODE_CENTER,
    .crop_pct = 0.875,
    .mean = { 0.485f, 0.456f, 0.406f },
    .std = { 0.229f, 0.224f, 0.225f },
};

static enum vit_status set_preprocess(const char *path, const struct json *root,
                                      const struct timm_fields *timm, struct parsed_config *parsed,
                                      struct vit_error *err)
{
    if (timm->config.channels == 1 && (timm->mean.count == 0 || timm->std.count == 0))
        return fail_file(
            err, VIT_EFORMAT, path,
            "pretrained_cfg.%s: expected a number for 1 channel, which has no default, "
            "found none",
            timm->mean.count == 0 ? "mean" : "std");
    parsed->preprocess = defaults;
    return parse_pretrained_cfg(path, timm_pretrained_cfg(root), &parsed->config, true,
                                &parsed->preprocess, err);
}

/* Starts from the architecture's configuration. */
static enum vit_status find_architecture(const struct config_sources *sources,
                                         struct timm_fields *timm, struct vit_error *err)
{
    const char *const name = sources_string(sources, "architecture");
    struct vit_error why;
    enum vit_status status;

    if (!name)
        return fail_file(err, VIT_EFORMAT, sources->path,
                         "architecture: expected a string, found %s",
                         json_kind(json_member(sources->root, "architecture")));
    if ((status =
             architectures_find(sanitize_name(name).text, &timm->config, &timm->mlp_ratio, &why)))
        return fail_file(err, status, sources->path, "%s", why.message);
    timm->class = architectures_class(name);
    timm->pool_all = timm->config.pool == VIT_POOL_MAP_ALL;
    if (timm->pool_all) /* as global_pool names it */
        timm->config.pool = VIT_POOL_MAP;
    timm->dynamic_size = timm->config.rotary == VIT_ROTARY_CENTERS; /* DINOv3's default */
    timm->packed = timm->config.gated_mlp;
    timm->final_norm = timm->config.final_norm != VIT_FINAL_NORM_NONE;
    /* some architectures with mean pooling set fc_norm to false: they pool normalized tokens */
    timm->fc_norm =
        timm->config.pool == VIT_POOL_MEAN && timm->config.final_norm == VIT_FINAL_NORM_TOKENS
            ? FC_NORM_OFF
            : FC_NORM_BY_POOL;
    return VIT_OK;
}

/*
 * The convolution ignores the pixels that fill no whole patch, in timm as elsewhere. With
 * dynamic_img_size, timm rejects such sizes or pads them.
 */
static void set_crop_to_patches(struct timm_fields *timm)
{
    struct vit_config *const c = &timm->config;

    c->crop_to_patches =
        !timm->dynamic_size && (c->height % c->patch != 0 || c->width % c->patch != 0);
}

enum vit_status parse_config_timm(const struct config_sources *sources,
                                  struct parsed_config *parsed, struct vit_error *err)
{
    const char *const path = sources->path;
    struct timm_fields timm = { .root_pool = NOT_GIVEN, .pretrained_pool = NOT_GIVEN };
    enum vit_status status;

    if ((status = find_architecture(sources, &timm, err)))
        return status;
    provenance_all(&parsed->provenance, "the architecture's name");
    if ((status = timm_fields_read(path, sources->root, &timm, &parsed->provenance, err)))
        return status;
    timm.config.no_patch_bias = timm.config.pre_norm;
    if ((status = set_mlp(path, &timm, err)) || (status = set_pool(path, &timm, err)))
        return status;
    if (!timm.config.layer_scale &&
        names_find(parsed->family->names, sources->tensors, SLOT_GAMMA1)) {
        timm.config.layer_scale = true;
        provenance_set(&parsed->provenance, offsetof(struct vit_config, layer_scale),
                       "the tensors");
    }
    set_crop_to_patches(&timm);
    if ((status = check_file_config(path, &timm.config, err)))
        return status;
    parsed->config = timm.config;
    return set_preprocess(path, sources->root, &timm, parsed, err);
}
