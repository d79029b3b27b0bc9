/* architecture.h - one of timm's architectures: its name, sizes and traits */
#ifndef VIT_CONFIG_ARCHITECTURE_H
#define VIT_CONFIG_ARCHITECTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/timm_class.h"
#include "vit/config.h"

/* What an architecture changes in the paper's model. */
enum trait {
    LAYER_SCALE = 1 << 0,
    NO_QKV_BIAS = 1 << 1,
    NO_CLASS = 1 << 2, /* no class token */
    DISTILLED = 1 << 3,
    REG1 = 1 << 4,            /* a register */
    REG4 = 1 << 5,            /* four */
    PATCH_POSITIONS = 1 << 6, /* no_embed_class: of the patches alone */
    MEAN = 1 << 7,            /* pooled after the final norm */
    MEAN_THEN_NORM = 1 << 8,  /* before it: fc_norm */
    MAP = 1 << 9,             /* pooled by attention */
    PRE_NORM = 1 << 10,       /* and patches without bias */
    EPS_1E_5 = 1 << 11,       /* in place of 1e-6 */
    QUICK_GELU = 1 << 12,
    TANH_GELU = 1 << 13,
    SWIGLU = 1 << 14,  /* fc1 makes both halves; SiLU */
    NO_NORM = 1 << 15, /* no final norm */
    CUT = 1 << 16,     /* has sizes that the patch does not divide: the edges are ignored */
    /* of Eva and Beit: */
    QV_BIAS = 1 << 17,        /* of queries and values, not of keys */
    NO_POSITIONS = 1 << 18,   /* no table that is added to the tokens */
    GATED = 1 << 19,          /* SiLU; the width of the MLP is that of each half */
    MLP_NORM = 1 << 20,       /* scale_mlp */
    ATTENTION_NORM = 1 << 21, /* scale_attn_inner */
    RELATIVE = 1 << 22,       /* relative position bias */

    CLIP = PRE_NORM | EPS_1E_5,
    CLIP_QUICK = CLIP | QUICK_GELU,
    SIGLIP = NO_CLASS | MAP,
    DEIT3 = LAYER_SCALE | PATCH_POSITIONS,
    DINO = LAYER_SCALE,
    DINO_REG4 = LAYER_SCALE | REG4 | PATCH_POSITIONS,
    GAP = NO_CLASS | MEAN,
    GAP_M = GAP | LAYER_SCALE | NO_QKV_BIAS,
    SBB = NO_CLASS | LAYER_SCALE | PATCH_POSITIONS | MEAN_THEN_NORM, /* timm's small ones */
};

/* dim, depth, heads, mlp_ratio */
#define TINY     192, 12, 3, 4
#define XSMALL   256, 10, 4, 4
#define WEE      256, 14, 4, 5
#define LITTLE   320, 14, 5, 5.6
#define SMALL    384, 12, 6, 4
#define SMALL36  384, 36, 6, 4
#define MEDIUM   512, 12, 8, 4
#define MEDIUMD  512, 20, 8, 4
#define BETWIXT  640, 12, 10, 4
#define BASE     768, 12, 12, 4
#define BASE_H16 768, 12, 16, 4
#define PLUS     896, 12, 14, 4
#define LARGE    1024, 24, 16, 4
#define HUGE     1280, 32, 16, 4
#define GIANT    1408, 40, 16, 48.0 / 11
#define GIGANTIC 1664, 48, 16, 64.0 / 13
#define GIANT_D  1536, 40, 24, 2.66667 * 2
#define GIANTOPT 1536, 40, 16, 4
#define SO150M   896, 18, 14, 2.572
#define SO150M2  832, 21, 13, 34.0 / 13
#define SO400M   1152, 27, 16, 3.7362

/* A # in a name is a number: the side of a patch, then the side of the image, unless `patch` and
 * `side` fix them. */
struct architecture {
    const char *name;
    size_t dim, depth, heads;
    double mlp_ratio;
    unsigned traits;
    size_t patch, side;
};

/* Whether it is the architecture's name, with or without a .tag, which describes the training. */
bool architecture_matches(const struct architecture *a, const char *name, size_t *patch,
                          size_t *side);

struct vit_config architecture_configure(const struct architecture *a, size_t patch, size_t side);

/*
 * The architecture of Eva or Beit that has the name: its configuration and (rows of fc1)/dim,
 * unless these are NULL, and its class. TIMM_VIT: none has.
 */
enum timm_class architecture_relative(const char *name, struct vit_config *config,
                                      double *mlp_ratio);

/* Pattern i of their names; NULL past the last. */
const char *architecture_relative_at(size_t i);

#endif
