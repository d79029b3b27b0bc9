/* architectures_eva.c - timm's architectures of Eva and Beit, relatives of its VisionTransformer */
#include "config/architecture.h"

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

/* From timm 1.0's eva.py and beit.py. */
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

enum { RELATIVES = sizeof relatives / sizeof *relatives };

/* What is Eva's own: rotary positions, and an attention pooling of all tokens with 8 heads. */
static struct vit_config configure_relative(const struct relative *r, size_t patch, size_t side)
{
    struct vit_config c = architecture_configure(&r->of, patch, side);

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

enum timm_class architecture_relative(const char *name, struct vit_config *config,
                                      double *mlp_ratio)
{
    size_t patch, side;

    for (size_t i = 0; i < RELATIVES; i++) {
        if (!architecture_matches(&relatives[i].of, name, &patch, &side))
            continue;
        if (config)
            *config = configure_relative(&relatives[i], patch, side);
        if (mlp_ratio)
            *mlp_ratio = relatives[i].of.mlp_ratio;
        return relatives[i].class;
    }
    return TIMM_VIT;
}

const char *architecture_relative_at(size_t i)
{
    return i < RELATIVES ? relatives[i].of.name : NULL;
}
