/* config_timm.c - a timm snapshot's config.json: an architecture's name, and what differs */
#include "checkpoint/config_timm.h"

#include "base/status.h"
#include "config/architectures.h"
#include "config/derived.h"
#include "files/sanitize.h"

/* From fc1's rows to the MLP's width: the packed SwiGLU makes two numbers of each. */
static enum vit_status set_mlp(const char *path, struct timm_keys *timm, struct vit_error *err)
{
    struct vit_config *const c = &timm->config;
    enum vit_status status;

    c->gated_mlp = timm->packed;
    if ((status = config_mlp_dim(path, "model_args.mlp_ratio", timm->mlp_ratio, c->dim, &c->mlp_dim,
                                 err)))
        return status;
    if (c->gated_mlp && c->mlp_dim % 2 != 0)
        return fail(err, VIT_EFORMAT,
                    "%s: model_args.mlp_ratio %g makes SwiGLUPacked of width %zu, expected an even "
                    "one",
                    sanitize_path(path).text, timm->mlp_ratio, c->mlp_dim);
    c->mlp_dim /= c->gated_mlp ? 2 : 1;
    return VIT_OK;
}

/* The pooling, which tokens it is of, and the norm that goes before or after. */
static enum vit_status set_pool(const char *path, struct timm_keys *timm, struct vit_error *err)
{
    struct vit_config *const c = &timm->config;
    const bool over_patches = c->pool == VIT_POOL_MEAN || c->pool == VIT_POOL_MAX;
    const bool pooled_norm =
        timm->fc_norm == FC_NORM_BY_POOL ? over_patches : timm->fc_norm == FC_NORM_ON;
    const bool prefix = config_prefix(c) > 0, all = timm->pool_include_prefix;

    if (timm->root_pool != (unsigned)NOT_GIVEN && timm->root_pool != c->pool)
        return fail(err, VIT_EFORMAT,
                    "%s: global_pool is \"%s\", but the architecture with its model_args has "
                    "\"%s\"",
                    sanitize_path(path).text, timm_pool_name(timm->root_pool),
                    timm_pool_name(c->pool));
    if (prefix && all && (c->pool == VIT_POOL_MAX || c->pool == VIT_POOL_MAP))
        return fail(err, VIT_EUNSUPPORTED,
                    "%s: global_pool \"%s\" of a model with class or register tokens is supported "
                    "with pool_include_prefix false alone",
                    sanitize_path(path).text, timm_pool_name(c->pool));
    if (c->pool == VIT_POOL_MAP && c->gated_mlp)
        return fail(err, VIT_EUNSUPPORTED,
                    "%s: global_pool \"map\" of a model with SwiGLUPacked is not supported",
                    sanitize_path(path).text);
    if (c->pool == VIT_POOL_MEAN && all)
        c->pool = VIT_POOL_MEAN_ALL;
    c->final_norm = !timm->final_norm ? VIT_FINAL_NORM_NONE
                    : pooled_norm     ? VIT_FINAL_NORM_POOLED
                                      : VIT_FINAL_NORM_TOKENS;
    return VIT_OK;
}

/* timm's defaults: DEFAULT_CROP_PCT, IMAGENET_DEFAULT_MEAN and _STD of timm/data/constants.py */
static const struct vit_preprocess_config defaults = {
    .size = sizeof defaults,
    .interpolation = VIT_INTERPOLATION_BICUBIC,
    .crop_mode = VIT_CROP_MODE_CENTER,
    .crop_pct = 0.875,
    .mean = { 0.485f, 0.456f, 0.406f },
    .std = { 0.229f, 0.224f, 0.225f },
};

static enum vit_status read_recipe(const char *path, json_t *root, const struct timm_keys *timm,
                                   struct config_file *file, struct vit_error *err)
{
    if (timm->config.channels == 1 && (timm->mean.count == 0 || timm->std.count == 0))
        return fail(err, VIT_EFORMAT,
                    "%s: pretrained_cfg.%s is missing, and has no default for 1 channel",
                    sanitize_path(path).text, timm->mean.count == 0 ? "mean" : "std");
    file->recipe = defaults;
    return preprocess_config_parse(path, timm_pretrained(root), &file->config, &file->recipe, err);
}

enum vit_status config_parse_timm(const struct config_input *in, struct config_file *file,
                                  struct vit_error *err)
{
    const char *const path = in->path, *const name = config_string(in, "architecture");
    struct timm_keys timm = { .root_pool = (unsigned)NOT_GIVEN,
                              .pretrained_pool = (unsigned)NOT_GIVEN };
    struct vit_error why;
    enum vit_status status;

    if (!name)
        return fail(err, VIT_EFORMAT, "%s: architecture: expected a string",
                    sanitize_path(path).text);
    if ((status =
             architectures_find(sanitize_name(name).text, &timm.config, &timm.mlp_ratio, &why)))
        return fail(err, status, "%s: %.340s", sanitize_path(path).text, why.message);
    provenance_all(&file->provenance, "the architecture's name");
    timm.packed = timm.config.gated_mlp;
    timm.final_norm = timm.config.final_norm != VIT_FINAL_NORM_NONE;
    /* of the architectures that pool a mean, some say that it is of normed tokens */
    timm.fc_norm =
        timm.config.pool == VIT_POOL_MEAN && timm.config.final_norm == VIT_FINAL_NORM_TOKENS
            ? FC_NORM_OFF
            : FC_NORM_BY_POOL;
    if ((status = timm_read(path, in->root, &timm, &file->provenance, err)))
        return status;
    timm.config.no_patch_bias = timm.config.pre_norm;
    if ((status = set_mlp(path, &timm, err)) || (status = set_pool(path, &timm, err)))
        return status;
    if (!timm.config.layer_scale && names_find(file->family, in->tensors, SLOT_GAMMA1)) {
        timm.config.layer_scale = true;
        provenance_set(&file->provenance, offsetof(struct vit_config, layer_scale), "the tensors");
    }
    if ((status = config_check_file(path, &timm.config, err)))
        return status;
    file->config = timm.config;
    return read_recipe(path, in->root, &timm, file, err);
}
