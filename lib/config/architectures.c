/* architectures.c - timm's names of architectures, and the configuration of each */
#include "config/architectures.h"

#include <string.h>

#include "base/sized.h"
#include "base/status.h"
#include "config/architecture.h"
#include "config/check.h"
#include "vit/inspect.h"

/*
 * From timm 1.0's vision_transformer.py and deit.py. Two names that differ only in the number can
 * be two architectures: some of SigLIP's have the exact GELU, others the tanh form.
 */
static const struct architecture architectures[] = {
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
    { "beit_base_patch16_224_in22k", "beit_base_patch16_224.in22k_ft_in22k" },
    { "beit_large_patch16_224_in22k", "beit_large_patch16_224.in22k_ft_in22k" },
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

enum timm_class architectures_class(const char *name)
{
    return architecture_relative(name, NULL, NULL);
}

enum vit_status architectures_find(const char *name, struct vit_config *config, double *mlp_ratio,
                                   struct vit_error *err)
{
    size_t patch, side;

    if (architecture_relative(name, config, mlp_ratio) != TIMM_VIT)
        return VIT_OK;
    for (size_t i = 0; i < COUNT(deprecated); i++)
        if (strcmp(deprecated[i].name, name) == 0)
            name = deprecated[i].now;
    for (size_t i = 0; i < COUNT(architectures); i++)
        if (architecture_matches(&architectures[i], name, &patch, &side)) {
            *config = architecture_configure(&architectures[i], patch, side);
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
    return architecture_relative_at(i - COUNT(architectures));
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
