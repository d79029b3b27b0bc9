/* torch_activation.h - PyTorch's activation classes by name, with their constructors' arguments */
#ifndef VIT_CHECKPOINT_TORCH_ACTIVATION_H
#define VIT_CHECKPOINT_TORCH_ACTIVATION_H

#include "checkpoint/json_fields.h"
#include "vit/config.h"

/*
 * Reads a class of torch.nn.modules.activation from `field` of `root`, whatever its letters' case
 * and underscores ("LeakyReLU", "leakyrelu", "leaky_relu"), and its arguments by the constructor's
 * names from the object `args_field`, if any, into config->activation and activation_args. The
 * names of timm that are no class's, such as "gelu_tanh", are known too. Without `field`, *config
 * stays. VIT_EFORMAT: a wrong type, or an argument that is required; VIT_EUNSUPPORTED: an argument
 * that the class does not have; a class that is no activation of single numbers, with the reason.
 */
enum vit_status torch_activation_read(const struct json_reader *reader, const struct json *root,
                                      const char *field, const char *args_field,
                                      struct vit_config *config);

#endif
