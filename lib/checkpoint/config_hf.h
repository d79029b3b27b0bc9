/* config_hf.h - preprocessing of Hugging Face's models: defaults, and preprocessor_config.json */
#ifndef VIT_CHECKPOINT_CONFIG_HF_H
#define VIT_CHECKPOINT_CONFIG_HF_H

#include "checkpoint/parse_config.h"

/* transformers' image processors. */
enum hf_processor {
    HF_PROCESSOR_VIT,
    HF_PROCESSOR_DEIT,
    HF_PROCESSOR_BIT,
    HF_PROCESSOR_CLIP,
    HF_PROCESSOR_SIGLIP,
    HF_PROCESSOR_DINOV3,
    HF_PROCESSOR_BEIT,
    HF_PROCESSORS
};

/* Mean and std of RGB: transformers' utils/constants.py. */
#define HF_HALF          0.5f, 0.5f, 0.5f
#define HF_IMAGENET_MEAN 0.485f, 0.456f, 0.406f
#define HF_IMAGENET_STD  0.229f, 0.224f, 0.225f
#define HF_CLIP_MEAN     0.48145466f, 0.4578275f, 0.40821073f
#define HF_CLIP_STD      0.26862954f, 0.26130258f, 0.27577711f

/*
 * The preprocessing of a model_type: the processor of a preprocessor_config.json that names none;
 * without that file, the preprocessing of the published models, scaled to any size: DeiT's 256 to
 * 224 becomes 438 to 384.
 */
struct hf_preprocess {
    enum hf_processor processor;
    enum vit_crop_mode crop_mode;
    double crop_pct;
    enum vit_interpolation interpolation;
    float mean[3], std[3];
};

/*
 * Fills parsed->preprocess, and height and width if the images get another size than the
 * configuration's. Without a preprocessor_config.json it uses *defaults, at the configuration's
 * size. VIT_EFORMAT, VIT_EUNSUPPORTED: as parse_config.
 */
enum vit_status parse_preprocessor_config(const struct config_sources *sources,
                                          const struct hf_preprocess *defaults,
                                          struct parsed_config *parsed, struct vit_error *err);

#endif
