/* hf_activation.h - the activations of transformers, by their names in config.json */
#ifndef VIT_CHECKPOINT_HF_ACTIVATION_H
#define VIT_CHECKPOINT_HF_ACTIVATION_H

#include "checkpoint/json_fields.h"

/*
 * For field_rule.parse of a member `activation` of a struct vit_config: a name of transformers'
 * ACT2FN; sets activation_args too. VIT_EUNSUPPORTED: another name; the message has those that are
 * known.
 */
enum vit_status parse_hf_activation(const struct json_reader *reader, const struct field_rule *rule,
                                    const struct json *value);

#endif
