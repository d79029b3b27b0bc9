/* hf_activation.c - the activations of transformers, by their names in config.json */
#include "checkpoint/hf_activation.h"

#include <stdio.h>
#include <string.h>

#include "vit/config.h"

/*
 * transformers' ACT2FN, with PyTorch's defaults for arguments. All of GELU's approximations by tanh
 * are one formula. Of its names, it lacks those without a kernel (gelu_10, laplace, relu2,
 * sqrtsoftplus) and those with weights (prelu, xielu).
 */
static const struct hf_activation {
    const char *name;
    enum vit_activation activation;
    float args[2];
} activations[] = {
    { "gelu", VIT_ACTIVATION_GELU, { 0 } },
    { "gelu_accurate", VIT_ACTIVATION_GELU_TANH, { 0 } },
    { "gelu_fast", VIT_ACTIVATION_GELU_TANH, { 0 } },
    { "gelu_new", VIT_ACTIVATION_GELU_TANH, { 0 } },
    { "gelu_python", VIT_ACTIVATION_GELU, { 0 } },
    { "gelu_python_tanh", VIT_ACTIVATION_GELU_TANH, { 0 } },
    { "gelu_pytorch_tanh", VIT_ACTIVATION_GELU_TANH, { 0 } },
    { "hardswish", VIT_ACTIVATION_HARDSWISH, { 0 } },
    { "leaky_relu", VIT_ACTIVATION_LEAKY_RELU, { 0.01f } },
    { "linear", VIT_ACTIVATION_IDENTITY, { 0 } },
    { "mish", VIT_ACTIVATION_MISH, { 0 } },
    { "quick_gelu", VIT_ACTIVATION_GELU_QUICK, { 0 } },
    { "relu", VIT_ACTIVATION_RELU, { 0 } },
    { "relu6", VIT_ACTIVATION_HARDTANH, { 0, 6 } },
    { "sigmoid", VIT_ACTIVATION_SIGMOID, { 0 } },
    { "silu", VIT_ACTIVATION_SILU, { 0 } },
    { "swish", VIT_ACTIVATION_SILU, { 0 } },
    { "tanh", VIT_ACTIVATION_TANH, { 0 } },
};

enum { COUNT = sizeof activations / sizeof *activations };

static enum vit_status fail_unknown(const struct json_reader *reader, const struct field_rule *rule,
                                    const struct json *value)
{
    char expected[320] = "one of ";
    size_t length = strlen(expected);

    for (size_t i = 0; i < COUNT && length < sizeof expected; i++)
        length += (size_t)snprintf(expected + length, sizeof expected - length, "%s%s",
                                   i ? ", " : "", activations[i].name);
    return fail_field(reader, rule, VIT_EUNSUPPORTED, expected, value);
}

enum vit_status parse_hf_activation(const struct json_reader *reader, const struct field_rule *rule,
                                    const struct json *value)
{
    char *const member = field_member(reader, rule);
    struct vit_config *const config =
        (struct vit_config *)(void *)(member - offsetof(struct vit_config, activation));
    const char *const name = json_text(value);

    if (!name)
        return fail_field(reader, rule, VIT_EFORMAT, "a string", value);
    for (size_t i = 0; i < COUNT; i++)
        if (strcmp(activations[i].name, name) == 0) {
            config->activation = activations[i].activation;
            memcpy(config->activation_args, activations[i].args, sizeof activations[i].args);
            json_fields_note(reader, rule->name, offsetof(struct vit_config, activation_args));
            return VIT_OK;
        }
    return fail_unknown(reader, rule, value);
}
