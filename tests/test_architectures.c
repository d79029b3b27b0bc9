/* test_architectures.c - timm's names of architectures, and the configuration of each */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "config/architectures.h"
#include "config/derived.h"
#include "tests/counts.h"
#include "vit/inspect.h"

static struct vit_config named(const char *name)
{
    struct vit_config config = { .size = sizeof config };
    struct vit_error err = { 0 };

    cr_assert_eq(vit_config_from_name(name, &config, &err), VIT_OK, "%s", err.message);
    cr_assert(config.size == sizeof config && config.channels == 3 && config.classes == 1000);
    cr_assert(config.qk_scale == 0 && !config.value_residual && !config.qk_norm);
    cr_assert(config.pos_embed == VIT_POS_EMBED_LEARNED || config.rotary != VIT_ROTARY_NONE ||
              config.relative_bias != VIT_RELATIVE_BIAS_NONE);
    cr_assert(config.tokenizer == VIT_TOKENIZER_PATCH);
    count_checks(5);
    return config;
}

Test(architectures, names_stand_for_timms_dimensions)
{
    static const struct {
        const char *name;
        size_t patch, side, dim, depth, heads, mlp_dim;
    } known[] = {
        { "vit_tiny_patch16_224", 16, 224, 192, 12, 3, 768 },
        { "vit_small_patch32_384", 32, 384, 384, 12, 6, 1536 },
        { "vit_base_patch8_224.augreg2_in21k_ft_in1k", 8, 224, 768, 12, 12, 3072 },
        { "vit_base_patch16_224_miil.in21k", 16, 224, 768, 12, 12, 3072 },
        { "vit_large_patch14_224", 14, 224, 1024, 24, 16, 4096 },
        { "vit_huge_patch14_224.mae", 14, 224, 1280, 32, 16, 5120 },
        { "vit_giant_patch14_224", 14, 224, 1408, 40, 16, 6144 },
        { "vit_gigantic_patch14_clip_224.laion2b", 14, 224, 1664, 48, 16, 8192 },
        { "deit_tiny_patch16_224", 16, 224, 192, 12, 3, 768 },
        { "deit_small_distilled_patch16_224.fb_in1k", 16, 224, 384, 12, 6, 1536 },
        { "deit_base_patch16_384", 16, 384, 768, 12, 12, 3072 },
        { "deit3_medium_patch16_224", 16, 224, 512, 12, 8, 2048 },
        { "deit3_huge_patch14_224.fb_in22k_ft_in1k", 14, 224, 1280, 32, 16, 5120 },
        { "vit_small_patch14_dinov2.lvd142m", 14, 518, 384, 12, 6, 1536 },
        { "vit_giant_patch14_reg4_dinov2", 14, 518, 1536, 40, 24, 4096 },
        { "vit_medium_patch32_clip_224", 32, 224, 512, 12, 8, 2048 },
        { "vit_huge_patch14_clip_quickgelu_378", 14, 378, 1280, 32, 16, 5120 },
        { "vit_large_patch16_siglip_512", 16, 512, 1024, 24, 16, 4096 },
        { "vit_so400m_patch14_siglip_378.webli", 14, 378, 1152, 27, 16, 4304 },
        { "vit_so400m_patch14_siglip_384.webli", 14, 384, 1152, 27, 16, 4304 },
        { "vit_so400m_patch16_siglip_gap_256", 16, 256, 1152, 27, 16, 4304 },
        { "vit_giantopt_patch16_siglip_384.v2_webli", 16, 384, 1536, 40, 16, 6144 },
        { "vit_base_patch16_gap_224", 16, 224, 768, 12, 16, 3072 },
        { "vit_little_patch16_reg4_gap_256", 16, 256, 320, 14, 5, 1792 },
        { "vit_so150m2_patch16_reg1_gap_448", 16, 448, 832, 21, 13, 2176 },
        { "eva_large_patch14_196", 14, 196, 1024, 24, 16, 4096 },
        { "flexivit_base.1200ep_in1k", 16, 240, 768, 12, 12, 3072 },
        { "test_vit2.r160_in1k", 16, 160, 64, 8, 2, 192 },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct vit_config c = named(known[i].name);
        cr_assert(c.patch == known[i].patch && c.height == known[i].side && c.width == c.height,
                  "%s", known[i].name);
        cr_assert(c.dim == known[i].dim && c.depth == known[i].depth && c.heads == known[i].heads,
                  "%s", known[i].name);
        cr_assert_eq(c.mlp_dim, known[i].mlp_dim, "%s", known[i].name);
        count_checks(3);
    }
}

Test(architectures, a_name_without_variants_is_the_papers_model)
{
    const struct vit_config c = named("vit_base_patch16_224");

    cr_assert(!c.no_qkv_bias && !c.layer_scale && c.eps == 1e-6f &&
              c.activation == VIT_ACTIVATION_GELU);
    cr_assert(c.class_tokens == VIT_CLASS_TOKENS_CLASS && c.registers == 0 && !c.gated_mlp);
    cr_assert(c.pos_embed_scope == VIT_POS_EMBED_SCOPE_ALL && !c.pre_norm && !c.no_patch_bias);
    cr_assert(c.pool == VIT_POOL_CLASS && c.final_norm == VIT_FINAL_NORM_TOKENS);
    cr_assert(named("vit_base_patch16_224_miil").no_qkv_bias);
    count_checks(5);
}

Test(architectures, clip_has_a_norm_before_the_blocks_and_quickgelu_by_name_alone)
{
    const struct vit_config c = named("vit_base_patch16_clip_224.openai");

    cr_assert(c.pre_norm && c.no_patch_bias && c.eps == 1e-5f &&
              c.activation == VIT_ACTIVATION_GELU);
    cr_assert(c.class_tokens == VIT_CLASS_TOKENS_CLASS && c.pool == VIT_POOL_CLASS &&
              !c.layer_scale);
    const struct vit_config quick = named("vit_base_patch16_clip_quickgelu_224.openai");
    cr_assert(quick.pre_norm && quick.eps == 1e-5f &&
              quick.activation == VIT_ACTIVATION_GELU_QUICK);
    count_checks(3);
}

Test(architectures, siglip_pools_by_attention_or_by_mean_with_either_gelu)
{
    static const struct {
        const char *name;
        enum vit_pool pool;
        enum vit_activation activation;
    } known[] = {
        { "vit_base_patch16_siglip_224", VIT_POOL_MAP, VIT_ACTIVATION_GELU },
        { "vit_base_patch32_siglip_256", VIT_POOL_MAP, VIT_ACTIVATION_GELU_TANH },
        { "vit_large_patch16_siglip_384", VIT_POOL_MAP, VIT_ACTIVATION_GELU },
        { "vit_large_patch16_siglip_512", VIT_POOL_MAP, VIT_ACTIVATION_GELU_TANH },
        { "vit_so400m_patch14_siglip_224", VIT_POOL_MAP, VIT_ACTIVATION_GELU },
        { "vit_so400m_patch16_siglip_256", VIT_POOL_MAP, VIT_ACTIVATION_GELU_TANH },
        { "vit_giantopt_patch16_siglip_256", VIT_POOL_MAP, VIT_ACTIVATION_GELU_TANH },
        { "vit_base_patch16_siglip_gap_224", VIT_POOL_MEAN, VIT_ACTIVATION_GELU },
        { "vit_giantopt_patch16_siglip_gap_384", VIT_POOL_MEAN, VIT_ACTIVATION_GELU_TANH },
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct vit_config c = named(known[i].name);
        cr_assert(c.class_tokens == VIT_CLASS_TOKENS_NONE && c.final_norm == VIT_FINAL_NORM_TOKENS);
        cr_assert(c.pool == known[i].pool && c.activation == known[i].activation, "%s",
                  known[i].name);
        cr_assert(c.eps == 1e-6f && !c.pre_norm && !c.layer_scale);
        count_checks(3);
    }
}

Test(architectures, dinov2_scales_layers_and_with_registers_positions_only_patches)
{
    const struct vit_config c = named("vit_base_patch14_dinov2");
    const struct vit_config r = named("vit_base_patch14_reg4_dinov2");
    const struct vit_config g = named("vit_giant_patch14_dinov2");

    cr_assert(c.layer_scale && c.registers == 0 && c.pos_embed_scope == VIT_POS_EMBED_SCOPE_ALL);
    cr_assert_eq(config_positions(&c), 37 * 37 + 1);
    cr_assert(r.layer_scale && r.registers == 4 &&
              r.pos_embed_scope == VIT_POS_EMBED_SCOPE_PATCHES);
    cr_assert(config_positions(&r) == 37 * 37 && config_tokens(&r) == 37 * 37 + 5);
    cr_assert(g.gated_mlp && g.activation == VIT_ACTIVATION_SILU && g.layer_scale && !r.gated_mlp);
    count_checks(5);
}

Test(architectures, deit_may_be_distilled_and_deit3_scales_layers)
{
    const struct vit_config distilled = named("deit_base_distilled_patch16_384");
    const struct vit_config third = named("deit3_base_patch16_224");

    cr_assert_eq(distilled.class_tokens, VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION);
    cr_assert(config_positions(&distilled) == 24 * 24 + 2 && !distilled.layer_scale);
    cr_assert(third.layer_scale && third.pos_embed_scope == VIT_POS_EMBED_SCOPE_PATCHES);
    cr_assert(third.class_tokens == VIT_CLASS_TOKENS_CLASS && third.pool == VIT_POOL_CLASS);
    count_checks(4);
}

Test(architectures, a_mean_is_normed_before_or_after)
{
    const struct vit_config gap = named("vit_medium_patch16_gap_256");
    const struct vit_config reg = named("vit_medium_patch16_reg1_gap_256");
    const struct vit_config eva = named("eva_large_patch14_336");
    const struct vit_config so = named("vit_so150m_patch16_reg4_gap_256");

    cr_assert(gap.pool == VIT_POOL_MEAN && gap.final_norm == VIT_FINAL_NORM_TOKENS);
    cr_assert(gap.no_qkv_bias && gap.layer_scale && gap.class_tokens == VIT_CLASS_TOKENS_NONE);
    cr_assert(reg.pool == VIT_POOL_MEAN && reg.final_norm == VIT_FINAL_NORM_POOLED);
    cr_assert(reg.registers == 1 && reg.pos_embed_scope == VIT_POS_EMBED_SCOPE_PATCHES &&
              !reg.no_qkv_bias);
    cr_assert(eva.final_norm == VIT_FINAL_NORM_POOLED &&
              eva.class_tokens == VIT_CLASS_TOKENS_CLASS);
    cr_assert(so.registers == 4 && config_positions(&so) == 256 + 4);
    cr_assert_eq(named("vit_intern300m_patch14_448").final_norm, VIT_FINAL_NORM_NONE);
    count_checks(7);
}

Test(architectures, every_pattern_is_a_model_that_can_be_computed)
{
    const char *pattern;
    size_t i = 0;

    for (; (pattern = vit_architecture_at(i)); i++) {
        char name[128] = "";
        size_t length = 0, numbers = strstr(pattern, "patch#") ? 0 : 1;
        for (const char *p = pattern; *p; p++)
            if (*p == '#')
                length += (size_t)sprintf(name + length, "%s", numbers++ == 0 ? "16" : "224");
            else
                name[length++] = *p;
        name[length] = '\0';
        named(name);
        strcat(name, ".a_tag");
        named(name);
    }
    cr_assert_gt(i, 70);
}

static void refuses(const char *name, const char *words)
{
    struct vit_config config = { .size = sizeof config, .dim = 1 };
    struct vit_error err;

    cr_assert_eq(vit_config_from_name(name, &config, &err), VIT_EUNSUPPORTED, "%s", name);
    cr_assert(strstr(err.message, name), "%s", err.message);
    cr_assert(strstr(err.message, words), "no '%s' in: %s", words, err.message);
    cr_assert_eq(config.dim, 1);
    count_checks(4);
}

Test(architectures, other_names_are_unsupported_and_repeated)
{
    static const char *const others[] = {
        "",
        "resnet50",
        "vit_base",
        "vit_base_patch16",
        "vit_base_patch16_",
        "vit_base_patch16_224_in22k",
        "vit_base_patch16_224.",
        "vit_base_patch016_224",
        "vit_base_patch0_224",
        "vit_base_patch-16_224",
        "vit_base_patch16_999999",
        "vit_base_patch16_siglip_quickgelu_224",
        "vit_base_patch14_reg4_dinov2_518",
        "vit_base_patch14_reg3_dinov2",
        "vit_medium_patch16_224",
        "vit_so400m_patch14_224",
        "deit3_base_distilled_patch16_224",
        "flexivit_base_240",
        "xvit_base_patch16_224",
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        refuses(others[i], "expected a name of timm's");
    refuses("vit_base_patch16_225", "height: expected a multiple of patch, 16, found 225");
}

Test(architectures, the_message_names_what_an_architecture_has_that_is_not_supported)
{
    refuses("vit_wee_patch16_rope_256", "rotary positions");
    refuses("eva02_enormous_patch14_clip_224", "norms after");
    refuses("vit_pe_lang_large_patch14_448", "PE's features");
    refuses("vit_relpos_base_patch16_224", "relative positions");
    refuses("vit_base_patch16_18x2_224", "side by side");
    refuses("vit_base_patch16_xp_224", "side by side");
    refuses("vit_base_patch16_rpn_224", "norms after attention and MLP");
    refuses("vit_dwee_patch16_reg1_gap_256", "differential attention");
    refuses("vit_so150m_patch16_reg4_map_256", "some of the tokens");
    refuses("aimv2_large_patch14_224", "RMSNorm");
    refuses("beit3_base_patch16_224", "norms within");
}

/* Each old name, and one that timm maps it to. */
Test(architectures, deprecated_names_are_those_that_took_their_place)
{
    static const char *const names[][2] = {
        { "vit_tiny_patch16_224_in21k", "vit_tiny_patch16_224" },
        { "vit_small_patch32_224_in21k", "vit_small_patch32_224" },
        { "vit_small_patch16_224_in21k", "vit_small_patch16_224" },
        { "vit_base_patch32_224_in21k", "vit_base_patch32_224" },
        { "vit_base_patch16_224_in21k", "vit_base_patch16_224" },
        { "vit_base_patch8_224_in21k", "vit_base_patch8_224" },
        { "vit_large_patch16_224_in21k", "vit_large_patch16_224" },
        { "vit_large_patch32_224_in21k", "vit_large_patch32_224" },
        { "vit_huge_patch14_224_in21k", "vit_huge_patch14_224" },
        { "vit_base_patch32_224_sam", "vit_base_patch32_224" },
        { "vit_base_patch16_224_sam", "vit_base_patch16_224" },
        { "vit_small_patch16_224_dino", "vit_small_patch16_224" },
        { "vit_small_patch8_224_dino", "vit_small_patch8_224" },
        { "vit_base_patch16_224_dino", "vit_base_patch16_224" },
        { "vit_base_patch8_224_dino", "vit_base_patch8_224" },
        { "vit_base_patch16_224_miil_in21k", "vit_base_patch16_224_miil" },
        { "vit_base_patch32_224_clip_laion2b", "vit_base_patch32_clip_224" },
        { "vit_large_patch14_224_clip_laion2b", "vit_large_patch14_clip_224" },
        { "vit_huge_patch14_224_clip_laion2b", "vit_huge_patch14_clip_224" },
        { "vit_giant_patch14_224_clip_laion2b", "vit_giant_patch14_clip_224" },
        { "deit3_small_patch16_224_in21ft1k", "deit3_small_patch16_224" },
        { "deit3_small_patch16_384_in21ft1k", "deit3_small_patch16_384" },
        { "deit3_medium_patch16_224_in21ft1k", "deit3_medium_patch16_224" },
        { "deit3_base_patch16_224_in21ft1k", "deit3_base_patch16_224" },
        { "deit3_base_patch16_384_in21ft1k", "deit3_base_patch16_384" },
        { "deit3_large_patch16_224_in21ft1k", "deit3_large_patch16_224" },
        { "deit3_large_patch16_384_in21ft1k", "deit3_large_patch16_384" },
        { "deit3_huge_patch14_224_in21ft1k", "deit3_huge_patch14_224" },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct vit_config old = named(names[i][0]), now = named(names[i][1]);
        cr_assert_eq(memcmp(&old, &now, sizeof old), 0, "%s", names[i][0]);
    }
    cr_assert_eq(sizeof names / sizeof *names, 28);
    count_checks(29);
}
