/* families.c - the families of checkpoints: one row each */
#include "checkpoint/families.h"

#include <string.h>

#include "base/sized.h"
#include "vit/inspect.h"

/* docs/models.md has the same rows; tests/test_docs.c compares them. */
static const struct family families[] = {
    { .id = "timm",
      .title = "timm VisionTransformer",
      .recognition = BY_ARCHITECTURE,
      .parse = parse_config_timm,
      .names = &names_timm,
      .preprocess = PREPROCESS_PRETRAINED_CFG_OR_ROOT,
      .resize = RESIZE_BICUBIC_ANTIALIAS },
    { .id = "google",
      .title = "Google vision_transformer (JAX)",
      .recognition = BY_NPZ,
      .parse = parse_config_google,
      .names = &names_google,
      .resize = RESIZE_BILINEAR_CORNERS },
    { .id = "series",
      .title = "article series: ViT and T2T-ViT",
      .model_types = { "series_vit", "series_t2t_vit" },
      .parse = parse_config_series,
      .names = &names_series,
      .resize = RESIZE_NEVER }, /* the series has no rule for a learned table */
    { .id = "t2t",
      .title = "T2T-ViT",
      .model_types = { "t2t_vit" },
      .parse = parse_config_t2t,
      .names = &names_t2t,
      .resize = RESIZE_BILINEAR },
    { .id = "vit-pytorch",
      .title = "vit-pytorch ViT",
      .model_types = { "vit_pytorch.ViT" },
      .parse = parse_config_vit_pytorch,
      .names = &names_vit_pytorch,
      .resize = RESIZE_NEVER },
    { .id = "vit-pytorch-simple",
      .title = "vit-pytorch SimpleViT",
      .model_types = { "vit_pytorch.SimpleViT" },
      .parse = parse_config_vit_pytorch,
      .names = &names_vit_pytorch_simple,
      .resize = RESIZE_NEVER }, /* no table is stored: positions are computed for any grid */
    { .id = "hf-vit",
      .title = "Hugging Face ViT",
      .model_types = { "vit" },
      .parse = parse_config_hf,
      .names = &names_hf_vit,
      .preprocess = PREPROCESS_PREPROCESSOR_CONFIG,
      .resize = RESIZE_BICUBIC },
    { .id = "hf-deit",
      .title = "Hugging Face DeiT",
      .model_types = { "deit" },
      .parse = parse_config_hf,
      .names = &names_hf_vit,
      .preprocess = PREPROCESS_PREPROCESSOR_CONFIG,
      .resize = RESIZE_BICUBIC },
    { .id = "hf-dinov2",
      .title = "Hugging Face DINOv2",
      .model_types = { "dinov2" },
      .parse = parse_config_hf,
      .names = &names_hf_dinov2,
      .preprocess = PREPROCESS_PREPROCESSOR_CONFIG,
      .resize = RESIZE_BICUBIC },
    { .id = "hf-dinov2-registers",
      .title = "Hugging Face DINOv2 with registers",
      .model_types = { "dinov2_with_registers" },
      .parse = parse_config_hf,
      .names = &names_hf_dinov2,
      .preprocess = PREPROCESS_PREPROCESSOR_CONFIG,
      .resize = RESIZE_BICUBIC_ANTIALIAS },
    { .id = "hf-clip",
      .title = "Hugging Face CLIP",
      .model_types = { "clip", "clip_vision_model" },
      .parse = parse_config_hf,
      .names = &names_hf_clip,
      .preprocess = PREPROCESS_PREPROCESSOR_CONFIG,
      .resize = RESIZE_BICUBIC },
    { .id = "hf-siglip",
      .title = "Hugging Face SigLIP",
      .model_types = { "siglip", "siglip_vision_model" },
      .parse = parse_config_hf,
      .names = &names_hf_siglip,
      .preprocess = PREPROCESS_PREPROCESSOR_CONFIG,
      .resize = RESIZE_BICUBIC },
};
enum { FAMILIES = sizeof families / sizeof *families };

const struct family *family_at(size_t i)
{
    return i < FAMILIES ? &families[i] : NULL;
}

static bool has_model_type(const struct family *family, const char *model_type)
{
    for (size_t i = 0; i < 2; i++)
        if (family->model_types[i] && strcmp(family->model_types[i], model_type) == 0)
            return true;
    return false;
}

const struct family *family_recognized(enum recognition recognition, const char *model_type)
{
    for (size_t i = 0; i < FAMILIES; i++)
        if (families[i].recognition == recognition &&
            (recognition != BY_MODEL_TYPE || has_model_type(&families[i], model_type)))
            return &families[i];
    return NULL;
}

const struct family *family_of_names(const struct tensors *tensors)
{
    const struct family *best = NULL;
    size_t max_known = 0;

    for (size_t i = 0; i < FAMILIES; i++) {
        const size_t known = names_count_known(families[i].names, tensors);
        if (known > max_known) {
            best = &families[i];
            max_known = known;
        }
    }
    return best;
}

bool vit_family_at(size_t i, struct vit_family *family)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        const char *const *const types = families[f].model_types;
        const size_t count = types[1] ? 2 : 1; /* a family without a model_type has one entry too */
        if (i < count) {
            const struct vit_family found = { .size = sizeof found,
                                              .id = families[f].id,
                                              .title = families[f].title,
                                              .model_type = types[i] };
            return sized_write(family, &found, SIZED(vit_family), NULL) == VIT_OK;
        }
        i -= count;
    }
    return false;
}
