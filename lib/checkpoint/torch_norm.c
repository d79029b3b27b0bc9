/* torch_norm.c - PyTorch's normalization classes by name, with their constructors' arguments */
#include "checkpoint/torch_norm.h"

#include <float.h>
#include <string.h>

#include "checkpoint/torch_class.h"
#include "config/check.h"

/* LocalResponseNorm's beta; others than multiples of 1/4 have no exact rule. */
static enum vit_status parse_beta(const struct json_reader *reader, const struct field_rule *rule,
                                  const struct json *value)
{
    const enum vit_status status = parse_float(reader, rule, value);

    if (status || config_allows_beta(*(const float *)field_member(reader, rule)))
        return status;
    return fail_field(reader, rule, VIT_EUNSUPPORTED, CONFIG_BETA_TEXT, value);
}

#define FIELD(...) FIELD_RULE(struct vit_config, __VA_ARGS__)

static const struct field_rule layer_args[] = {
    FIELD("eps", parse_float, eps),
    FIELD("elementwise_affine", parse_negated_bool, no_norm_weight),
    FIELD("bias", parse_negated_bool, no_norm_bias),
};

static const struct field_rule rms_args[] = {
    FIELD("eps", parse_float_or_null, eps),
    FIELD("elementwise_affine", parse_negated_bool, no_norm_weight),
};

static const struct field_rule local_response_args[] = {
    FIELD("size", parse_count, norm_size),
    FIELD("alpha", parse_float, norm_args[0]),
    FIELD("beta", parse_beta, norm_args[1]),
    FIELD("k", parse_float, norm_args[2]),
};

/* torch.nn.modules.normalization, with the defaults of PyTorch 2. */
static const struct torch_norm {
    const char *name; /* in lower case, without underscores */
    const struct field_rule *args;
    size_t arg_count;
    enum vit_norm norm;
    bool no_mean;
    float eps; /* 0: the file's */
    float args_default[3];
} classes[] = {
    { .name = "layernorm", RULES(layer_args) },
    /* its eps of None is the epsilon of float32; it has no bias */
    { .name = "rmsnorm", RULES(rms_args), .no_mean = true, .eps = FLT_EPSILON },
    { .name = "localresponsenorm",
      RULES(local_response_args),
      VIT_NORM_LOCAL_RESPONSE,
      .args_default = { 1e-4f, 0.75f, 1.0f } },
};

static const struct torch_refusal refused[] = {
    { "groupnorm", "which needs a number of groups beside the width" },
    { "crossmaplrn2d", "which takes images, not tokens" },
    { "batchnorm*", "which takes the tokens for channels, and normalizes over the batch" },
    { "lazybatchnorm*", "which takes the tokens for channels, and normalizes over the batch" },
    { "syncbatchnorm", "which takes the tokens for channels, and normalizes over the batch" },
    { "instancenorm*", "which takes the tokens for channels" },
    { "lazyinstancenorm*", "which takes the tokens for channels" },
};

static const struct torch_module module = {
    .expected = "LayerNorm, RMSNorm or LocalResponseNorm",
    .example = "a class of torch.nn.modules.normalization, such as \"LayerNorm\"",
    .refused = refused,
    .refused_count = sizeof refused / sizeof *refused,
};

static const struct torch_norm *find_class(const char *normal)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i].name, normal) == 0)
            return &classes[i];
    return NULL;
}

enum vit_status torch_norm_read(const struct json_reader *reader, const struct json *root,
                                const char *field, const char *args_field,
                                struct vit_config *config)
{
    struct json_reader own = *reader;
    struct torch_class_name name;
    enum vit_status status = torch_class_read(reader, root, field, args_field, &name);

    if (status || !name.text)
        return status;
    const struct torch_norm *const c = find_class(name.normal);
    if (!c)
        return torch_class_refuse(reader, &module, field, &name);
    config->norm = c->norm;
    config->no_norm_mean = c->no_mean;
    memcpy(config->norm_args, c->args_default, sizeof config->norm_args);
    if (c->eps > 0.0f) {
        config->eps = c->eps;
        json_fields_note(reader, field, offsetof(struct vit_config, eps));
    }
    json_fields_note(reader, field, offsetof(struct vit_config, norm));
    json_fields_note(reader, field, offsetof(struct vit_config, no_norm_mean));
    json_fields_note(reader, field, offsetof(struct vit_config, norm_args));
    own.target = config;
    own.config_offset = 0;
    if ((status = torch_args_read(&own, args_field, name.args, c->args, c->arg_count)))
        return status;
    if (c->no_mean || config->no_norm_weight) { /* elementwise_affine is of both */
        config->no_norm_bias = true;
        json_fields_note(reader, c->no_mean ? field : args_field,
                         offsetof(struct vit_config, no_norm_bias));
    }
    return VIT_OK;
}
