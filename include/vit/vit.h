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

enum vit_positions {
    VIT_POSITIONS_LEARNED, /* a table in the checkpoint */
    VIT_POSITIONS_SINUSOID, /* fixed: angle(i, j) = i/10000^(2·⌊j/2⌋/dim), sine at even j, cosine at
                               odd j; Vaswani 2017 */
};

/*
 * What is computed: the Vision Transformer of Dosovitskiy et al. 2021, and the variations that
 * checkpoints make on it.
 */
struct vit_config {
    size_t size;                    /* sizeof(struct vit_config) */
    size_t channels, height, width; /* of an image */
    size_t patch;                   /* side of a square patch; divides height and width */
    size_t dim;                     /* width of a token; a multiple of heads */
    size_t depth;                   /* encoding blocks */
    size_t heads;
    size_t mlp_dim; /* hidden width of a block's MLP */
    size_t classes;
    float eps;      /* LayerNorm */
    float qk_scale; /* of Q·Kᵀ; 0 stands for (dim/heads)^-1/2 */
    enum vit_activation activation;
    enum vit_positions positions;
    bool qkv_bias;
    bool layer_scale; /* a factor per channel on each branch */
    bool value_skip;  /* attention returns v + proj(attn): the series' models */
};

enum vit_interpolation { VIT_BICUBIC, VIT_BILINEAR };
enum vit_crop_mode {
    VIT_CROP_CENTER, /* keep the aspect ratio, cut the middle out */
    VIT_CROP_SQUASH, /* resize both sides straight to their targets */
};

/* How an image's pixels become a model's input: timm's evaluation transform. */
struct vit_recipe {
    size_t size;                    /* sizeof(struct vit_recipe) */
    size_t channels, height, width; /* of the result; channels 3 (RGB) or 1 (ITU-R 601 luma) */
    enum vit_interpolation interpolation;
    enum vit_crop_mode crop_mode;
    double crop_pct; /* resized to ⌊size/crop_pct⌋ before the crop; in (0, 1] */
    float mean[3], std[3];
};

struct vit_model;
struct vit_context;

/* NULL, or zeroed but for size, for the defaults. */
struct vit_model_options {
    size_t size;     /* sizeof(struct vit_model_options) */
    const char *isa; /* force a level: see vit_kernels_get; NULL: VIT_ISA or the best */
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
     * with VIT_ECANCELLED */
    bool (*cancel)(void *user);
    void *user; /* handed to run and cancel */
};

/*
 * Opens a checkpoint folder: config.json, model.safetensors, and labels.txt if there (one class a
 * line). Names and configurations of timm's plain Vision Transformers and of the series' own models
 * are known. All or nothing: every tensor that the configuration asks for must be there in its
 * shape, and every tensor there must be asked for. The model is immutable; any number of contexts
 * and threads may share it.
 * VIT_EIO, VIT_EFORMAT, VIT_EUNSUPPORTED as the files deserve, each naming what was expected and
 * found; VIT_EINVAL and VIT_EUNSUPPORTED for the options' level as vit_kernels_get; VIT_ENOMEM.
 */
VIT_API enum vit_status vit_model_open(const char *folder, const struct vit_model_options *options,
                                       struct vit_model **model, struct vit_error *err);

/*
 * A model with fresh weights, the same for a seed on every level: linear weights and tokens
 * truncated normal (std 0.02, cut at ±2), learned positions likewise, biases 0, norm weights 1,
 * layer scale 1e-5.
 * VIT_EINVAL the configuration contradicts itself, the message says where; else as vit_model_open.
 */
VIT_API enum vit_status vit_model_random(const struct vit_config *config, uint64_t seed,
                                         const struct vit_model_options *options,
                                         struct vit_model **model, struct vit_error *err);

/* Frees a model, whose contexts must have been freed. NULL is allowed. */
VIT_API void vit_model_close(struct vit_model *model);

/* The model's own, valid until it is closed. Thread-safe. */
VIT_API const struct vit_config *vit_model_config(const struct vit_model *model);
/* Its channels, height and width are the configuration's. */
VIT_API const struct vit_recipe *vit_model_recipe(const struct vit_model *model);
VIT_API const struct vit_kernels *vit_model_kernels(const struct vit_model *model);
/* "timm", "series" or "random": whose names and arithmetic these are. */
VIT_API const char *vit_model_family(const struct vit_model *model);
/* Numbers in the trained tensors, fixed sinusoid positions left out. */
VIT_API size_t vit_model_parameters(const struct vit_model *model);
/* The label of a class (config.json's id2label, else labels.txt), or NULL if it has none. */
VIT_API const char *vit_model_label(const struct vit_model *model, size_t class_index);

/*
 * Fills a configuration from the name of an architecture, such as "vit_base_patch16_224" or
 * "deit_small_patch16_224" (timm's names, a ".tag" allowed), with 1000 classes. Thread-safe.
 * VIT_EUNSUPPORTED not a name this library knows.
 */
VIT_API enum vit_status vit_config_named(const char *name, struct vit_config *config,
                                         struct vit_error *err);

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

/* The number of threads that a forward pass of this context is cut for. */
VIT_API size_t vit_context_threads(const struct vit_context *context);

/*
 * Logits of a batch of images.
 *   images  [batch][channels][height][width] float32, already normalised (see vit_preprocess)
 *   logits  [batch][classes] float32
 * Allocates nothing, takes no lock. The result does not depend on the batch, the thread count or
 * the instruction set.
 * VIT_EINVAL batch is 0 or above the context's max_batch; VIT_ECANCELLED the context's hook said
 * stop (logits are then unspecified).
 * Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", eq. 1-4.
 */
VIT_API enum vit_status vit_forward(struct vit_context *context, size_t batch, const float *images,
                                    float *logits, struct vit_error *err);

enum vit_output {
    VIT_OUTPUT_LOGITS,   /* [classes] */
    VIT_OUTPUT_TOKENS,   /* [patches][dim], projected, before class token and positions */
    VIT_OUTPUT_BLOCK,    /* [patches + 1][dim], after block `block` */
    VIT_OUTPUT_FEATURES, /* [patches + 1][dim], after the final norm */
};

/* The shape of one image's output: *rows × *columns; logits are one row. Thread-safe. */
VIT_API void vit_output_shape(const struct vit_model *model, enum vit_output output, size_t *rows,
                              size_t *columns);

/*
 * As vit_forward, for any output: out is [batch][rows][columns]. Computes no further than it must.
 * VIT_EINVAL also for an unknown output, or a block not below the model's depth.
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
VIT_API enum vit_status vit_preprocess(const struct vit_recipe *recipe, size_t height, size_t width,
                                       const uint8_t *rgb, float *out, struct vit_error *err);

#ifdef __cplusplus
}
#endif
#endif
