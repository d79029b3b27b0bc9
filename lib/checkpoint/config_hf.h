/* config_hf.h - preprocessor_config.json: how Hugging Face's pictures become inputs */
#ifndef VIT_CHECKPOINT_CONFIG_HF_H
#define VIT_CHECKPOINT_CONFIG_HF_H

#include "checkpoint/config.h"

/*
 * Fills file->recipe, and file->height and width where pictures are made another size than the
 * configuration's. in->preprocessor may be NULL: then what the published models of that model_type
 * have, at the configuration's size. VIT_EFORMAT, VIT_EUNSUPPORTED: as config_parse.
 */
enum vit_status config_parse_preprocessor(const struct config_input *in, const char *model_type,
                                          struct config_file *file, struct vit_error *err);

#endif
