/* hf_processor.c - Hugging Face's image processors and the defaults of each */
#include "checkpoint/hf_processor.h"

#include <string.h>

#include "files/fail_file.h"
#include "files/sanitize.h"

static const struct hf_processor_defaults processors[HF_PROCESSORS] = {
    [HF_PROCESSOR_VIT] = { "ViT",
                           true,
                           224,
                           0,
                           VIT_INTERPOLATION_BILINEAR,
                           { HF_HALF },
                           { HF_HALF } },
    [HF_PROCESSOR_DEIT] = { "DeiT",
                            true,
                            256,
                            224,
                            VIT_INTERPOLATION_BICUBIC,
                            { HF_HALF },
                            { HF_HALF } },
    [HF_PROCESSOR_BIT] = { "Bit",
                           false,
                           224,
                           224,
                           VIT_INTERPOLATION_BICUBIC,
                           { HF_CLIP_MEAN },
                           { HF_CLIP_STD } },
    [HF_PROCESSOR_CLIP] = { "CLIP",
                            false,
                            224,
                            224,
                            VIT_INTERPOLATION_BICUBIC,
                            { HF_CLIP_MEAN },
                            { HF_CLIP_STD } },
    [HF_PROCESSOR_SIGLIP] = { "Siglip",
                              true,
                              224,
                              0,
                              VIT_INTERPOLATION_BICUBIC,
                              { HF_HALF },
                              { HF_HALF } },
    [HF_PROCESSOR_DINOV3] = { "DINOv3ViT",
                              true,
                              224,
                              0,
                              VIT_INTERPOLATION_BILINEAR,
                              { HF_IMAGENET_MEAN },
                              { HF_IMAGENET_STD } },
    [HF_PROCESSOR_BEIT] = { "Beit",
                            true,
                            256,
                            224,
                            VIT_INTERPOLATION_BICUBIC,
                            { HF_HALF },
                            { HF_HALF } },
};

/* "ViTImageProcessor", "ViTImageProcessorFast" and "ViTFeatureExtractor" are all ViT. */
static const struct hf_processor_defaults *match_processor(const char *type)
{
    static const char *const suffixes[] = { "ImageProcessor", "FeatureExtractor" };

    for (size_t i = 0; i < HF_PROCESSORS; i++) {
        const size_t length = strlen(processors[i].name);
        const char *const rest = type + length;
        if (strncmp(type, processors[i].name, length) != 0)
            continue;
        if (*rest == '\0')
            return &processors[i];
        for (size_t j = 0; j < sizeof suffixes / sizeof *suffixes; j++)
            if (strncmp(rest, suffixes[j], strlen(suffixes[j])) == 0)
                return &processors[i];
    }
    return NULL;
}

enum vit_status hf_processor_find(const struct config_sources *sources,
                                  enum hf_processor of_model_type,
                                  const struct hf_processor_defaults **processor,
                                  struct vit_error *err)
{
    static const char *const fields[] = { "image_processor_type", "feature_extractor_type" };

    *processor = &processors[of_model_type];
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const struct json *const named = json_member(sources->preprocessor, fields[i]);
        const char *const type = json_text(named);
        if (!named || json_is_null(named))
            continue;
        if (!type)
            return fail_file(err, VIT_EFORMAT, sources->preprocessor_path,
                             "%s: expected a string, found %s", fields[i], json_kind(named));
        *processor = match_processor(type);
        if (*processor)
            return VIT_OK;
        return fail_file(err, VIT_EUNSUPPORTED, sources->preprocessor_path,
                         "%s: expected the processor of ViT, DeiT, Bit, CLIP, Siglip, DINOv3ViT or "
                         "Beit, found "
                         "\"%s\"",
                         fields[i], sanitize_name(type).text);
    }
    return VIT_OK;
}
