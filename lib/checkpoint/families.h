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
    BY_ARCHITECTURE, /* config.json has an "architecture" and no "model_type" */
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
    const char *model_types[2];
    enum recognition recognition;
    config_parser *parse;
    const struct tensor_names *names;
    enum preprocess_source preprocess;
    enum positions_resize resize;
};

/* Family i; NULL past the last. */
const struct family *family_at(size_t i);

/* The first family that is recognized this way; NULL if there is none. */
const struct family *family_recognized(enum recognition recognition, const char *model_type);

/* The family that knows the most tensor names of the files; NULL if none knows any. */
const struct family *family_of_names(const struct tensors *tensors);

/* What the rows consist of. */
config_parser parse_config_timm, parse_config_google, parse_config_series, parse_config_t2t,
    parse_config_vit_pytorch, parse_config_hf;
extern const struct tensor_names names_timm, names_google, names_series, names_t2t,
    names_vit_pytorch, names_vit_pytorch_simple, names_hf_vit, names_hf_dinov2, names_hf_clip,
    names_hf_siglip;

#endif
