/* families.h - the families of checkpoints: one row each */
#ifndef VIT_CHECKPOINT_FAMILIES_H
#define VIT_CHECKPOINT_FAMILIES_H

#include "checkpoint/positions_resize.h"
#include "checkpoint/tensor_names.h"

struct config_sources;
struct parsed_config;

/*
 * Reads a family's configuration: fills parsed->config, preprocess and provenance, and height and
 * width if the inputs have another size than the weights were made for. Before the call all are
 * zero, except for their sizes and parsed->family. Errors as parse_config.
 */
typedef enum vit_status config_parser(const struct config_sources *sources,
                                      struct parsed_config *parsed, struct vit_error *err);

/* How the family of a directory is recognized. */
enum recognition {
    BY_MODEL_TYPE,   /* config.json has one of the model_types */
    BY_ARCHITECTURE, /* config.json has an "architecture" of the class and no "model_type" */
    BY_NPZ,          /* the weights are a .npz file */
};

/* The source of a family's preprocess config. */
enum preprocess_source {
    PREPROCESS_PRETRAINED_CFG,         /* config.json: pretrained_cfg */
    PREPROCESS_PRETRAINED_CFG_OR_ROOT, /* the same, or the root of config.json without it */
    PREPROCESS_PREPROCESSOR_CONFIG,    /* preprocessor_config.json */
};

struct family {
    const char *id;    /* stable: programs compare it */
    const char *title; /* for people */
    enum recognition recognition;
    config_parser *parse;
    const struct tensor_names *names;
    enum preprocess_source preprocess;
    enum positions_resize resize;
    const char *model_types[2]; /* NULL: none, or no second one */
};

/* Family i; NULL past the last. */
const struct family *family_at(size_t i);

/* The first family that is recognized this way, by what: a model_type, or the name of an
 * architecture; NULL if there is none. */
const struct family *family_recognized(enum recognition recognition, const char *name);

/* The family that knows the most tensor names of the files; NULL if none knows any. */
const struct family *family_of_names(const struct tensors *tensors);

/*
 * FAMILY(id, title, recognition, parser, names, preprocess, resize, model types…): every family,
 * its facts in the order of struct family and without the prefixes of their types. docs/models.md
 * has the same rows, which tests/test_docs.c compares. The repository of the article series and
 * vit-pytorch have no rule to resize a learned table; SimpleViT computes its positions for any
 * grid.
 */
/* clang-format off */
#define FAMILY_LIST(FAMILY)                                                                        \
    FAMILY("timm", "timm VisionTransformer", ARCHITECTURE,                                         \
           timm, timm, PRETRAINED_CFG_OR_ROOT, BICUBIC_ANTIALIAS, NULL)                            \
    FAMILY("timm-eva", "timm Eva: DINOv3, EVA, EVA-02, PE, RoPE-ViT", ARCHITECTURE,                \
           timm, timm_eva, PRETRAINED_CFG_OR_ROOT, BICUBIC_ANTIALIAS, NULL)                        \
    FAMILY("timm-beit", "timm Beit: BEiT and BEiTv2", ARCHITECTURE,                                \
           timm, timm_beit, PRETRAINED_CFG_OR_ROOT, NEVER, NULL)                                   \
    FAMILY("google", "Google vision_transformer (JAX)", NPZ,                                       \
           google, google, PRETRAINED_CFG, BILINEAR_CORNERS, NULL)                                 \
    FAMILY("series", "article series: ViT and T2T-ViT", MODEL_TYPE,                                \
           series, series, PRETRAINED_CFG, NEVER, "series_vit", "series_t2t_vit")                  \
    FAMILY("t2t", "T2T-ViT", MODEL_TYPE,                                                           \
           t2t, t2t, PRETRAINED_CFG, BILINEAR, "t2t_vit")                                          \
    FAMILY("vit-pytorch", "vit-pytorch ViT", MODEL_TYPE,                                           \
           vit_pytorch, vit_pytorch, PRETRAINED_CFG, NEVER, "vit_pytorch.ViT")                     \
    FAMILY("vit-pytorch-simple", "vit-pytorch SimpleViT", MODEL_TYPE,                              \
           vit_pytorch, vit_pytorch_simple, PRETRAINED_CFG, NEVER, "vit_pytorch.SimpleViT")        \
    FAMILY("hf-vit", "Hugging Face ViT", MODEL_TYPE,                                               \
           hf, hf_vit, PREPROCESSOR_CONFIG, BICUBIC, "vit")                                        \
    FAMILY("hf-vit-mae", "Hugging Face MAE", MODEL_TYPE,                                           \
           hf, hf_vit, PREPROCESSOR_CONFIG, BICUBIC, "vit_mae")                                    \
    FAMILY("hf-deit", "Hugging Face DeiT", MODEL_TYPE,                                             \
           hf, hf_vit, PREPROCESSOR_CONFIG, BICUBIC, "deit")                                       \
    FAMILY("hf-dinov2", "Hugging Face DINOv2", MODEL_TYPE,                                         \
           hf, hf_dinov2, PREPROCESSOR_CONFIG, BICUBIC, "dinov2")                                  \
    FAMILY("hf-dinov2-registers", "Hugging Face DINOv2 with registers", MODEL_TYPE,                \
           hf, hf_dinov2, PREPROCESSOR_CONFIG, BICUBIC_ANTIALIAS, "dinov2_with_registers")         \
    FAMILY("hf-dinov3", "Hugging Face DINOv3", MODEL_TYPE,                                         \
           hf, hf_dinov3, PREPROCESSOR_CONFIG, NEVER, "dinov3_vit")                                \
    FAMILY("hf-beit", "Hugging Face BEiT", MODEL_TYPE,                                             \
           hf, hf_beit, PREPROCESSOR_CONFIG, BILINEAR, "beit")                                     \
    FAMILY("hf-clip", "Hugging Face CLIP", MODEL_TYPE,                                             \
           hf, hf_clip, PREPROCESSOR_CONFIG, BICUBIC, "clip", "clip_vision_model")                 \
    FAMILY("hf-siglip", "Hugging Face SigLIP", MODEL_TYPE,                                         \
           hf, hf_siglip, PREPROCESSOR_CONFIG, BICUBIC, "siglip", "siglip_vision_model")
/* clang-format on */

/* What the rows consist of. */
#define FAMILY_PARTS(id, title, recognition, parser, names, preprocess, resize, ...)               \
    config_parser parse_config_##parser;                                                           \
    extern const struct tensor_names names_##names;
FAMILY_LIST(FAMILY_PARTS)
#undef FAMILY_PARTS

#endif
