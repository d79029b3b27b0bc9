/* compare_suggest.h - which layers to keep in float32: those whose return lowers the error most */
#ifndef VIT_TOOLS_COMPARE_SUGGEST_H
#define VIT_TOOLS_COMPARE_SUGGEST_H

#include "tools/comparison.h"

struct suggested_layer {
    char name[64];
    double rms; /* of the compared output's difference, with this layer and those before it kept */
};

/* A zeroed struct may be freed. */
struct suggestion {
    size_t count; /* less than requested if no further layer lowers the error */
    struct suggested_layer *layers;
    char *keep;         /* the value of --keep: what the command line keeps, then the layers */
    size_t evaluations; /* models that were opened and run on all images */
};

/*
 * After compare_measure(): chooses `count` layers one after the other, each time the one that
 * lowers the sum of squared differences most. The errors of layers are nearly independent, so that
 * what a layer gains in squares changes little when others are kept. Each choice therefore
 * evaluates the layer with the largest gain that is known until the largest gain is a new one
 * (lazy greedy: Minoux 1978): not every layer each time. Free it, whatever the result.
 */
enum vit_status suggest_layers(struct comparison *c, size_t count, struct suggestion *suggestion,
                               struct vit_error *err);
void suggestion_free(struct suggestion *suggestion);

#endif
