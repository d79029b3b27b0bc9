/* torch_norm.h - PyTorch's normalization classes by name, with their constructors' arguments */
#ifndef VIT_CHECKPOINT_TORCH_NORM_H
#define VIT_CHECKPOINT_TORCH_NORM_H

#include "checkpoint/json_fields.h"
#include "vit/config.h"

/*
 * Reads a class of torch.nn.modules.normalization from `field` of `root`, whatever its letters'
 * case and underscores, and its arguments by the constructor's names from the object `args_field`,
 * into the fields of the norm in *config. Without `field`, *config stays. config->eps on entry is
 * LayerNorm's, unless its arguments have another. VIT_EFORMAT: a wrong type; VIT_EUNSUPPORTED: an
 * argument that the class does not have, a beta that is not computed, a class that does not
 * normalize tokens by their width alone, with the reason.
 */
enum vit_status torch_norm_read(const struct json_reader *reader, const struct json *root,
                                const char *field, const char *args_field,
                                struct vit_config *config);

#endif
