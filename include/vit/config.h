/* vit/config.h - what a Vision Transformer computes, and how an image becomes its input */
#ifndef VIT_CONFIG_H
#define VIT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/activations.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The ABI rule, for every struct that begins with `size`: zero the struct, set size to its sizeof,
 * set the fields that you need. A later version of the library may add fields at the end; it never
 * moves a field.
 *   input   The fields that a shorter struct lacks read as zero, which is always their default. The
 *           fields of a longer struct that the library does not know must be zero; otherwise the
 *           function returns VIT_EUNSUPPORTED.
 *   output  The library writes at most `size` bytes, and never changes `size`.
 * Each of these structs ends with reserved bytes, which a later version may turn into fields. Set
 * them to zero, the default of every field: a non-zero reserved byte of an input is
 * VIT_EUNSUPPORTED.
 * A size that no version can have is VIT_EINVAL.
 * Enum values never change either; a later version may add values.
 */

/* How an image becomes the tokens of its patches. */
enum vit_tokenizer {
    VIT_TOKENIZER_PATCH = 0, /* a linear projection of each patch */
    /*
     * T2T-ViT, Yuan et al. 2021: three soft splits (overlapping patches), a token transformer after
     * each of the first two, and a linear projection after the last. The token transformers differ:
     */
    VIT_TOKENIZER_T2T_QK_SCALE = 1,    /* Q·Kᵀ times qk_scale, or times (head width)^-1/2 */
    VIT_TOKENIZER_T2T_TRANSFORMER = 2, /* Q·Kᵀ times (input width)^-1/2, as the paper's code */
    VIT_TOKENIZER_T2T_PERFORMER = 3,   /* random features in place of Q·Kᵀ; Choromanski 2021 */
};

enum vit_pos_embed {
    VIT_POS_EMBED_LEARNED = 0, /* a table in the checkpoint */
    /* fixed: angle(i, j) = i/10000^(2·⌊j/2⌋/dim), sine at even j, cosine at odd j; Vaswani 2017 */
    VIT_POS_EMBED_SINUSOID = 1,
    /* fixed: sin x, cos x, sin y, cos y of a patch's column x and row y times
     * 10000^(−k/(dim/4 − 1)), k < dim/4; Beyer 2022 */
    VIT_POS_EMBED_SINCOS_2D = 2,
    VIT_POS_EMBED_NONE = 3,
};

/*
 * Rotary positions: each pair of numbers of a patch's queries and keys turns by an angle; Su et al.
 * 2021, "RoFormer". Half of a head's pairs turn with the row, the others with the column: by its
 * coordinate times rotary_base^(−4j/head_dim), j = 0, 1, … head_dim/4 − 1. The other tokens do not
 * turn.
 */
enum vit_rotary {
    VIT_ROTARY_NONE = 0,
    /* The coordinates are 2π times the centers of patches, from −1 to 1: 2·(i + 1/2)/rows − 1. The
     * pairs are j and j + head_dim/2. Siméoni et al. 2025, DINOv3. */
    VIT_ROTARY_CENTERS = 1,
    /* Row and column count from rotary_offset, and are scaled to rotary_grid, if that is given. The
     * pairs are 2j and 2j + 1. Fang et al. 2023, EVA-02. */
    VIT_ROTARY_INDICES = 2,
    /* Each pair of each head of each block has two learned frequencies: the angle is column·f0 +
     * row·f1. The pairs are 2j and 2j + 1. Heo et al. 2024, "RoPE-Mixed". */
    VIT_ROTARY_LEARNED = 3,
};

/*
 * A learned bias of each head's scores for each distance in rows and columns of a query's and a
 * key's patches, and three for those of a class token; Bao et al. 2022, BEiT.
 */
enum vit_relative_bias {
    VIT_RELATIVE_BIAS_NONE = 0,
    VIT_RELATIVE_BIAS_BLOCK = 1,  /* a table per block */
    VIT_RELATIVE_BIAS_SHARED = 2, /* one table for all blocks */
};

/* Which tokens have a position embedding. */
enum vit_pos_embed_scope {
    VIT_POS_EMBED_SCOPE_ALL = 0,
    VIT_POS_EMBED_SCOPE_PATCHES = 1,           /* timm's no_embed_class */
    VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES = 2, /* all but the registers */
};

/* The learned tokens before the registers and the patches. */
enum vit_class_tokens {
    VIT_CLASS_TOKENS_CLASS = 0,
    VIT_CLASS_TOKENS_NONE = 1,
    /* two tokens, each with its own head; the logits are the mean; Touvron 2021, DeiT */
    VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION = 2,
};

/* How tokens become the embedding that the head classifies. */
enum vit_pool {
    VIT_POOL_CLASS = 0,    /* the class token */
    VIT_POOL_MEAN = 1,     /* the mean of the patch tokens */
    VIT_POOL_MEAN_ALL = 2, /* the mean of all tokens */
    VIT_POOL_MAX = 3,      /* the maximum of the patch tokens, per channel */
    /* attention of one learned query over the patch tokens, then an MLP; Zhai et al. 2022 */
    VIT_POOL_MAP = 4,
    VIT_POOL_CLASS_AND_MEAN = 5, /* the class token, then the mean of the patch tokens: 2·dim */
    VIT_POOL_MEAN_AND_MAX = 6,   /* half the sum of the mean and the maximum of the patch tokens */
    VIT_POOL_NONE = 7,           /* no embedding and no head: the tokens are the result */
    VIT_POOL_MAP_ALL = 8,        /* as VIT_POOL_MAP, over all tokens */
};

/* What every norm of the model is. */
enum vit_norm {
    VIT_NORM_LAYER = 0, /* LayerNorm of each token; with no_norm_mean RMSNorm */
    /*
     * of each channel across the tokens, x/(k + alpha·Σ/size)^beta, where Σ is the sum of squares
     * over the window of `size` tokens around each; Krizhevsky et al. 2012. It has no weights.
     */
    VIT_NORM_LOCAL_RESPONSE = 1,
};

/* Where the final norm is. */
enum vit_final_norm {
    VIT_FINAL_NORM_TOKENS = 0, /* on every token, before pooling */
    VIT_FINAL_NORM_POOLED = 1, /* on the pooled vector: timm's fc_norm */
    VIT_FINAL_NORM_NONE = 2,
};

/*
 * What a model computes: the Vision Transformer of Dosovitskiy et al. 2021, with the variations of
 * published checkpoints. Zero is the paper's choice for every flag and every enum but activation.
 * docs/config.md lists the fields by name, with their ranges and values.
 */
struct vit_config {
    size_t size; /* sizeof(struct vit_config) */

    size_t channels, height, width; /* of the image */
    size_t patch;      /* side of a square patch; T2T: the product of the soft splits' strides */
    size_t dim;        /* width of a token; a multiple of heads unless head_dim is given */
    size_t depth;      /* encoder blocks */
    size_t heads;      /* attention heads of a block */
    size_t head_dim;   /* width of a head; 0: dim/heads */
    size_t mlp_dim;    /* hidden width of a block's MLP */
    size_t classes;    /* outputs of the head; 0: no head */
    size_t registers;  /* learned tokens between class token and patches; Darcet et al. 2023 */
    size_t pre_logits; /* width of a tanh layer before the head; 0: none */

    /* T2T only; 0 for any other tokenizer */
    size_t t2t_kernels[3]; /* kernels of the soft splits; stride (k+1)/2, padding (k+1)/4 */
    size_t t2t_dim;        /* width of the token transformers */
    size_t t2t_heads;      /* heads of the token transformers; a performer has 1 */
    size_t t2t_mlp_dim;    /* hidden width of their MLPs */

    float eps;                /* epsilon of every LayerNorm or RMSNorm */
    float qk_scale;           /* factor of Q·Kᵀ; 0: head_dim^-1/2 */
    float activation_args[2]; /* the activation's arguments; 0 if unused */

    enum vit_activation activation; /* of the MLPs */
    enum vit_tokenizer tokenizer;
    enum vit_pos_embed pos_embed;
    enum vit_pos_embed_scope pos_embed_scope;
    enum vit_class_tokens class_tokens;
    enum vit_pool pool;
    enum vit_final_norm final_norm;

    bool crop_to_patches; /* ignore the pixels right of and below the last whole patch; without it
                             the patch must divide height and width */
    bool patch_norms;     /* norm of each patch before and after its projection */
    bool pre_norm;        /* norm before the first block: CLIP */
    bool qk_norm;         /* norm of each head's queries and keys */
    bool value_residual;  /* attention returns v + proj(attention) */
    bool layer_scale;     /* a factor per channel on each branch */
    bool gated_mlp;       /* fc2(f(a)·b), where fc1 makes a and b, mlp_dim each; Shazeer 2020 */
    bool no_proj;         /* attention without its output projection */
    bool no_qkv_bias, no_proj_bias, no_patch_bias, no_head_bias; /* that layer has no bias */
    bool no_mlp_bias;                  /* fc1 and fc2 of the blocks have no bias */
    bool no_norm_weight, no_norm_bias; /* the norms do not scale, or do not shift */
    bool no_norm_mean; /* they do not subtract the mean: RMSNorm; Zhang and Sennrich 2019 */
    enum vit_norm norm;
    size_t
        norm_size; /* of local response: tokens of the window; 0: as many as its tokens are wide */
    float norm_args[3];  /* of local response: alpha, beta (a multiple of 1/4), k; 0 if unused */
    bool no_key_bias;    /* the keys have no bias; queries and values have one */
    bool attention_norm; /* norm of the output of all heads, before the projection */
    bool mlp_norm;       /* norm of the input of fc2 */
    bool rotary_columns_first; /* the first half of the pairs turns with the column */
    size_t rotary_grid[2];     /* rows and columns that indices are scaled to; 0: they are not */
    size_t pool_heads;         /* heads of attention pooling; 0: heads */
    size_t pool_mlp_dim;       /* hidden width of its MLP; 0: mlp_dim */
    float rotary_base;         /* of the frequencies; 0 without or if they are learned */
    float rotary_offset;       /* the first index of a row and of a column */
    enum vit_rotary rotary;
    enum vit_relative_bias relative_bias;
    unsigned char reserved[8];
};

enum vit_interpolation {
    VIT_INTERPOLATION_BICUBIC = 0,
    VIT_INTERPOLATION_BILINEAR = 1,
};

enum vit_crop_mode {
    VIT_CROP_MODE_CENTER = 0, /* keep the aspect ratio and crop the center */
    VIT_CROP_MODE_SQUASH = 1, /* resize both sides to their targets, which changes the ratio */
};

/* How an image becomes a model's input: timm's evaluation transform. */
struct vit_preprocess_config {
    size_t size;                    /* sizeof(struct vit_preprocess_config) */
    size_t channels, height, width; /* of the result; channels: 3 (RGB) or 1 (ITU-R 601 luma) */
    enum vit_interpolation interpolation;
    enum vit_crop_mode crop_mode;
    bool crop_rounds_down; /* round half of an odd margin down, as Hugging Face does; else to
                              even, as timm does */
    double crop_pct; /* the image is resized to ⌊size/crop_pct⌋ before the crop; in (0, 1] */
    float mean[3], std[3]; /* per channel, for pixels scaled to 0 … 1 */
    bool exif_orientation; /* the family's pipeline turns images as their EXIF orientation says: set
                              it in vit_decode_options; vit_preprocess_image takes turned pixels */
    unsigned char reserved[7];
};

#ifdef __cplusplus
}
#endif
#endif
