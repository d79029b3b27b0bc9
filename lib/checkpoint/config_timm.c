/* config_timm.c - a timm snapshot's config.json: an architecture's name, and what differs */
#include "checkpoint/config.h"

#include <string.h>

#include "base/status.h"
#include "checkpoint/quote.h"

struct timm_keys {
    size_t classes;       /* what num_classes says in the most telling place; 0: nothing yet */
    size_t input_size[3]; /* pretrained_cfg's; 0: not given */
    bool fixed_input_size;
    struct numbers mean, std;
    double mlp_ratio;
    struct vit_config config;
};

#define FIELD(field) offsetof(struct timm_keys, field)
#define COUNT(rules) (sizeof(rules) / sizeof *(rules))

/* An integer, or an array of two: height, then width. */
static enum vit_status take_sides(const struct keys *keys, const struct key_rule *rule,
                                  json_t *value, size_t *height, size_t *width)
{
    const struct key_rule each = { .key = rule->key };
    struct keys to = *keys;
    const bool pair = json_array_size(value) == 2;
    enum vit_status status;

    if (!json_is_integer(value) && !pair)
        return keys_expected(keys, rule, "an integer or [height, width]", value);
    to.target = height;
    if ((status = take_count(&to, &each, pair ? json_array_get(value, 0) : value)))
        return status;
    to.target = width;
    return take_count(&to, &each, pair ? json_array_get(value, 1) : value);
}

static enum vit_status take_img_size(const struct keys *keys, const struct key_rule *rule,
                                     json_t *value)
{
    struct timm_keys *timm = keys->target;

    return take_sides(keys, rule, value, &timm->config.height, &timm->config.width);
}

static enum vit_status take_patch_size(const struct keys *keys, const struct key_rule *rule,
                                       json_t *value)
{
    struct timm_keys *timm = keys->target;
    size_t width = 0;
    const enum vit_status status = take_sides(keys, rule, value, &timm->config.patch, &width);

    if (!status && width != timm->config.patch)
        return keys_unsupported(keys, rule, "a square patch", value);
    return status;
}

/* timm makes layer scale where init_values is true in Python's sense: neither null nor 0. */
static enum vit_status take_init_values(const struct keys *keys, const struct key_rule *rule,
                                        json_t *value)
{
    if (!json_is_number(value) && !json_is_null(value))
        return keys_expected(keys, rule, "a number or null", value);
    *(bool *)keys_field(keys, rule) = json_number_value(value) != 0;
    return VIT_OK;
}

static enum vit_status take_act_layer(const struct keys *keys, const struct key_rule *rule,
                                      json_t *value)
{
    return json_is_null(value) ? VIT_OK : take_choice(keys, rule, value);
}

/*
 * The arguments of timm's VisionTransformer: what is read, what must be its default, what only
 * training sees.
 */
static const struct key_rule arg_rules[] = {
    { "img_size", take_img_size, 0, NULL, false },
    { "patch_size", take_patch_size, 0, NULL, false },
    { "in_chans", take_count, FIELD(config.channels), NULL, false },
    { "num_classes", take_classes, FIELD(classes), NULL, false },
    { "embed_dim", take_count, FIELD(config.dim), NULL, false },
    { "depth", take_count, FIELD(config.depth), NULL, false },
    { "num_heads", take_count, FIELD(config.heads), NULL, false },
    { "mlp_ratio", take_number, FIELD(mlp_ratio), NULL, false },
    { "qkv_bias", take_bool, FIELD(config.qkv_bias), NULL, false },
    { "init_values", take_init_values, FIELD(config.layer_scale), NULL, false },
    { "act_layer", take_act_layer, FIELD(config.activation), config_activations, false },
    { "global_pool", take_only, 0, "\"token\"", false },
    { "class_token", take_only, 0, "true", false },
    { "pos_embed", take_only, 0, "\"learn\"", false },
    { "no_embed_class", take_only, 0, "false", false },
    { "reg_tokens", take_only, 0, "0", false },
    { "pre_norm", take_only, 0, "false", false },
    { "final_norm", take_only, 0, "true", false },
    { "fc_norm", take_only, 0, "null|false", false },
    { "pool_include_prefix", take_only, 0, "false", false },
    { "qk_norm", take_only, 0, "false", false },
    { "proj_bias", take_only, 0, "true", false },
    { "scale_attn_norm", take_only, 0, "false", false },
    { "scale_mlp_norm", take_only, 0, "false", false },
    { "dynamic_img_size", take_only, 0, "false", false },
    { "dynamic_img_pad", take_only, 0, "false", false },
    { "embed_norm_layer", take_only, 0, "null", false },
    { "norm_layer", take_only, 0, "null", false },
    { "drop_rate", take_nothing, 0, NULL, false },
    { "pos_drop_rate", take_nothing, 0, NULL, false },
    { "patch_drop_rate", take_nothing, 0, NULL, false },
    { "proj_drop_rate", take_nothing, 0, NULL, false },
    { "attn_drop_rate", take_nothing, 0, NULL, false },
    { "drop_path_rate", take_nothing, 0, NULL, false },
    { "weight_init", take_nothing, 0, NULL, false },
    { "fix_init", take_nothing, 0, NULL, false },
};

static const struct key_rule pretrained_rules[] = {
    { "input_size", take_3_counts, FIELD(input_size), NULL, false },
    { "fixed_input_size", take_bool, FIELD(fixed_input_size), NULL, false },
    { "num_classes", take_classes, FIELD(classes), NULL, false },
    { "global_pool", take_only, 0, "\"token\"", false },
    { "mean", take_numbers, FIELD(mean), NULL, false },
    { "std", take_numbers, FIELD(std), NULL, false },
};

static const struct key_rule root_rules[] = {
    { "num_classes", take_classes, FIELD(classes), NULL, false },
    { "global_pool", take_only, 0, "\"token\"", false },
};

static enum vit_status object_or_absent(const char *path, const char *key, const json_t *value,
                                        struct vit_error *err)
{
    if (!value || json_is_object(value))
        return VIT_OK;
    return fail(err, VIT_EFORMAT, "%s: %s: expected an object", quote_path(path).text, key);
}

/* Older snapshots have the keys of pretrained_cfg beside "architecture", as timm still reads. */
static json_t *pretrained_of(json_t *root)
{
    json_t *pretrained = json_object_get(root, "pretrained_cfg");

    return pretrained ? pretrained : root;
}

/*
 * As timm builds it: the architecture; where pretrained_cfg says more, that; where model_args does,
 * those. The order of num_classes is pretrained_cfg, the root, model_args.
 */
static enum vit_status read_keys(const char *path, json_t *root, struct timm_keys *timm,
                                 struct origins *origins, struct vit_error *err)
{
    const size_t at = offsetof(struct timm_keys, config);
    json_t *pretrained = pretrained_of(root), *args = json_object_get(root, "model_args");
    const struct keys in_root = { path, "", true, timm, err, origins, at };
    const struct keys in_pretrained = {
        path, pretrained == root ? "" : "pretrained_cfg.", true, timm, err, origins, at
    };
    const struct keys in_args = { path, "model_args.", false, timm, err, origins, at };
    enum vit_status status;

    if ((status = object_or_absent(path, "pretrained_cfg", pretrained, err)) ||
        (status = object_or_absent(path, "model_args", args, err)) ||
        (status = keys_read(&in_pretrained, pretrained, pretrained_rules, COUNT(pretrained_rules))))
        return status;
    if (timm->input_size[0] > 0)
        timm->config.channels = timm->input_size[0];
    if (timm->input_size[0] > 0 && timm->fixed_input_size) {
        timm->config.height = timm->input_size[1];
        timm->config.width = timm->input_size[2];
    }
    if ((status = keys_read(&in_root, root, root_rules, COUNT(root_rules))) ||
        (status = keys_read(&in_args, args, arg_rules, COUNT(arg_rules))))
        return status;
    if (timm->classes > 0)
        timm->config.classes = timm->classes;
    return config_mlp_dim(path, "model_args.mlp_ratio", timm->mlp_ratio, timm->config.dim,
                          &timm->config.mlp_dim, err);
}

/* timm's defaults: DEFAULT_CROP_PCT, IMAGENET_DEFAULT_MEAN and _STD of timm/data/constants.py */
static const struct vit_recipe defaults = {
    .size = sizeof defaults,
    .interpolation = VIT_BICUBIC,
    .crop_mode = VIT_CROP_CENTER,
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
                    quote_path(path).text, timm->mean.count == 0 ? "mean" : "std");
    file->recipe = defaults;
    return config_parse_recipe(path, pretrained_of(root), &file->config, &file->recipe, err);
}

enum vit_status config_parse_timm(const struct config_input *in, struct config_file *file,
                                  struct vit_error *err)
{
    const char *const path = in->path, *const name = config_string(in, "architecture");
    struct timm_keys timm = { .mlp_ratio = 4 };
    struct vit_error why;
    enum vit_status status;

    if (!name)
        return fail(err, VIT_EFORMAT, "%s: architecture: expected a string", quote_path(path).text);
    if ((status = vit_config_named(quote_name(name).text, &timm.config, &why)))
        return fail(err, status, "%s: %.340s", quote_path(path).text, why.message);
    origins_all(&file->origins, "the architecture's name");
    if ((status = read_keys(path, in->root, &timm, &file->origins, err)))
        return status;
    if (!timm.config.layer_scale && names_find(file->family, in->tensors, T_GAMMA1)) {
        timm.config.layer_scale = true;
        origins_set(&file->origins, offsetof(struct vit_config, layer_scale), "the tensors");
    }
    if ((status = config_check_file(path, &timm.config, err)))
        return status;
    file->config = timm.config;
    return read_recipe(path, in->root, &timm, file, err);
}
