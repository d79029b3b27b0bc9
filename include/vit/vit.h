/* vit/vit.h - the model API: open a Vision Transformer, preprocess images, compute logits */
#ifndef VIT_VIT_H
#define VIT_VIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/kernels.h"
#include "vit/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VIT_VERSION "0.1.0"

/*
 * In short:
 *   vit_model_open()      once: reads a checkpoint and packs its weights; the model is immutable
 *   vit_context_create()  per thread of yours: memory for activations, a number of threads
 *   vit_preprocess()      an image's pixels to the model's input
 *   vit_forward()         a batch of inputs to logits
 *
 * The library never prints, exits, aborts or changes global state.
 *
 * Any floating-point environment will do: the functions below compute in the default one (round to
 * nearest, subnormals kept, no traps), on every thread they use, and leave the caller's as it was:
 * rounding mode, flushing of subnormals, traps, and the exceptions raised so far. Of the caller's
 * hooks, `run` is called in the caller's environment, `cancel` in the default one.
 *
 * Structs that begin with `size` carry sizeof the struct, so that later versions can add fields;
 * create them zeroed, then set size.
 */

/* The version of the library that runs, "0.1.0"; VIT_VERSION is the one compiled against. */
VIT_API const char *vit_version(void);

/* How an image becomes the tokens of its patches. */
enum vit_tokenizer {
    VIT_TOKENIZER_PATCH, /* each patch projected */
    /* T2T-ViT, Yuan et al. 2021: soft splits (overlapping patches), a token transformer after each
     * of the first two, whose values skip its attention; the last is projected */
    /* as the article series has it: Q·Kᵀ times qk_scale, or the head's width^-1/2 */
    VIT_TOKENIZER_T2T_QK_SCALE,
    /* as the paper's code has it: Q·Kᵀ times (length of its input)^-1/2 */
    VIT_TOKENIZER_T2T_TRANSFORMER,
    VIT_TOKENIZER_T2T_PERFORMER, /* attention by random features; Choromanski et al. 2021 */
};

enum vit_pos_embed {
    VIT_POS_EMBED_LEARNED, /* a table in the checkpoint */
    VIT_POS_EMBED_SINUSOID, /* fixed: angle(i, j) = i/10000^(2·⌊j/2⌋/dim), sine at even j, cosine at
                               odd j; Vaswani 2017 */
    VIT_POS_EMBED_SINCOS_2D, /* fixed: sin x, cos x, sin y, cos y of a patch's column x and row y
                                times 10000^(−k/(dim/4 − 1)), k < dim/4; Beyer 2022 */
    VIT_POS_EMBED_NONE,
};

/* Which tokens the positions are added to; the others have none. */
enum vit_pos_embed_scope {
    VIT_POS_EMBED_SCOPE_ALL,
    VIT_POS_EMBED_SCOPE_PATCHES,           /* timm's no_embed_class */
    VIT_POS_EMBED_SCOPE_CLASS_AND_PATCHES, /* registers have none */
};

/* The learned tokens before those of the patches; `registers` follow them. */
enum vit_class_tokens {
    VIT_CLASS_TOKENS_CLASS,
    VIT_CLASS_TOKENS_NONE,
    /* each with a head of its own, the logits averaged; Touvron 2021, DeiT */
    VIT_CLASS_TOKENS_CLASS_AND_DISTILLATION,
};

/* How tokens become the embedding that is classified. */
enum vit_pool {
    VIT_POOL_CLASS,          /* the class token */
    VIT_POOL_MEAN,           /* the mean of the patches' tokens */
    VIT_POOL_MEAN_ALL,       /* the mean of all tokens */
    VIT_POOL_MAX,            /* the largest of the patches' tokens, per channel */
    VIT_POOL_MAP,            /* attention of one learned query over the patches' tokens, then an
                                MLP; Zhai et al. 2022 */
    VIT_POOL_CLASS_AND_MEAN, /* the class token, then the mean of the patches': 2·dim numbers */
};

/* Where the last LayerNorm stands. */
enum vit_final_norm {
    VIT_FINAL_NORM_TOKENS, /* before pooling, on every token */
    VIT_FINAL_NORM_POOLED, /* after it: timm's fc_norm */
    VIT_FINAL_NORM_NONE,
};

/*
 * What is computed: the Vision Transformer of Dosovitskiy et al. 2021, and the variations that
 * checkpoints make on it. Zero stands for the paper's choice, where it does not stand for nothing.
 */
struct vit_config {
    size_t size;                    /* sizeof(struct vit_config) */
    size_t channels, height, width; /* of an image */
    size_t patch; /* side of a square patch; of T2T the product of the soft splits' strides */
    size_t dim;   /* width of a token; a multiple of heads unless head_dim is given */
    size_t depth; /* encoding blocks */
    size_t heads;
    size_t mlp_dim; /* hidden width of a block's MLP */
    size_t classes; /* 0: there is no head */
    float eps;      /* LayerNorm */
    float qk_scale; /* of Q·Kᵀ; 0 stands for head_dim^-1/2 */
    enum vit_activation activation;
    enum vit_pos_embed pos_embed;
    bool no_qkv_bias;
    bool layer_scale;    /* a factor per channel on each branch */
    bool value_residual; /* attention returns v + proj(attn): the series' models */

    enum vit_tokenizer tokenizer;
    size_t t2t_kernels[3]; /* T2T: kernels of the soft splits; stride (k+1)/2, padding (k+1)/4 */
    size_t t2t_dim;        /* T2T: width of the token transformers */
    size_t t2t_heads;      /* T2T: heads of the token transformers; a performer has 1 */
    size_t t2t_mlp_dim;    /* T2T: hidden width of their MLPs */
    enum vit_class_tokens class_tokens;
    size_t registers; /* further learned tokens; Darcet et al. 2023 */
    enum vit_pos_embed_scope pos_embed_scope;
    enum vit_pool pool;
    enum vit_final_norm final_norm;
    size_t head_dim;   /* 0 stands for dim/heads */
    size_t pre_logits; /* width of a layer with tanh before the head; 0: there is none */
    bool patch_norms;  /* LayerNorm of each patch before and after the projection: vit-pytorch */
    bool pre_norm;     /* LayerNorm before the first block: CLIP */
    bool qk_norm;      /* LayerNorm of each head's queries and keys */
    bool gated_mlp;    /* fc2(f(a)·b), where fc1 makes a and b, of mlp_dim each; Shazeer 2020 */
    bool no_proj;      /* attention without its output projection */
    bool no_patch_bias, no_proj_bias, no_head_bias; /* that linear layer has none */
    /* pixels right of and below the last whole patch are left out; without it the patch divides
     * height and width */
    bool crop_to_patches;
};

enum vit_interpolation { VIT_INTERPOLATION_BICUBIC, VIT_INTERPOLATION_BILINEAR };
enum vit_crop_mode {
    VIT_CROP_MODE_CENTER, /* keep the aspect ratio, cut the middle out */
    VIT_CROP_MODE_SQUASH, /* resize both sides straight to their targets */
};

/* How an image's pixels become a model's input: timm's evaluation transform. */
struct vit_preprocess_config {
    size_t size;                    /* sizeof(struct vit_preprocess_config) */
    size_t channels, height, width; /* of the result; channels 3 (RGB) or 1 (ITU-R 601 luma) */
    enum vit_interpolation interpolation;
    enum vit_crop_mode crop_mode;
    double crop_pct;       /* resized to ⌊size/crop_pct⌋ before the crop; in (0, 1] */
    bool crop_rounds_down; /* an odd margin's half: down, as Hugging Face; else to even, as timm */
    float mean[3], std[3];
};

struct vit_model;
struct vit_context;

/* NULL, or zeroed but for size, for the defaults. */
struct vit_model_options {
    size_t size;     /* sizeof(struct vit_model_options) */
    const char *isa; /* force a level: see vit_kernels_get; NULL: VIT_ISA or the best */
    /*
     * Another image size than the checkpoint's, both or neither 0: positions are resized as the
     * checkpoint's family does it (docs/models.md). Not for vit_model_create_random.
     */
    size_t height, width;
};

/* NULL, or zeroed but for size, for the defaults. */
struct vit_context_options {
    size_t size;      /* sizeof(struct vit_context_options) */
    size_t max_batch; /* most images of one vit_forward; 0 stands for 1 */
    /*
     * 0: as many as cpuset, cgroup quota and OMP_NUM_THREADS give. 1 never enters OpenMP, whose
     * idle threads spin for a while: on cores shared with other programs set OMP_WAIT_POLICY to
     * passive, or use threads of your own. A child forked after its parent has entered OpenMP must
     * keep to 1 or to its own: the parent's threads are not there, and it would wait for ever.
     */
    size_t threads;
    /* the embedder's own threads in place of OpenMP: see struct vit_parallel; NULL: OpenMP */
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
    /* asked before each block of each image, on whichever thread computes it; true ends the call
     * with VIT_ECANCELED */
    bool (*cancel)(void *user);
    void *user; /* handed to run and cancel */
};

/*
 * Opens a checkpoint folder: weights (model.safetensors, its shards, or Google's .npz),
 * config.json, and labels.txt if there (one class a line), as timm, Hugging Face, Google, T2T-ViT,
 * vit-pytorch and the series lay them out: docs/models.md. All or nothing: every tensor that the
 * configuration asks for must be there in its shape, and every tensor there must be asked for. The
 * model is immutable; any number of contexts and threads may share it.
 * VIT_EIO, VIT_EFORMAT, VIT_EUNSUPPORTED as the files deserve, each naming what was expected and
 * found; VIT_EINVAL options that are none, or an image size that the patch does not divide;
 * VIT_EUNSUPPORTED for the level as vit_kernels_get, or positions that cannot be resized;
 * VIT_ENOMEM.
 */
VIT_API enum vit_status vit_model_open(const char *folder, const struct vit_model_options *options,
                                       struct vit_model **model, struct vit_error *err);

/*
 * A model with fresh weights, the same for a seed on every level: linear weights and tokens
 * truncated normal (std 0.02, cut at ±2), learned positions likewise, biases 0, norm weights 1,
 * layer scale 1e-5.
 * VIT_EINVAL the configuration contradicts itself, the message says where; else as vit_model_open.
 */
VIT_API enum vit_status vit_model_create_random(const struct vit_config *config, uint64_t seed,
                                                const struct vit_model_options *options,
                                                struct vit_model **model, struct vit_error *err);

/* Frees a model, whose contexts must have been freed. NULL is allowed. */
VIT_API void vit_model_free(struct vit_model *model);

/* The model's own, valid until it is closed. Thread-safe. */
VIT_API const struct vit_config *vit_model_config(const struct vit_model *model);
/* Its channels, height and width are the configuration's. */
VIT_API const struct vit_preprocess_config *vit_model_preprocess_config(
    const struct vit_model *model);
VIT_API const struct vit_kernels *vit_model_kernels(const struct vit_model *model);
/* "timm", "google", …, or "random": whose names and arithmetic these are (docs/models.md). */
VIT_API const char *vit_model_family(const struct vit_model *model);

/* One field of what is computed, and where it comes from. */
struct vit_config_entry {
    const char *name;   /* as in struct vit_config, "mlp_dim" */
    char value[64];     /* "3072" */
    const char *origin; /* "config.json: hidden_size", "the default", …; valid while the model is */
};

/* Fact i of a model, in the order of the forward pass; false past the last. Thread-safe. */
VIT_API bool vit_model_config_entry(const struct vit_model *model, size_t i,
                                    struct vit_config_entry *fact);

/*
 * Where "interpolation", "crop_mode", "crop_pct", "mean" or "std" of the recipe comes from, as an
 * origin of struct vit_config_entry; NULL: another field. Thread-safe.
 */
VIT_API const char *vit_model_preprocess_source(const struct vit_model *model, const char *field);

/* A tensor of the checkpoint, and what became of it; the strings are valid while the model is. */
struct vit_tensor_info {
    const char *name, *file, *dtype;
    size_t rank, shape[8];
    const char *use; /* "blocks[3].qkv.weight", or NULL: passed over, its family's rules say so */
};

/* Tensor i, in the order of their names; false past the last, or in a random model. Thread-safe. */
VIT_API bool vit_model_tensor_at(const struct vit_model *model, size_t i,
                                 struct vit_tensor_info *tensor);

/* Numbers in the trained tensors, fixed sinusoid positions left out. */
VIT_API size_t vit_model_parameter_count(const struct vit_model *model);
/* Whether the head's outputs are classes: false where there is no head, or one that projects. */
VIT_API bool vit_model_is_classifier(const struct vit_model *model);
/* The label of a class (config.json's id2label, else labels.txt), or NULL if it has none. */
VIT_API const char *vit_model_label(const struct vit_model *model, size_t class_index);

/*
 * Fills a configuration from the name of an architecture, such as "vit_base_patch16_224" or
 * "deit_small_patch16_224" (timm's names, a ".tag" allowed), with 1000 classes. Thread-safe.
 * VIT_EUNSUPPORTED not a name this library knows, or of a model that it does not compute.
 */
VIT_API enum vit_status vit_config_from_name(const char *name, struct vit_config *config,
                                             struct vit_error *err);

/*
 * What can be opened, and docs/models.md describes. Family i is the name that vit_model_family
 * gives, with a model_type of config.json that stands for it, or NULL where none does; a family may
 * have several. NULL past the last. Thread-safe.
 */
VIT_API const char *vit_family_at(size_t i, const char **model_type);

/*
 * Name i that vit_config_from_name knows, in which # stands for a number: the side of a patch, then
 * that of the image. NULL past the last. Thread-safe.
 */
VIT_API const char *vit_architecture_at(size_t i);

/*
 * A context holds the activations of its model's forward pass. It is used by one thread at a time;
 * contexts of one model run concurrently. The model must outlive it.
 * VIT_EINVAL a size field this library does not know; VIT_ENOMEM.
 */
VIT_API enum vit_status vit_context_create(const struct vit_model *model,
                                           const struct vit_context_options *options,
                                           struct vit_context **context, struct vit_error *err);

/* Frees a context. NULL is allowed. */
VIT_API void vit_context_free(struct vit_context *context);

/* Rows and columns of the grid of patches, row by row the last tokens. Thread-safe. */
VIT_API void vit_model_grid(const struct vit_model *model, size_t *rows, size_t *columns);

/*
 * The position embeddings of the patches, row by row of the grid, as they are added to the patches'
 * tokens: resized where the model's size is not its checkpoint's, computed where they are fixed.
 *   out  [rows · columns][dim] float32
 * Thread-safe. VIT_EINVAL the model has none.
 */
VIT_API enum vit_status vit_model_positions(const struct vit_model *model, float *out,
                                            struct vit_error *err);

/* The number of threads that a forward pass of this context is cut for. */
VIT_API size_t vit_context_threads(const struct vit_context *context);

/*
 * Logits of a batch of images.
 *   images  [batch][channels][height][width] float32, already normalised (see vit_preprocess)
 *   logits  [batch][classes] float32
 * Allocates nothing, takes no lock. The result does not depend on the batch, the thread count or
 * the instruction set.
 * VIT_EINVAL batch is 0 or above the context's max_batch, or the model has no head; VIT_ECANCELED
 * the context's hook said stop (logits are then unspecified).
 * Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", eq. 1-4.
 */
VIT_API enum vit_status vit_forward(struct vit_context *context, size_t batch, const float *images,
                                    float *logits, struct vit_error *err);

/* tokens: class and distillation token and registers, as far as there are any, then the patches */
enum vit_output {
    VIT_OUTPUT_LOGITS,          /* [classes] */
    VIT_OUTPUT_PATCH_EMBEDDING, /* [patches][dim], projected, before other tokens and positions */
    VIT_OUTPUT_BLOCK,           /* [tokens][dim], after block `block` */
    /* [tokens][dim], after the final norm, where that stands before pooling */
    VIT_OUTPUT_LAST_HIDDEN_STATE,
    VIT_OUTPUT_EMBEDDING, /* [embedding], pooled: what the head sees; for a model with distillation
                             the mean of what its two heads see */
    VIT_OUTPUT_T2T_STAGE, /* [tokens of the stage][t2t_dim], T2T: after token transformer `block`,
                             0 or 1 */
    VIT_OUTPUT_ATTENTION, /* [heads][tokens][tokens], the weights of block `block`: each row sums
                             to 1 */
};

/*
 * The shape of one image's output: *rows × *columns; logits and embedding are one row. `block`
 * matters for VIT_OUTPUT_T2T_STAGE alone; a stage that the model does not have is 0 × 0.
 * Thread-safe.
 */
VIT_API void vit_output_shape(const struct vit_model *model, enum vit_output output, size_t block,
                              size_t *rows, size_t *columns);

/*
 * As vit_forward, for any output: out is [batch][rows][columns]. Computes no further than it must.
 * VIT_EINVAL also for an unknown output, a block not below the model's depth, logits of a model
 * without a head, a stage of a model without soft splits.
 */
VIT_API enum vit_status vit_forward_output(struct vit_context *context, enum vit_output output,
                                           size_t block, size_t batch, const float *images,
                                           float *out, struct vit_error *err);

/*
 * Pixels to a model's input: resize (to the byte as PIL's antialiased resize), crop, x/255, minus
 * mean, over std.
 *   rgb  [height][width][3]
 *   out  [recipe->channels][recipe->height][recipe->width]
 * Thread-safe; allocates its intermediate pictures.
 * VIT_EINVAL an empty image, a side above 2^20, or a recipe outside its comments; VIT_ENOMEM.
 */
VIT_API enum vit_status vit_preprocess(const struct vit_preprocess_config *recipe, size_t height,
                                       size_t width, const uint8_t *rgb, float *out,
                                       struct vit_error *err);

#ifdef __cplusplus
}
#endif
#endif
