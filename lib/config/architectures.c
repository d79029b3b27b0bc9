/* architectures.c - timm's names of architectures, and the configuration of each */
#include "config/architectures.h"

#include <string.h>

#include "base/sized.h"
#include "base/status.h"
#include "config/check.h"
#include "vit/inspect.h"

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

/* The rotary positions of Eva's architectures. */
enum { OWN_GRID = 1 };
static const struct rope {
    enum vit_rotary rotary;
    float base, offset;
    bool columns_first;
    size_t grid; /* that indices are scaled to; OWN_GRID: that of the architecture */
} rope_dinov3 = { VIT_ROTARY_CENTERS, 100, 0, false, 0 },
  rope_eva02 = { VIT_ROTARY_INDICES, 10000, 0, false, 16 },
  rope_pe = { VIT_ROTARY_INDICES, 10000, 1, true, OWN_GRID },
  rope_pe_gigantic = { VIT_ROTARY_INDICES, 10000, 0, true, OWN_GRID },
  rope_axial = { VIT_ROTARY_INDICES, 100, 0, true, 0 },
  rope_mixed = { VIT_ROTARY_LEARNED, 0, 0, false, 0 };

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

/*
 * From timm 1.0's vision_transformer.py and deit.py. A # in a name is a number: the side of a
 * patch, then the side of the image, unless `patch` and `side` fix them. Two names that differ only
 * in the number can be two architectures: some of SigLIP's have the exact GELU, others the tanh
 * form.
 */
static const struct architecture {
    const char *name;
    size_t dim, depth, heads;
    double mlp_ratio;
    unsigned traits;
    size_t patch, side;
} architectures[] = {
    { "vit_tiny_patch#_#", TINY, 0, 0, 0 },
    { "vit_small_patch#_#", SMALL, 0, 0, 0 },
    { "vit_small_patch#_36x1_#", SMALL36, LAYER_SCALE, 0, 0 },
    { "vit_base_patch#_#", BASE, 0, 0, 0 },
    { "vit_base_patch#_#_miil", BASE, NO_QKV_BIAS, 0, 0 },
    { "vit_base_patch#_plus_#", PLUS, LAYER_SCALE, 0, 0 },
    { "vit_large_patch#_#", LARGE, 0, 0, 0 },
    { "vit_huge_patch#_#", HUGE, 0, 0, 0 },
    { "vit_giant_patch#_#", GIANT, 0, 0, 0 },
    { "vit_gigantic_patch#_#", GIGANTIC, 0, 0, 0 },
    { "vit_intern300m_patch#_#", LARGE, LAYER_SCALE | NO_NORM, 0, 0 },

    { "deit_tiny_patch#_#", TINY, 0, 0, 0 },
    { "deit_small_patch#_#", SMALL, 0, 0, 0 },
    { "deit_base_patch#_#", BASE, 0, 0, 0 },
    { "deit_tiny_distilled_patch#_#", TINY, DISTILLED, 0, 0 },
    { "deit_small_distilled_patch#_#", SMALL, DISTILLED, 0, 0 },
    { "deit_base_distilled_patch#_#", BASE, DISTILLED, 0, 0 },
    { "deit3_small_patch#_#", SMALL, DEIT3, 0, 0 },
    { "deit3_medium_patch#_#", MEDIUM, DEIT3, 0, 0 },
    { "deit3_base_patch#_#", BASE, DEIT3, 0, 0 },
    { "deit3_large_patch#_#", LARGE, DEIT3, 0, 0 },
    { "deit3_huge_patch#_#", HUGE, DEIT3, 0, 0 },

    { "vit_small_patch14_dinov2", SMALL, DINO, 14, 518 },
    { "vit_base_patch14_dinov2", BASE, DINO, 14, 518 },
    { "vit_large_patch14_dinov2", LARGE, DINO, 14, 518 },
    { "vit_giant_patch14_dinov2", GIANT_D, DINO | SWIGLU, 14, 518 },
    { "vit_small_patch14_reg4_dinov2", SMALL, DINO_REG4, 14, 518 },
    { "vit_base_patch14_reg4_dinov2", BASE, DINO_REG4, 14, 518 },
    { "vit_large_patch14_reg4_dinov2", LARGE, DINO_REG4, 14, 518 },
    { "vit_giant_patch14_reg4_dinov2", GIANT_D, DINO_REG4 | SWIGLU, 14, 518 },

    { "vit_xsmall_patch#_clip_#", XSMALL, CLIP, 0, 0 },
    { "vit_medium_patch#_clip_#", MEDIUM, CLIP, 0, 0 },
    { "vit_betwixt_patch#_clip_#", BETWIXT, CLIP, 0, 0 },
    { "vit_base_patch#_clip_#", BASE, CLIP, 0, 0 },
    { "vit_base_patch#_plus_clip_#", PLUS, CLIP, 0, 0 },
    { "vit_large_patch#_clip_#", LARGE, CLIP, 0, 0 },
    { "vit_huge_patch#_clip_#", HUGE, CLIP, 0, 0 },
    { "vit_giant_patch#_clip_#", GIANT, CLIP, 0, 0 },
    { "vit_gigantic_patch#_clip_#", GIGANTIC, CLIP, 0, 0 },
    { "vit_base_patch#_clip_quickgelu_#", BASE, CLIP_QUICK, 0, 0 },
    { "vit_large_patch#_clip_quickgelu_#", LARGE, CLIP_QUICK, 0, 0 },
    { "vit_huge_patch#_clip_quickgelu_#", HUGE, CLIP_QUICK, 0, 0 },
    { "vit_gigantic_patch#_clip_quickgelu_#", GIGANTIC, CLIP_QUICK, 0, 0 },

    { "vit_base_patch32_siglip_#", BASE, SIGLIP | TANH_GELU, 32, 0 },
    { "vit_base_patch16_siglip_#", BASE, SIGLIP, 16, 0 },
    { "vit_large_patch16_siglip_256", LARGE, SIGLIP, 16, 256 },
    { "vit_large_patch16_siglip_384", LARGE, SIGLIP, 16, 384 },
    { "vit_large_patch16_siglip_512", LARGE, SIGLIP | TANH_GELU, 16, 512 },
    { "vit_so400m_patch14_siglip_#", SO400M, SIGLIP | CUT, 14, 0 },
    { "vit_so400m_patch16_siglip_#", SO400M, SIGLIP | TANH_GELU, 16, 0 },
    { "vit_giantopt_patch16_siglip_#", GIANTOPT, SIGLIP | TANH_GELU, 16, 0 },
    { "vit_base_patch32_siglip_gap_#", BASE, GAP | TANH_GELU, 32, 0 },
    { "vit_base_patch16_siglip_gap_#", BASE, GAP, 16, 0 },
    { "vit_large_patch16_siglip_gap_256", LARGE, GAP, 16, 256 },
    { "vit_large_patch16_siglip_gap_384", LARGE, GAP, 16, 384 },
    { "vit_large_patch16_siglip_gap_512", LARGE, GAP | TANH_GELU, 16, 512 },
    { "vit_so400m_patch14_siglip_gap_#", SO400M, GAP | CUT, 14, 0 },
    { "vit_so400m_patch16_siglip_gap_#", SO400M, GAP | TANH_GELU, 16, 0 },
    { "vit_giantopt_patch16_siglip_gap_#", GIANTOPT, GAP | TANH_GELU, 16, 0 },

    { "vit_medium_patch#_gap_#", MEDIUM, GAP_M, 0, 0 },
    { "vit_betwixt_patch#_gap_#", BETWIXT, GAP_M, 0, 0 },
    { "vit_base_patch#_gap_#", BASE_H16, GAP, 0, 0 },
    { "vit_huge_patch#_gap_#", HUGE, GAP, 0, 0 },
    { "vit_giant_patch#_gap_#", GIANT, GAP, 0, 0 },
    { "vit_wee_patch#_reg1_gap_#", WEE, SBB | REG1, 0, 0 },
    { "vit_little_patch#_reg1_gap_#", LITTLE, SBB | REG1, 0, 0 },
    { "vit_little_patch#_reg4_gap_#", LITTLE, SBB | REG4, 0, 0 },
    { "vit_medium_patch#_reg1_gap_#", MEDIUM, SBB | REG1, 0, 0 },
    { "vit_medium_patch#_reg4_gap_#", MEDIUM, SBB | REG4, 0, 0 },
    { "vit_mediumd_patch#_reg4_gap_#", MEDIUMD, SBB | REG4, 0, 0 },
    { "vit_betwixt_patch#_reg1_gap_#", BETWIXT, SBB | REG1, 0, 0 },
    { "vit_betwixt_patch#_reg4_gap_#", BETWIXT, SBB | REG4, 0, 0 },
    { "vit_base_patch#_reg4_gap_#", BASE, NO_CLASS | REG4 | PATCH_POSITIONS | MEAN_THEN_NORM, 0,
      0 },
    { "vit_so150m_patch#_reg4_gap_#", SO150M, GAP | REG4, 0, 0 },
    { "vit_so150m2_patch#_reg1_gap_#", SO150M2,
      NO_CLASS | REG1 | LAYER_SCALE | NO_QKV_BIAS | MEAN_THEN_NORM, 0, 0 },

    { "eva_large_patch#_#", LARGE, MEAN_THEN_NORM, 0, 0 },
    { "flexivit_small", SMALL, PATCH_POSITIONS, 16, 240 },
    { "flexivit_base", BASE, PATCH_POSITIONS, 16, 240 },
    { "flexivit_large", LARGE, PATCH_POSITIONS, 16, 240 },
    { "test_vit", 64, 6, 2, 3, 0, 16, 160 },
    { "test_vit2", 64, 8, 2, 3, NO_CLASS | REG1 | LAYER_SCALE | MEAN_THEN_NORM, 16, 160 },
};

#define DINOV3      LAYER_SCALE | REG4 | NO_POSITIONS | MEAN | EPS_1E_5
#define EVA02       QV_BIAS | GATED | MEAN_THEN_NORM
#define EVA02_SCALE QV_BIAS | GATED | MLP_NORM
#define PE          PRE_NORM | EPS_1E_5 | MAP
#define ROPE_GAP    NO_CLASS | QV_BIAS | LAYER_SCALE | NO_POSITIONS | MEAN_THEN_NORM
#define NAVER       LAYER_SCALE | NO_POSITIONS
#define NAVER_APE   LAYER_SCALE | PATCH_POSITIONS
#define BEITS       LAYER_SCALE | NO_POSITIONS | QV_BIAS | RELATIVE | MEAN_THEN_NORM

#define TINY_G      192, 12, 3, 4.0 * 2 / 3
#define SMALL_G     384, 12, 6, 4.0 * 2 / 3
#define BASE_G      768, 12, 12, 4.0 * 2 / 3
#define LARGE_G     1024, 24, 16, 4.0 * 2 / 3
#define HUGE_PLUS   1280, 32, 20, 4
#define SEVEN_B     4096, 40, 32, 2
#define GIANT_E     1408, 40, 16, 6144.0 / 1408
#define GIGANTIC_P  1536, 50, 16, 8960.0 / 1536

/* The same from eva.py and beit.py. */
static const struct relative {
    struct architecture of;
    enum timm_class class;
    const struct rope *rope; /* NULL: none */
} relatives[] = {
    { { "vit_tiny_patch16_dinov3_qkvb", TINY, DINOV3 | QV_BIAS, 16, 256 }, TIMM_EVA, &rope_dinov3 },
    { { "vit_small_patch16_dinov3", SMALL, DINOV3 | NO_QKV_BIAS, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_small_patch16_dinov3_qkvb", SMALL, DINOV3 | QV_BIAS, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_small_plus_patch16_dinov3", SMALL, DINOV3 | NO_QKV_BIAS | GATED, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_small_plus_patch16_dinov3_qkvb", SMALL, DINOV3 | QV_BIAS | GATED, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_base_patch16_dinov3", BASE, DINOV3 | NO_QKV_BIAS, 16, 256 }, TIMM_EVA, &rope_dinov3 },
    { { "vit_base_patch16_dinov3_qkvb", BASE, DINOV3 | QV_BIAS, 16, 256 }, TIMM_EVA, &rope_dinov3 },
    { { "vit_large_patch16_dinov3", LARGE, DINOV3 | NO_QKV_BIAS, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_large_patch16_dinov3_qkvb", LARGE, DINOV3 | QV_BIAS, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_huge_plus_patch16_dinov3", HUGE_PLUS, DINOV3 | NO_QKV_BIAS | GATED, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_huge_plus_patch16_dinov3_qkvb", HUGE_PLUS, DINOV3 | QV_BIAS | GATED, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },
    { { "vit_7b_patch16_dinov3", SEVEN_B, DINOV3 | NO_QKV_BIAS | GATED, 16, 256 },
      TIMM_EVA,
      &rope_dinov3 },

    { { "eva_giant_patch14_#", GIANT_E, QV_BIAS | MEAN_THEN_NORM, 14, 0 }, TIMM_EVA, NULL },
    { { "eva_giant_patch14_clip_#", GIANT_E, QV_BIAS, 14, 0 }, TIMM_EVA, NULL },
    { { "eva02_tiny_patch14_#", TINY_G, EVA02, 14, 0 }, TIMM_EVA, &rope_eva02 },
    { { "eva02_small_patch14_#", SMALL_G, EVA02, 14, 0 }, TIMM_EVA, &rope_eva02 },
    { { "eva02_base_patch14_#", BASE_G, EVA02 | MLP_NORM, 14, 0 }, TIMM_EVA, &rope_eva02 },
    { { "eva02_large_patch14_#", LARGE_G, EVA02 | MLP_NORM, 14, 0 }, TIMM_EVA, &rope_eva02 },
    { { "eva02_base_patch16_clip_#", BASE_G, EVA02_SCALE | ATTENTION_NORM, 16, 0 },
      TIMM_EVA,
      &rope_eva02 },
    { { "eva02_large_patch14_clip_#", LARGE_G, EVA02_SCALE | ATTENTION_NORM, 14, 0 },
      TIMM_EVA,
      &rope_eva02 },

    { { "vit_pe_core_tiny_patch16_384", TINY, PE, 16, 384 }, TIMM_EVA, &rope_pe },
    { { "vit_pe_core_small_patch16_384", SMALL, PE, 16, 384 }, TIMM_EVA, &rope_pe },
    { { "vit_pe_core_base_patch16_224", BASE, PE, 16, 224 }, TIMM_EVA, &rope_pe },
    { { "vit_pe_core_large_patch14_336", LARGE, PE, 14, 336 }, TIMM_EVA, &rope_pe },
    { { "vit_pe_core_gigantic_patch14_448", GIGANTIC_P, PE | NO_CLASS, 14, 448 },
      TIMM_EVA,
      &rope_pe_gigantic },

    { { "vit_medium_patch16_rope_reg1_gap_256", MEDIUM, ROPE_GAP | REG1, 16, 256 },
      TIMM_EVA,
      &rope_eva02 },
    { { "vit_mediumd_patch16_rope_reg1_gap_256", MEDIUMD, ROPE_GAP | REG1, 16, 256 },
      TIMM_EVA,
      &rope_eva02 },
    { { "vit_betwixt_patch16_rope_reg4_gap_256", BETWIXT, ROPE_GAP | REG4, 16, 256 },
      TIMM_EVA,
      &rope_eva02 },
    { { "vit_base_patch16_rope_reg1_gap_256", BASE, ROPE_GAP | REG1, 16, 256 },
      TIMM_EVA,
      &rope_eva02 },
    { { "vit_small_patch16_rope_224", SMALL, NAVER, 16, 224 }, TIMM_EVA, &rope_axial },
    { { "vit_base_patch16_rope_224", BASE, NAVER, 16, 224 }, TIMM_EVA, &rope_axial },
    { { "vit_large_patch16_rope_224", LARGE, NAVER, 16, 224 }, TIMM_EVA, &rope_axial },
    { { "vit_small_patch16_rope_mixed_224", SMALL, NAVER, 16, 224 }, TIMM_EVA, &rope_mixed },
    { { "vit_base_patch16_rope_mixed_224", BASE, NAVER, 16, 224 }, TIMM_EVA, &rope_mixed },
    { { "vit_large_patch16_rope_mixed_224", LARGE, NAVER, 16, 224 }, TIMM_EVA, &rope_mixed },
    { { "vit_small_patch16_rope_ape_224", SMALL, NAVER_APE, 16, 224 }, TIMM_EVA, &rope_axial },
    { { "vit_base_patch16_rope_ape_224", BASE, NAVER_APE, 16, 224 }, TIMM_EVA, &rope_axial },
    { { "vit_large_patch16_rope_ape_224", LARGE, NAVER_APE, 16, 224 }, TIMM_EVA, &rope_axial },
    { { "vit_small_patch16_rope_mixed_ape_224", SMALL, NAVER_APE, 16, 224 },
      TIMM_EVA,
      &rope_mixed },
    { { "vit_base_patch16_rope_mixed_ape_224", BASE, NAVER_APE, 16, 224 }, TIMM_EVA, &rope_mixed },
    { { "vit_large_patch16_rope_mixed_ape_224", LARGE, NAVER_APE, 16, 224 },
      TIMM_EVA,
      &rope_mixed },

    { { "beit_base_patch16_#", BASE, BEITS, 16, 0 }, TIMM_BEIT, NULL },
    { { "beit_large_patch16_#", LARGE, BEITS, 16, 0 }, TIMM_BEIT, NULL },
    { { "beitv2_base_patch16_224", BASE, BEITS, 16, 224 }, TIMM_BEIT, NULL },
    { { "beitv2_large_patch16_224", LARGE, BEITS, 16, 224 }, TIMM_BEIT, NULL },
};

/* timm's _deprecation_remap: names that older snapshots have, and what they are called now. */
static const struct {
    const char *name, *now;
} deprecated[] = {
    { "vit_tiny_patch16_224_in21k", "vit_tiny_patch16_224.augreg_in21k" },
    { "vit_small_patch32_224_in21k", "vit_small_patch32_224.augreg_in21k" },
    { "vit_small_patch16_224_in21k", "vit_small_patch16_224.augreg_in21k" },
    { "vit_base_patch32_224_in21k", "vit_base_patch32_224.augreg_in21k" },
    { "vit_base_patch16_224_in21k", "vit_base_patch16_224.augreg_in21k" },
    { "vit_base_patch8_224_in21k", "vit_base_patch8_224.augreg_in21k" },
    { "vit_large_patch16_224_in21k", "vit_large_patch16_224.augreg_in21k" },
    { "vit_large_patch32_224_in21k", "vit_large_patch32_224.orig_in21k" },
    { "vit_huge_patch14_224_in21k", "vit_huge_patch14_224.orig_in21k" },
    { "vit_base_patch32_224_sam", "vit_base_patch32_224.sam" },
    { "vit_base_patch16_224_sam", "vit_base_patch16_224.sam" },
    { "vit_small_patch16_224_dino", "vit_small_patch16_224.dino" },
    { "vit_small_patch8_224_dino", "vit_small_patch8_224.dino" },
    { "vit_base_patch16_224_dino", "vit_base_patch16_224.dino" },
    { "vit_base_patch8_224_dino", "vit_base_patch8_224.dino" },
    { "vit_base_patch16_224_miil_in21k", "vit_base_patch16_224_miil.in21k" },
    { "vit_base_patch32_224_clip_laion2b", "vit_base_patch32_clip_224.laion2b" },
    { "vit_large_patch14_224_clip_laion2b", "vit_large_patch14_clip_224.laion2b" },
    { "vit_huge_patch14_224_clip_laion2b", "vit_huge_patch14_clip_224.laion2b" },
    { "vit_giant_patch14_224_clip_laion2b", "vit_giant_patch14_clip_224.laion2b" },
    { "deit3_small_patch16_224_in21ft1k", "deit3_small_patch16_224.fb_in22k_ft_in1k" },
    { "deit3_small_patch16_384_in21ft1k", "deit3_small_patch16_384.fb_in22k_ft_in1k" },
    { "deit3_medium_patch16_224_in21ft1k", "deit3_medium_patch16_224.fb_in22k_ft_in1k" },
    { "deit3_base_patch16_224_in21ft1k", "deit3_base_patch16_224.fb_in22k_ft_in1k" },
    { "deit3_base_patch16_384_in21ft1k", "deit3_base_patch16_384.fb_in22k_ft_in1k" },
    { "deit3_large_patch16_224_in21ft1k", "deit3_large_patch16_224.fb_in22k_ft_in1k" },
    { "deit3_large_patch16_384_in21ft1k", "deit3_large_patch16_384.fb_in22k_ft_in1k" },
    { "deit3_huge_patch14_224_in21ft1k", "deit3_huge_patch14_224.fb_in22k_ft_in1k" },
};

/* Parts of timm's other names, and what those models compute that this library does not. */
static const struct {
    const char *part, *what;
} uncomputed[] = {
    { "_rope", "rotary positions" },
    { "_relpos_", "relative positions" },
    { "_xp_", "attention and MLP side by side" },
    { "_18x2_", "blocks side by side" },
    { "vit_pwee_", "attention and MLP side by side" },
    { "vit_dpwee_", "attention and MLP side by side" },
    { "vit_dwee_", "differential attention" },
    { "vit_dlittle_", "differential attention" },
    { "_rpn_", "norms after attention and MLP" },
    { "_map_256", "attention pooling of some of the tokens" },
    { "aimv2_", "RMSNorm" },
    { "beit3_", "norms within attention and MLP" },
    { "eva02_enormous_", "norms after attention and MLP" },
    { "vit_pe_lang_", "PE's features before the last block" },
    { "vit_pe_spatial_", "PE's features before the last block" },
    { "swin", "attention within windows" },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* One to five digits without a leading zero; moves *s past them. */
static bool parse_number(const char **s, size_t *out)
{
    size_t value = 0, digits = 0;

    while (**s >= '0' && **s <= '9' && digits < 5) {
        value = 10 * value + (size_t)(*(*s)++ - '0');
        digits++;
        if (value == 0)
            return false;
    }
    *out = value;
    return digits > 0;
}

/* Whether it is the architecture's name, with or without a .tag, which describes the training. */
static bool matches(const struct architecture *a, const char *name, size_t *patch, size_t *side)
{
    size_t numbers[2] = { 0 }, count = 0;

    for (const char *p = a->name; *p; p++)
        if (*p == '#') {
            if (!parse_number(&name, &numbers[count++]))
                return false;
        } else if (*p != *name++) {
            return false;
        }
    *patch = a->patch > 0 ? a->patch : numbers[0];
    *side = a->side > 0 ? a->side : numbers[a->patch > 0 ? 0 : 1];
    return *name == '\0' || (*name == '.' && name[1] != '\0');
}

static struct vit_config configure(const struct architecture *a, size_t patch, size_t side)
{
    const unsigned t = a->traits;
    const size_t fc1 = (size_t)((double)a->dim * a->mlp_ratio);

    return (struct vit_config){
        .size = sizeof(struct vit_config),
        .channels = 3,
        .height = side,
        .width = side,
        .patch = patch,
        .crop_to_patches = t & CUT && side % patch != 0,
        .dim = a->dim,
        .depth = a->depth,
        .heads = a->heads,
        .mlp_dim = t & SWIGLU ? fc1 / 2 : fc1, /* Eva's gated MLPs: of each half */
        .classes = 1000,
        .eps = t & EPS_1E_5 ? 1e-5f : 1e-6f,
        .activation = t & (SWIGLU | GATED) ? VIT_ACTIVATION_SILU
                      : t & QUICK_GELU     ? VIT_ACTIVATION_GELU_QUICK
                      : t & TANH_GELU      ? VIT_ACTIVATION_GELU_TANH
                                           : VIT_ACTIVATION_GELU,
        .pos_embed = t & NO_POSITIONS ? VIT_POS_EMBED_NONE : VIT_POS_EMBED_LEARNED,
        .no_key_bias = t & QV_BIAS,
        .attention_norm = t & ATTENTION_NORM,
        .mlp_norm = t & MLP_NORM,
        .relative_bias = t & RELATIVE ? VIT_RELATIVE_BIAS_BLOCK : VIT_RELATIVE_BIAS_NONE,
        .no_qkv_bias = t & NO_QKV_BIAS,
        .layer_scale = t & LAYER_SCALE,
        .class_tokens = t & NO_CLASS    ? VIT_CLASS_TOKENS_NONE
                        : t & DISTILLED ? VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION
                                        : VIT_CLASS_TOKENS_CLASS,
        .registers = t & REG4   ? 4
                     : t & REG1 ? 1
                                : 0,
        .pos_embed_scope =
            t & PATCH_POSITIONS ? VIT_POS_EMBED_SCOPE_PATCHES : VIT_POS_EMBED_SCOPE_ALL,
        .pool = t & (MEAN | MEAN_THEN_NORM) ? VIT_POOL_MEAN
                : t & MAP                   ? VIT_POOL_MAP
                                            : VIT_POOL_CLASS,
        .final_norm = t & NO_NORM          ? VIT_FINAL_NORM_NONE
                      : t & MEAN_THEN_NORM ? VIT_FINAL_NORM_POOLED
                                           : VIT_FINAL_NORM_TOKENS,
        .pre_norm = t & PRE_NORM,
        .no_patch_bias = t & PRE_NORM,
        .gated_mlp = t & (SWIGLU | GATED),
    };
}

/* What is Eva's own: rotary positions, and an attention pooling of all tokens with 8 heads. */
static struct vit_config configure_relative(const struct relative *r, size_t patch, size_t side)
{
    struct vit_config c = configure(&r->of, patch, side);

    if (r->rope) {
        const size_t grid = r->rope->grid == OWN_GRID ? side / patch : r->rope->grid;
        c.rotary = r->rope->rotary;
        c.rotary_base = r->rope->base;
        c.rotary_offset = r->rope->offset;
        c.rotary_columns_first = r->rope->columns_first;
        c.rotary_grid[0] = c.rotary_grid[1] = grid;
    }
    if (c.pool == VIT_POOL_MAP) {
        c.pool = VIT_POOL_MAP_ALL;
        c.pool_heads = 8;
        c.pool_mlp_dim = 4 * c.dim;
    }
    return c;
}

static const struct relative *find_relative(const char *name, size_t *patch, size_t *side)
{
    for (size_t i = 0; i < COUNT(relatives); i++)
        if (matches(&relatives[i].of, name, patch, side))
            return &relatives[i];
    return NULL;
}

enum timm_class architectures_class(const char *name)
{
    size_t patch, side;
    const struct relative *const relative = find_relative(name, &patch, &side);

    return relative ? relative->class : TIMM_VIT;
}

enum vit_status architectures_find(const char *name, struct vit_config *config, double *mlp_ratio,
                                   struct vit_error *err)
{
    size_t patch, side;
    const struct relative *const relative = find_relative(name, &patch, &side);

    if (relative) {
        *config = configure_relative(relative, patch, side);
        *mlp_ratio = relative->of.mlp_ratio;
        return VIT_OK;
    }
    for (size_t i = 0; i < COUNT(deprecated); i++)
        if (strcmp(deprecated[i].name, name) == 0)
            name = deprecated[i].now;
    for (size_t i = 0; i < COUNT(architectures); i++)
        if (matches(&architectures[i], name, &patch, &side)) {
            *config = configure(&architectures[i], patch, side);
            *mlp_ratio = architectures[i].mlp_ratio;
            return VIT_OK;
        }
    for (size_t i = 0; i < COUNT(uncomputed); i++)
        if (strstr(name, uncomputed[i].part))
            return fail(err, VIT_EUNSUPPORTED,
                        "architecture: expected one without %s, found \"%s\"", uncomputed[i].what,
                        name);
    return fail(err, VIT_EUNSUPPORTED,
                "architecture: expected a name of timm's, such as vit_base_patch16_224, with or "
                "without a .tag (docs/models.md), found \"%s\"",
                name);
}

const char *vit_architecture_at(size_t i)
{
    if (i < COUNT(architectures))
        return architectures[i].name;
    i -= COUNT(architectures);
    return i < COUNT(relatives) ? relatives[i].of.name : NULL;
}

enum vit_status vit_config_from_name(const char *name, struct vit_config *config,
                                     struct vit_error *err)
{
    struct vit_config named;
    struct vit_error why;
    double mlp_ratio;
    enum vit_status status;

    if ((status = architectures_find(name, &named, &mlp_ratio, err)))
        return status;
    if (config_check(&named, &why))
        return fail(err, VIT_EUNSUPPORTED, "architecture: %s: \"%s\"", why.message, name);
    return sized_write(config, &named, SIZED(vit_config), err);
}
