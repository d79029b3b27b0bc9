/* tokenizer.h - from an image to the tokens of its patches: what each tokenizer implements */
#ifndef VIT_MODEL_TOKENIZER_H
#define VIT_MODEL_TOKENIZER_H

#include "model/plan.h"
#include "vit/config.h"

struct image_view;
struct pass;

/* lib/config/tokenizer.h has what follows from the configuration alone. */
struct tokenizer_ops {
    size_t weights_bytes; /* of the tokenizer's own struct of weights */
    size_t buffers_bytes; /* of its own struct of buffers, for one image */
    void (*plan)(struct weight_plan *plan, const struct vit_config *config, void *weights);
    void (*carve)(const struct carver *carver, const struct vit_config *config, void *buffers);
    /*
     * tokens[patches][dim], projected, without positions. Writes the outputs that are its own, and
     * returns early if the call needs none after them.
     */
    void (*forward)(const struct pass *pass, void *buffers, const struct image_view *image,
                    struct matrix tokens);
};

/* The tokenizer of a configuration: the only place that chooses one. */
const struct tokenizer_ops *tokenizer_of(const struct vit_config *config);

extern const struct tokenizer_ops tokenizer_patch, tokenizer_t2t;

#endif
