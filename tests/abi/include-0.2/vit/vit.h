/* vit/vit.h - the model API: open a Vision Transformer, preprocess images, compute outputs */
#ifndef VIT_VIT_H
#define VIT_VIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/config.h"
#include "vit/pixels.h"
#include "vit/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VIT_VERSION "0.2.0"

/*
 * In short:
 *   vit_model_open()        once: reads a checkpoint and packs its weights; the model is immutable
 *   vit_context_create()    one per calling thread: memory for activations, a number of threads
 *   vit_preprocess_image()  turns an image's pixels into the model's input
 *   vit_forward()           turns a batch of inputs into logits
 *
 * vit/inspect.h describes a model and a configuration by name; vit/kernels.h has the kernels.
 *
 * The library never prints, exits, aborts or changes global state.
 *
 * The caller may use any floating-point environment. The functions below compute in the default one
 * (round to nearest, subnormals kept, no traps) on every thread they use, and restore the caller's:
 * rounding mode, flushing of subnormals, traps and exception flags. They call the `run` hook in the
 * caller's environment and the `cancel` hook in the default one.
 *
 * Structs that begin with `size` follow the ABI rule of vit/config.h. An out-pointer that is
 * documented as optional may be NULL.
 */

/* The version of the library that runs, such as "0.2.0"; VIT_VERSION is that of this header. */
VIT_API const char *vit_version(void);

/* The same as numbers. */
#define VIT_VERSION_MAJOR  0
#define VIT_VERSION_MINOR  2
#define VIT_VERSION_PATCH  0
#define VIT_VERSION_NUMBER (VIT_VERSION_MAJOR * 10000 + VIT_VERSION_MINOR * 100 + VIT_VERSION_PATCH)

/* VIT_VERSION_NUMBER of the library that runs. */
VIT_API unsigned vit_version_number(void);

struct vit_model;
struct vit_context;

/* NULL, or zeroed but for size, for the defaults. */
struct vit_model_options {
    size_t size;     /* sizeof(struct vit_model_options) */
    const char *isa; /* force an instruction set, see vit_kernels_get; NULL: VIT_ISA or the best */
    /*
     * Compute at another image size than the checkpoint's; both 0: at the checkpoint's. Position
     * embeddings are resized as the checkpoint's family does it (docs/models.md). Must be 0 for
     * vit_model_create_random.
     */
    size_t height, width;
    unsigned char reserved[8];
};

/* NULL, or zeroed but for size, for the defaults. */
struct vit_context_options {
    size_t size;      /* sizeof(struct vit_context_options) */
    size_t max_batch; /* maximum batch of a call; 0: 1 */
    /*
     * 0: as many as the cpuset, the cgroup quota and OMP_NUM_THREADS allow. 1 never enters OpenMP,
     * whose idle threads spin for a while: on cores that you share with other programs set
     * OMP_WAIT_POLICY to passive, or use your own threads. A child process that was forked after
     * its parent entered OpenMP must use 1 or its own threads: it does not have its parent's
     * threads, and waiting for them deadlocks.
     */
    size_t threads;
    /* the caller's own threads in place of OpenMP: see struct vit_parallel; NULL: OpenMP */
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
    /*
     * Called before each block of each image, on the thread that computes it. If it returns true,
     * the call stops and returns VIT_ECANCELED. NULL: never.
     */
    bool (*cancel)(void *user);
    void *user; /* passed to run and cancel */
    unsigned char reserved[8];
};

/*
 * Opens a checkpoint directory: the weights (model.safetensors, its shards, or Google's .npz),
 * config.json, and labels.txt if it exists (one class per line). docs/models.md lists the families
 * and their layouts. Loading is all or nothing: every tensor that the configuration needs must
 * exist in its shape, and every tensor in the files must be one that the configuration needs. The
 * model is immutable; any number of contexts and threads may share it.
 * VIT_EIO, VIT_EFORMAT, VIT_EUNSUPPORTED a file, which the message names with what was expected and
 * found; VIT_EINVAL the options, or an image size that the patch does not divide; VIT_EUNSUPPORTED
 * also an instruction set that this machine lacks, or positions that cannot be resized; VIT_ENOMEM.
 */
VIT_API enum vit_status vit_model_open(const char *directory,
                                       const struct vit_model_options *options,
                                       struct vit_model **model, struct vit_error *err);

/*
 * A model with random weights that depend on the seed alone: linear weights, tokens and learned
 * positions from a truncated normal distribution (std 0.02, cut at ±2), biases 0, norm weights 1,
 * layer scale 1e-5.
 * VIT_EINVAL the configuration, and the message names the field; else as vit_model_open.
 */
VIT_API enum vit_status vit_model_create_random(const struct vit_config *config, uint64_t seed,
                                                const struct vit_model_options *options,
                                                struct vit_model **model, struct vit_error *err);

/* Frees a model. Free its contexts first. NULL is allowed. */
VIT_API void vit_model_free(struct vit_model *model);

/*
 * Fills the caller's struct, whose size is set. Thread-safe. VIT_EINVAL an impossible size.
 * The preprocess config has the channels, height and width of the configuration.
 */
VIT_API enum vit_status vit_model_get_config(const struct vit_model *model,
                                             struct vit_config *config, struct vit_error *err);
VIT_API enum vit_status vit_model_get_preprocess_config(const struct vit_model *model,
                                                        struct vit_preprocess_config *config,
                                                        struct vit_error *err);

/*
 * The label of a class (from config.json's id2label, else from labels.txt), or NULL if it has none.
 * Valid until the model is freed. Thread-safe.
 */
VIT_API const char *vit_model_label(const struct vit_model *model, size_t class_index);

/*
 * A context holds the activations of its model's forward pass. One thread at a time may use it;
 * contexts of one model run concurrently. Free it before its model.
 * VIT_EINVAL the options; VIT_ENOMEM.
 */
VIT_API enum vit_status vit_context_create(const struct vit_model *model,
                                           const struct vit_context_options *options,
                                           struct vit_context **context, struct vit_error *err);

/* Frees a context. NULL is allowed. */
VIT_API void vit_context_free(struct vit_context *context);

/* The number of threads that a forward pass of this context uses. */
VIT_API size_t vit_context_threads(const struct vit_context *context);

/*
 * Logits of a batch of images.
 *   images  [batch][channels][height][width] float32, normalized (see vit_preprocess_image)
 *   logits  [batch][classes] float32
 * Allocates nothing and takes no lock. The result does not depend on the batch, the number of
 * threads or the instruction set.
 * VIT_EINVAL batch is 0 or above the context's max_batch, the model has no head, or another call on
 * the context is in progress; VIT_ECANCELED the cancel hook returned true, and logits are
 * unspecified.
 * Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", eq. 1-4.
 */
VIT_API enum vit_status vit_forward(struct vit_context *context, size_t batch, const float *images,
                                    float *logits, struct vit_error *err);

/*
 * What a forward pass can return. Tokens are, in this order: the class token, the distillation
 * token, the registers, the patches row by row; those that the model has.
 */
enum vit_output {
    VIT_OUTPUT_LOGITS = 0,          /* [classes] */
    VIT_OUTPUT_PATCH_EMBEDDING = 1, /* [patches][dim], projected, without positions */
    VIT_OUTPUT_BLOCK = 2,           /* [tokens][dim], after block `block` */
    /* [tokens][dim], after the last block, and after the final norm if that is before pooling */
    VIT_OUTPUT_LAST_HIDDEN_STATE = 3,
    /* [embedding], pooled: the head's input; with distillation the mean of both heads' inputs */
    VIT_OUTPUT_EMBEDDING = 4,
    VIT_OUTPUT_T2T_BLOCK = 5, /* [its tokens][t2t_dim], T2T: after token transformer `block` */
    VIT_OUTPUT_ATTENTION = 6, /* [heads][tokens][tokens], the softmax of block `block` */
};

/* One output that a call asks for. */
struct vit_output_request {
    size_t size; /* sizeof(struct vit_output_request), the same for all requests of a call */
    enum vit_output output;
    size_t block; /* of VIT_OUTPUT_BLOCK, _ATTENTION and _T2T_BLOCK; 0 for the others */
    float *data;  /* [batch][rows][columns]: see vit_output_shape */
    unsigned char reserved[8];
};

/* One forward pass: a batch, and the outputs that it computes. */
struct vit_call {
    size_t size; /* sizeof(struct vit_call) */
    size_t batch;
    const float *images;                      /* [batch][channels][height][width] */
    const struct vit_output_request *outputs; /* [output_count] */
    size_t output_count;                      /* at least 1 */
    unsigned char reserved[8];
};

/*
 * As vit_forward, for any outputs, which one pass computes together: it runs up to the last block
 * that a request needs, and each block once.
 * VIT_EINVAL also no request, an unknown output, an output that the model does not have, a block
 * that is not below their number, or a request without data.
 */
VIT_API enum vit_status vit_forward_call(struct vit_context *context, const struct vit_call *call,
                                         struct vit_error *err);

/*
 * The shape of one image's output: *rows × *columns, each optional. Logits and embedding have one
 * row. An output or a block that the model does not have is 0 × 0. Thread-safe.
 */
VIT_API void vit_output_shape(const struct vit_model *model, enum vit_output output, size_t block,
                              size_t *rows, size_t *columns);

/* NULL, or zeroed but for size, for the defaults. */
struct vit_preprocess_options {
    size_t size;                         /* sizeof(struct vit_preprocess_options) */
    const struct vit_parallel *parallel; /* threads to use; NULL: the calling thread alone */
    unsigned char reserved[8];
};

/*
 * An image to a model's input: resize (byte for byte PIL's antialiased resize), crop, x/255, minus
 * mean, over std.
 *   image  any format and stride, converted as PIL's convert("RGB") or convert("L") does: alpha is
 *          ignored, gray is repeated for three channels, color becomes ITU-R 601 luma for one
 *   out    [config->channels][config->height][config->width] float32
 * Thread-safe; allocates its intermediate images. The result does not depend on the threads.
 * VIT_EINVAL an image with a side of 0 or above 2^20, a stride below its rows' bytes or an unknown
 * format; a config or options outside their comments; VIT_ENOMEM.
 */
VIT_API enum vit_status vit_preprocess_image(const struct vit_preprocess_config *config,
                                             const struct vit_image *image,
                                             const struct vit_preprocess_options *options,
                                             float *out, struct vit_error *err);

#ifdef __cplusplus
}
#endif
#endif
