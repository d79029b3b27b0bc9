/* torch_activation.c - PyTorch's activation classes by name, with their constructors' arguments */
#include "checkpoint/torch_activation.h"

#include <math.h>
#include <string.h>

#include "checkpoint/torch_class.h"

enum { MAX_ARGS = 2 };

struct argument {
    const char *name; /* the constructor's; NULL: the value is fixed */
    double value;     /* the default; NAN: required */
};

/* An activation, and where its arguments come from. */
struct torch_class {
    const char *name; /* in lower case, without underscores */
    enum vit_activation activation;
    struct argument args[MAX_ARGS];
    bool midpoint; /* the activation's argument is the mean of both */
};

/* torch.nn.modules.activation, with the defaults of PyTorch 2; then timm's own names. */
static const struct torch_class classes[] = {
    { "celu", VIT_ACTIVATION_CELU, { { "alpha", 1 } }, false },
    { "elu", VIT_ACTIVATION_ELU, { { "alpha", 1 } }, false },
    { "gelu", VIT_ACTIVATION_GELU, { { 0 } }, false },
    { "hardshrink", VIT_ACTIVATION_HARDSHRINK, { { "lambd", 0.5 } }, false },
    { "hardsigmoid", VIT_ACTIVATION_HARDSIGMOID, { { 0 } }, false },
    { "hardswish", VIT_ACTIVATION_HARDSWISH, { { 0 } }, false },
    { "hardtanh", VIT_ACTIVATION_HARDTANH, { { "min_val", -1 }, { "max_val", 1 } }, false },
    { "leakyrelu", VIT_ACTIVATION_LEAKY_RELU, { { "negative_slope", 0.01 } }, false },
    { "logsigmoid", VIT_ACTIVATION_LOG_SIGMOID, { { 0 } }, false },
    { "mish", VIT_ACTIVATION_MISH, { { 0 } }, false },
    { "prelu", VIT_ACTIVATION_PRELU, { { 0 } }, false },
    { "relu", VIT_ACTIVATION_RELU, { { 0 } }, false },
    { "relu6", VIT_ACTIVATION_HARDTANH, { { NULL, 0 }, { NULL, 6 } }, false },
    { "rrelu", VIT_ACTIVATION_LEAKY_RELU, { { "lower", 1.0 / 8 }, { "upper", 1.0 / 3 } }, true },
    { "selu", VIT_ACTIVATION_SELU, { { 0 } }, false },
    { "sigmoid", VIT_ACTIVATION_SIGMOID, { { 0 } }, false },
    { "silu", VIT_ACTIVATION_SILU, { { 0 } }, false },
    { "softplus", VIT_ACTIVATION_SOFTPLUS, { { "beta", 1 }, { "threshold", 20 } }, false },
    { "softshrink", VIT_ACTIVATION_SOFTSHRINK, { { "lambd", 0.5 } }, false },
    { "softsign", VIT_ACTIVATION_SOFTSIGN, { { 0 } }, false },
    { "tanh", VIT_ACTIVATION_TANH, { { 0 } }, false },
    { "tanhshrink", VIT_ACTIVATION_TANHSHRINK, { { 0 } }, false },
    { "threshold", VIT_ACTIVATION_THRESHOLD, { { "threshold", NAN }, { "value", NAN } }, false },
    { "gelutanh", VIT_ACTIVATION_GELU_TANH, { { 0 } }, false },
    { "quickgelu", VIT_ACTIVATION_GELU_QUICK, { { 0 } }, false },
    { "swish", VIT_ACTIVATION_SILU, { { 0 } }, false },
    { "identity", VIT_ACTIVATION_IDENTITY, { { 0 } }, false },
};

/* Classes that are no activation of an MLP, and why. */
static const struct torch_refusal refused[] = {
    { "glu", "which halves the width, so that fc2 does not fit" },
    { "softmax", "which normalizes over the batch" },
    { "softmin", "which normalizes over the batch" },
    { "logsoftmax", "which normalizes over the batch" },
    { "softmax2d", "which normalizes over the batch" },
    { "multiheadattention", "which is a layer with weights" },
};

static const struct torch_module module = {
    .expected = "an activation of each number by itself",
    .example = "a class of torch.nn.modules.activation, such as \"GELU\"",
    .refused = refused,
    .refused_count = sizeof refused / sizeof *refused,
};

static const struct torch_class *find_class(const char *normal)
{
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strcmp(classes[i].name, normal) == 0)
            return &classes[i];
    return NULL;
}

/* Where the arguments of a class go. */
struct target {
    double args[MAX_ARGS];
    unsigned tanh; /* 1: GELU's `approximate` says so */
};

static const struct choice approximations[] = { { "none", 0 }, { "tanh", 1 }, { NULL, 0 } };

/* A number in the range of float32, as a double. */
static enum vit_status parse_argument(const struct json_reader *reader,
                                      const struct field_rule *rule, const struct json *value)
{
    float narrow = 0;
    struct json_reader own = *reader;
    struct field_rule to = *rule;
    enum vit_status status;

    own.target = &narrow;
    to.offset = 0;
    if ((status = parse_float(&own, &to, value)))
        return status;
    return parse_number(reader, rule, value);
}

static enum vit_status read_args(const struct json_reader *reader, const struct torch_class *c,
                                 const struct json *object, const char *args_field,
                                 struct target *target)
{
    struct field_rule rules[MAX_ARGS + 3] = { IGNORED_RULE("inplace") };
    struct json_reader own = *reader;
    size_t count = 1;

    for (size_t i = 0; i < MAX_ARGS; i++) {
        target->args[i] = c->args[i].value;
        if (c->args[i].name)
            rules[count++] = (struct field_rule){ .name = c->args[i].name,
                                                  .parse = parse_argument,
                                                  .offset = offsetof(struct target, args) +
                                                            i * sizeof *target->args,
                                                  .required = isnan(c->args[i].value) };
    }
    if (c->activation == VIT_ACTIVATION_GELU)
        rules[count++] = (struct field_rule)FIELD_RULE(struct target, "approximate", parse_choice,
                                                       tanh, .argument = approximations);
    if (c->activation == VIT_ACTIVATION_PRELU) {
        rules[count++] = (struct field_rule)FIXED_RULE("num_parameters", "1");
        rules[count++] = (struct field_rule)IGNORED_RULE("init");
    }
    own.target = target;
    own.provenance = NULL;
    return torch_args_read(&own, args_field, object, rules, count);
}

enum vit_status torch_activation_read(const struct json_reader *reader, const struct json *root,
                                      const char *field, const char *args_field,
                                      struct vit_config *config)
{
    struct torch_class_name name;
    struct target target = { .tanh = 0 };
    enum vit_status status = torch_class_read(reader, root, field, args_field, &name);

    if (status || !name.text)
        return status;
    const struct torch_class *const c = find_class(name.normal);
    if (!c)
        return torch_class_refuse(reader, &module, field, &name);
    if ((status = read_args(reader, c, name.args, args_field, &target)))
        return status;
    config->activation = target.tanh ? VIT_ACTIVATION_GELU_TANH : c->activation;
    config->activation_args[0] =
        (float)(c->midpoint ? (target.args[0] + target.args[1]) / 2 : target.args[0]);
    config->activation_args[1] = c->midpoint ? 0.0f : (float)target.args[1];
    json_fields_note(reader, field, offsetof(struct vit_config, activation));
    json_fields_note(reader, name.args ? args_field : field,
                     offsetof(struct vit_config, activation_args));
    return VIT_OK;
}
