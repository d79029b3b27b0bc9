/* config_timm_keys.c - the keys of a timm snapshot's config.json, with what each may hold */
#include <string.h>

#include "base/status.h"
#include "checkpoint/config_timm.h"
#include "files/sanitize.h"

_Static_assert(offsetof(struct vit_config, width) ==
                   offsetof(struct vit_config, height) + sizeof(size_t),
               "take_height_width fills both");

#define FIELD(field) offsetof(struct timm_keys, field)
#define COUNT(rules) (sizeof(rules) / sizeof *(rules))

/* timm makes layer scale where init_values is true in Python's sense: neither null nor 0. */
static enum vit_status take_init_values(const struct keys *keys, const struct key_rule *rule,
                                        json_t *value)
{
    if (!json_is_number(value) && !json_is_null(value))
        return keys_expected(keys, rule, "a number or null", value);
    *(bool *)keys_field(keys, rule) = json_number_value(value) != 0;
    return VIT_OK;
}

/* As take_choice, but null stands for the first choice, timm's default. */
static enum vit_status take_choice_or_null(const struct keys *keys, const struct key_rule *rule,
                                           json_t *value)
{
    const struct choice *const choices = rule->more;

    if (!json_is_null(value))
        return take_choice(keys, rule, value);
    memcpy(keys_field(keys, rule), &choices->value, sizeof choices->value);
    return VIT_OK;
}

/* An enum whose value for false and for true are in `more`, an unsigned[2]. */
static enum vit_status take_either(const struct keys *keys, const struct key_rule *rule,
                                   json_t *value)
{
    const unsigned *const either = rule->more;

    if (!json_is_boolean(value))
        return keys_expected(keys, rule, "true or false", value);
    memcpy(keys_field(keys, rule), &either[json_is_true(value)], sizeof *either);
    return VIT_OK;
}

static enum vit_status take_fc_norm(const struct keys *keys, const struct key_rule *rule,
                                    json_t *value)
{
    static const unsigned either[2] = { FC_NORM_OFF, FC_NORM_ON };
    const struct key_rule booleans = { rule->key, take_either, rule->offset, either, false };

    *(unsigned *)keys_field(keys, rule) = FC_NORM_BY_POOL;
    return json_is_null(value) ? VIT_OK : take_either(keys, &booleans, value);
}

/* timm's LayerNorm has an eps of 1e-6, whatever an architecture's own has. */
static enum vit_status take_norm_layer(const struct keys *keys, const struct key_rule *rule,
                                       json_t *value)
{
    const enum vit_status status = take_only(keys, rule, value);

    if (!status)
        *(float *)keys_field(keys, rule) = 1e-6f;
    return status;
}

static const struct choice pools[] = {
    { "token", VIT_POOL_CLASS },
    { "avg", VIT_POOL_MEAN },
    { "max", VIT_POOL_MAX },
    { "map", VIT_POOL_MAP },
    { NULL, 0 },
};

static const struct choice positions[] = {
    { "learn", VIT_POS_EMBED_LEARNED },
    { "none", VIT_POS_EMBED_NONE },
    { "", VIT_POS_EMBED_NONE },
    { NULL, 0 },
};

static const struct choice mlp_layers[] = { { "Mlp", 0 }, { "SwiGLUPacked", 1 }, { NULL, 0 } };

static const unsigned class_tokens[2] = { VIT_CLASS_TOKENS_NONE, VIT_CLASS_TOKENS_CLASS };
static const unsigned pos_embed_scope[2] = { VIT_POS_EMBED_SCOPE_ALL, VIT_POS_EMBED_SCOPE_PATCHES };

/*
 * The arguments of timm's VisionTransformer: what is read, what must be its default, what only
 * training sees, or only images of another size than the model's.
 */
static const struct key_rule arg_rules[] = {
    { "img_size", take_height_width, FIELD(config.height), NULL, false },
    { "patch_size", take_square, FIELD(config.patch), NULL, false },
    { "in_chans", take_count, FIELD(config.channels), NULL, false },
    { "num_classes", take_count_or_0, FIELD(config.classes), NULL, false },
    { "global_pool", take_choice, FIELD(config.pool), pools, false },
    { "embed_dim", take_count, FIELD(config.dim), NULL, false },
    { "depth", take_count, FIELD(config.depth), NULL, false },
    { "num_heads", take_count, FIELD(config.heads), NULL, false },
    { "mlp_ratio", take_number, FIELD(mlp_ratio), NULL, false },
    { "qkv_bias", take_unless, FIELD(config.no_qkv_bias), NULL, false },
    { "qk_norm", take_bool, FIELD(config.qk_norm), NULL, false },
    { "init_values", take_init_values, FIELD(config.layer_scale), NULL, false },
    { "class_token", take_either, FIELD(config.class_tokens), class_tokens, false },
    { "pos_embed", take_choice, FIELD(config.pos_embed), positions, false },
    { "no_embed_class", take_either, FIELD(config.pos_embed_scope), pos_embed_scope, false },
    { "reg_tokens", take_count_or_0, FIELD(config.registers), NULL, false },
    { "pre_norm", take_bool, FIELD(config.pre_norm), NULL, false },
    { "final_norm", take_bool, FIELD(final_norm), NULL, false },
    { "fc_norm", take_fc_norm, FIELD(fc_norm), NULL, false },
    { "pool_include_prefix", take_bool, FIELD(pool_include_prefix), NULL, false },
    { "act_layer", take_choice_or_null, FIELD(config.activation), config_activations, false },
    { "norm_layer", take_norm_layer, FIELD(config.eps), "null|\"layernorm\"|\"LayerNorm\"", false },
    { "mlp_layer", take_choice, FIELD(packed), mlp_layers, false },
    { "proj_bias", take_only, 0, "true", false }, /* of the MLP too */
    { "attn_layer", take_only, 0, "\"attn\"|\"\"", false },
    { "scale_attn_norm", take_only, 0, "false", false },
    { "scale_mlp_norm", take_only, 0, "false", false },
    { "embed_norm_layer", take_only, 0, "null", false },
    { "dynamic_img_size", take_nothing, 0, NULL, false },
    { "dynamic_img_pad", take_nothing, 0, NULL, false },
    { "drop_rate", take_nothing, 0, NULL, false },
    { "pos_drop_rate", take_nothing, 0, NULL, false },
    { "patch_drop_rate", take_nothing, 0, NULL, false },
    { "proj_drop_rate", take_nothing, 0, NULL, false },
    { "attn_drop_rate", take_nothing, 0, NULL, false },
    { "drop_path_rate", take_nothing, 0, NULL, false },
    { "weight_init", take_nothing, 0, NULL, false },
    { "fix_init", take_nothing, 0, NULL, false },
};

/* What VisionTransformerDistilled cannot have otherwise. */
static const struct key_rule distilled_rules[] = {
    { "class_token", take_only, 0, "true", false },
    { "global_pool", take_only, 0, "\"token\"", false },
    { "reg_tokens", take_only, 0, "0", false },
    { "no_embed_class", take_only, 0, "false", false },
    { "pos_embed", take_only, 0, "\"learn\"", false },
    { "fc_norm", take_only, 0, "false", false },
};

static const struct key_rule pretrained_rules[] = {
    { "input_size", take_3_counts, FIELD(input_size), NULL, false },
    { "fixed_input_size", take_bool, FIELD(fixed_input_size), NULL, false },
    { "num_classes", take_count_or_0, FIELD(config.classes), NULL, false },
    { "global_pool", take_choice, FIELD(pretrained_pool), pools, false },
    { "mean", take_numbers, FIELD(mean), NULL, false },
    { "std", take_numbers, FIELD(std), NULL, false },
};

static const struct key_rule root_rules[] = {
    { "num_classes", take_count_or_0, FIELD(config.classes), NULL, false },
    { "global_pool", take_choice, FIELD(root_pool), pools, false },
};

const char *timm_pool_name(unsigned pool)
{
    for (const struct choice *choice = pools; choice->name; choice++)
        if (choice->value == pool)
            return choice->name;
    return "avg"; /* of all tokens */
}

static enum vit_status object_or_absent(const char *path, const char *key, const json_t *value,
                                        struct vit_error *err)
{
    if (!value || json_is_object(value))
        return VIT_OK;
    return fail(err, VIT_EFORMAT, "%s: %s: expected an object", sanitize_path(path).text, key);
}

/* Older snapshots have the keys of pretrained_cfg beside "architecture", as timm still reads. */
json_t *timm_pretrained(json_t *root)
{
    json_t *pretrained = json_object_get(root, "pretrained_cfg");

    return pretrained ? pretrained : root;
}

/* What the architecture's constructor was given; null, as timm takes it, is nothing. */
static json_t *model_args(json_t *root)
{
    json_t *const args = json_object_get(root, "model_args");

    return json_is_null(args) ? NULL : args;
}

/* What pretrained_cfg says of the model, where the architecture itself does not. */
static void use_pretrained(const struct keys *keys, struct timm_keys *timm)
{
    struct vit_config *const c = &timm->config;

    if (timm->input_size[0] > 0) {
        c->channels = timm->input_size[0];
        keys_note(keys, "input_size", offsetof(struct vit_config, channels));
    }
    if (timm->input_size[0] > 0 && timm->fixed_input_size) {
        c->height = timm->input_size[1];
        c->width = timm->input_size[2];
        keys_note(keys, "input_size", offsetof(struct vit_config, height));
        keys_note(keys, "input_size", offsetof(struct vit_config, width));
    }
    if (timm->pretrained_pool != (unsigned)NOT_GIVEN && c->pool == VIT_POOL_CLASS) {
        c->pool = timm->pretrained_pool;
        keys_note(keys, "global_pool", offsetof(struct vit_config, pool));
        keys_note(keys, "global_pool", offsetof(struct vit_config, final_norm));
    }
}

/* Fields that follow from arguments together, noted by each that is there: the last one decides. */
static void note_args(const struct keys *keys, const json_t *args)
{
    static const struct {
        const char *key;
        size_t offset;
    } notes[] = {
        { "img_size", offsetof(struct vit_config, width) },
        { "pre_norm", offsetof(struct vit_config, no_patch_bias) },
        { "embed_dim", offsetof(struct vit_config, mlp_dim) },
        { "mlp_layer", offsetof(struct vit_config, mlp_dim) },
        { "mlp_ratio", offsetof(struct vit_config, mlp_dim) },
        { "mlp_layer", offsetof(struct vit_config, gated_mlp) },
        { "global_pool", offsetof(struct vit_config, final_norm) },
        { "fc_norm", offsetof(struct vit_config, final_norm) },
        { "final_norm", offsetof(struct vit_config, final_norm) },
        { "pool_include_prefix", offsetof(struct vit_config, pool) },
    };

    for (size_t i = 0; i < COUNT(notes); i++)
        if (json_object_get(args, notes[i].key))
            keys_note(keys, notes[i].key, notes[i].offset);
}

enum vit_status timm_read(const char *path, json_t *root, struct timm_keys *timm,
                          struct provenance *provenance, struct vit_error *err)
{
    const size_t at = offsetof(struct timm_keys, config);
    const bool distilled = timm->config.class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
    json_t *pretrained = timm_pretrained(root), *args = model_args(root);
    const struct keys in_root = { path, "", true, timm, err, provenance, at };
    const struct keys in_pretrained = {
        path, pretrained == root ? "" : "pretrained_cfg.", true, timm, err, provenance, at
    };
    const struct keys in_args = { path, "model_args.", false, timm, err, provenance, at };
    const struct keys first_in_args = { path, "model_args.", true, timm, err, NULL, at };
    enum vit_status status;

    if ((status = object_or_absent(path, "pretrained_cfg", pretrained, err)) ||
        (status = object_or_absent(path, "model_args", args, err)) ||
        (status = keys_read(&in_pretrained, pretrained, pretrained_rules, COUNT(pretrained_rules))))
        return status;
    use_pretrained(&in_pretrained, timm);
    if ((status = keys_read(&in_root, root, root_rules, COUNT(root_rules))) ||
        (distilled &&
         (status = keys_read(&first_in_args, args, distilled_rules, COUNT(distilled_rules)))) ||
        (status = keys_read(&in_args, args, arg_rules, COUNT(arg_rules))))
        return status;
    if (distilled)
        timm->config.class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
    note_args(&in_args, args);
    return VIT_OK;
}
