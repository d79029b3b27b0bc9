/* config_timm_fields.c - the fields of a timm snapshot's config.json, and what each may contain */
#include <string.h>

#include "checkpoint/config_timm.h"
#include "checkpoint/torch_activation.h"
#include "files/fail_file.h"
#include "files/json.h"

_Static_assert(offsetof(struct vit_config, width) ==
                   offsetof(struct vit_config, height) + sizeof(size_t),
               "parse_height_width fills both");

#define FIELD(...) FIELD_RULE(struct timm_fields, __VA_ARGS__)

/* timm creates layer scale if init_values is true in Python's sense: neither null nor 0. */
static enum vit_status parse_init_values(const struct json_reader *reader,
                                         const struct field_rule *rule, const struct json *value)
{
    if (!json_is_number(value) && !json_is_null(value))
        return fail_field(reader, rule, VIT_EFORMAT, "a number or null", value);
    *(bool *)field_member(reader, rule) = json_double(value) != 0;
    return VIT_OK;
}

/* An enum; `argument` is an unsigned[2], its values for false and for true. */
static enum vit_status parse_bool_as_enum(const struct json_reader *reader,
                                          const struct field_rule *rule, const struct json *value)
{
    const unsigned *const values = rule->argument;

    if (!json_is_boolean(value))
        return fail_field(reader, rule, VIT_EFORMAT, "true or false", value);
    memcpy(field_member(reader, rule), &values[json_is_true(value)], sizeof *values);
    return VIT_OK;
}

static enum vit_status parse_fc_norm(const struct json_reader *reader,
                                     const struct field_rule *rule, const struct json *value)
{
    unsigned *const fc_norm = field_member(reader, rule);

    if (!json_is_null(value) && !json_is_boolean(value))
        return fail_field(reader, rule, VIT_EFORMAT, "true, false or null", value);
    *fc_norm = json_is_null(value)   ? FC_NORM_BY_POOL
               : json_is_true(value) ? FC_NORM_ON
                                     : FC_NORM_OFF;
    return VIT_OK;
}

/* timm's LayerNorm has an eps of 1e-6, even where the architecture's own norm has another. */
static enum vit_status parse_norm_layer(const struct json_reader *reader,
                                        const struct field_rule *rule, const struct json *value)
{
    const enum vit_status status = parse_fixed(reader, rule, value);

    if (!status)
        *(float *)field_member(reader, rule) = 1e-6f;
    return status;
}

static const struct choice pools[] = {
    { "token", VIT_POOL_CLASS },
    { "avg", VIT_POOL_MEAN },
    { "max", VIT_POOL_MAX },
    { "map", VIT_POOL_MAP },
    { "avgmax", VIT_POOL_MEAN_AND_MAX },
    { "", VIT_POOL_NONE },
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

/* The arguments that VisionTransformer, Eva and Beit share; `pools` are those of the class. */
#define SHARED_RULES(pools)                                                                        \
    FIELD("img_size", parse_height_width, config.height),                                          \
        FIELD("patch_size", parse_square, config.patch),                                           \
        FIELD("in_chans", parse_count, config.channels),                                           \
        FIELD("num_classes", parse_count_or_0, config.classes),                                    \
        FIELD("global_pool", parse_choice, config.pool, .argument = (pools)),                      \
        FIELD("embed_dim", parse_count, config.dim),                                               \
        FIELD("depth", parse_count_or_0, config.depth),                                            \
        FIELD("num_heads", parse_count, config.heads),                                             \
        FIELD("mlp_ratio", parse_number, mlp_ratio),                                               \
        FIELD("dynamic_img_size", parse_bool, dynamic_size), IGNORED_RULE("dynamic_img_pad"),      \
        IGNORED_RULE("drop_rate"), IGNORED_RULE("pos_drop_rate"), IGNORED_RULE("patch_drop_rate"), \
        IGNORED_RULE("proj_drop_rate"), IGNORED_RULE("attn_drop_rate"),                            \
        IGNORED_RULE("drop_path_rate")

/*
 * The arguments of timm's VisionTransformer. IGNORED_RULE: they have an effect in training only, or
 * only on images of another size than the model's.
 */
static const struct field_rule arg_rules[] = {
    SHARED_RULES(pools),
    FIELD("qkv_bias", parse_negated_bool, config.no_qkv_bias),
    FIELD("qk_norm", parse_bool, config.qk_norm),
    FIELD("init_values", parse_init_values, config.layer_scale),
    FIELD("class_token", parse_bool_as_enum, config.class_tokens, .argument = class_tokens),
    FIELD("pos_embed", parse_choice, config.pos_embed, .argument = positions),
    FIELD("no_embed_class", parse_bool_as_enum, config.pos_embed_scope,
          .argument = pos_embed_scope),
    FIELD("reg_tokens", parse_count_or_0, config.registers),
    FIELD("pre_norm", parse_bool, config.pre_norm),
    FIELD("final_norm", parse_bool, final_norm),
    FIELD("fc_norm", parse_fc_norm, fc_norm),
    FIELD("pool_include_prefix", parse_bool, pool_include_prefix),
    IGNORED_RULE("act_layer"), /* torch_activation_read reads it */
    FIELD("norm_layer", parse_norm_layer, config.eps,
          .argument = "null|\"layernorm\"|\"LayerNorm\""),
    FIELD("mlp_layer", parse_choice, packed, .argument = mlp_layers),
    FIELD("proj_bias", parse_negated_bool, config.no_proj_bias),
    FIXED_RULE("attn_layer", "\"attn\"|\"\""),
    FIXED_RULE("scale_attn_norm", "false"),
    FIXED_RULE("scale_mlp_norm", "false"),
    FIXED_RULE("embed_norm_layer", "null"),
    IGNORED_RULE("weight_init"),
    IGNORED_RULE("fix_init"),
};

static const struct choice relative_pools[] = {
    { "token", VIT_POOL_CLASS }, { "avg", VIT_POOL_MEAN }, { "map", VIT_POOL_MAP }, { NULL, 0 }
};

/* Those of Eva and Beit that are numbers; the name has decided the rest. */
static const struct field_rule relative_rules[] = {
    SHARED_RULES(relative_pools),
};

/* The arguments that VisionTransformerDistilled fixes. */
static const struct field_rule distilled_rules[] = {
    FIXED_RULE("class_token", "true"),    FIXED_RULE("global_pool", "\"token\""),
    FIXED_RULE("reg_tokens", "0"),        FIXED_RULE("no_embed_class", "false"),
    FIXED_RULE("pos_embed", "\"learn\""), FIXED_RULE("fc_norm", "false"),
};

static const struct field_rule pretrained_rules[] = {
    FIELD("input_size", parse_3_counts, input_size),
    FIELD("fixed_input_size", parse_bool, fixed_input_size),
    FIELD("num_classes", parse_count_or_0, config.classes),
    FIELD("global_pool", parse_choice, pretrained_pool, .argument = pools),
    FIELD("mean", parse_numbers, mean),
    FIELD("std", parse_numbers, std),
};

static const struct field_rule root_rules[] = {
    FIELD("num_classes", parse_count_or_0, config.classes),
    FIELD("global_pool", parse_choice, root_pool, .argument = pools),
};

const char *timm_pool_name(unsigned pool)
{
    for (const struct choice *choice = pools; choice->name; choice++)
        if (choice->value == pool)
            return choice->name;
    return "avg"; /* VIT_POOL_MEAN_ALL: pool_include_prefix makes it of the mean */
}

static enum vit_status check_object(const char *path, const char *field, const struct json *value,
                                    struct vit_error *err)
{
    if (!value || json_is_object(value))
        return VIT_OK;
    return fail_file(err, VIT_EFORMAT, path, "%s: expected an object, found %s", field,
                     json_kind(value));
}

/* Older snapshots have the fields of pretrained_cfg in the root, where timm still reads them. */
const struct json *timm_pretrained_cfg(const struct json *root)
{
    const struct json *const cfg = json_member(root, "pretrained_cfg");

    return cfg ? cfg : root;
}

/* The arguments of the architecture's constructor; timm treats null as no arguments. */
static const struct json *model_args(const struct json *root)
{
    const struct json *const args = json_member(root, "model_args");

    return json_is_null(args) ? NULL : args;
}

/* Applies the model fields of pretrained_cfg, where timm does. */
static void apply_pretrained(const struct json_reader *reader, struct timm_fields *timm)
{
    struct vit_config *const c = &timm->config;

    if (timm->input_size[0] > 0) {
        c->channels = timm->input_size[0];
        json_fields_note(reader, "input_size", offsetof(struct vit_config, channels));
    }
    if (timm->input_size[0] > 0 && timm->fixed_input_size) {
        c->height = timm->input_size[1];
        c->width = timm->input_size[2];
        json_fields_note(reader, "input_size", offsetof(struct vit_config, height));
        json_fields_note(reader, "input_size", offsetof(struct vit_config, width));
    }
    if (timm->pretrained_pool != NOT_GIVEN && c->pool == VIT_POOL_CLASS) {
        c->pool = timm->pretrained_pool;
        json_fields_note(reader, "global_pool", offsetof(struct vit_config, pool));
        json_fields_note(reader, "global_pool", offsetof(struct vit_config, final_norm));
    }
}

/* Records the source of fields that follow from several arguments: the last one given decides. */
static void note_args(const struct json_reader *reader, const struct json *args)
{
    static const struct {
        const char *arg;
        size_t config_offset;
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
        { "proj_bias", offsetof(struct vit_config, no_mlp_bias) },
    };

    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        if (json_member(args, notes[i].arg))
            json_fields_note(reader, notes[i].arg, notes[i].config_offset);
}

/* null means timm's default, and not the architecture's. */
static enum vit_status read_act_layer(const struct json_reader *reader, const struct json *args,
                                      struct vit_config *config)
{
    const char *const field = "act_layer";

    if (!json_is_null(json_member(args, field)))
        return torch_activation_read(reader, args, field, NULL, config);
    config->activation = VIT_ACTIVATION_GELU;
    json_fields_note(reader, field, offsetof(struct vit_config, activation));
    return VIT_OK;
}

/* Reads model_args, first as the rules of a distilled model restrict them. */
static enum vit_status read_args(const struct json_reader *reader, const struct json *args,
                                 struct timm_fields *timm)
{
    const bool distilled = timm->config.class_tokens == VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
    struct json_reader restricted = *reader;
    enum vit_status status;

    if (timm->class != TIMM_VIT) {
        status = json_fields_read(reader, args, RULES(relative_rules));
        note_args(reader, args);
        return status;
    }
    restricted.lenient = true; /* the rest is for arg_rules */
    restricted.provenance = NULL;
    if ((distilled && (status = json_fields_read(&restricted, args, RULES(distilled_rules)))) ||
        (status = json_fields_read(reader, args, RULES(arg_rules))) ||
        (status = read_act_layer(reader, args, &timm->config)))
        return status;
    if (distilled) /* class_token has set one token */
        timm->config.class_tokens = VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION;
    timm->config.no_mlp_bias = timm->config.no_proj_bias; /* timm's proj_bias is of both */
    note_args(reader, args);
    return VIT_OK;
}

enum vit_status timm_fields_read(const char *path, const struct json *root,
                                 struct timm_fields *timm, struct provenance *provenance,
                                 struct vit_error *err)
{
    const struct json *const pretrained = timm_pretrained_cfg(root), *const args = model_args(root);
    const struct json_reader in_root = { .path = path,
                                         .prefix = "",
                                         .lenient = true,
                                         .target = timm,
                                         .err = err,
                                         .provenance = provenance,
                                         .config_offset = offsetof(struct timm_fields, config) };
    struct json_reader in_pretrained = in_root, in_args = in_root;
    enum vit_status status;

    in_pretrained.prefix = pretrained == root ? "" : "pretrained_cfg.";
    in_args.prefix = "model_args.";
    in_args.lenient = false;
    if ((status = check_object(path, "pretrained_cfg", pretrained, err)) ||
        (status = check_object(path, "model_args", args, err)))
        return status;
    /* each source overrides the ones before it */
    if ((status = json_fields_read(&in_pretrained, pretrained, RULES(pretrained_rules))))
        return status;
    apply_pretrained(&in_pretrained, timm);
    if ((status = json_fields_read(&in_root, root, RULES(root_rules))))
        return status;
    return read_args(&in_args, args, timm);
}
