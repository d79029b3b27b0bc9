/* hf_processor.h - Hugging Face's image processors and the defaults of each */
#ifndef VIT_CHECKPOINT_HF_PROCESSOR_H
#define VIT_CHECKPOINT_HF_PROCESSOR_H

#include "checkpoint/config_hf.h"

/* What a processor does where its file lacks a field. */
struct hf_processor_defaults {
    const char *name;
    bool square;       /* a size that is one number is height and width, else the shorter side */
    size_t size, crop; /* crop 0: no crop */
    enum vit_interpolation interpolation;
    float mean[3], std[3];
};

/*
 * The processor that the file names, or else the model_type's. VIT_EFORMAT: its name is no string.
 * VIT_EUNSUPPORTED: another processor.
 */
enum vit_status hf_processor_find(const struct config_sources *sources,
                                  enum hf_processor of_model_type,
                                  const struct hf_processor_defaults **processor,
                                  struct vit_error *err);

#endif
