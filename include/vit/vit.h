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
 *   vit_model_open_files()  the same, from files in memory
 *   vit_context_create()    once per calling thread: allocates activations, sets the threads
 *   vit_preprocess_image()  turns an image's pixels into the model's input
 *   vit_preprocess_pixels() the same, in bytes: a quarter of the memory
 *   vit_forward()           turns a batch of inputs into logits
 *
 * vit/inspect.h describes a model and a configuration by name; vit/kernels.h has the kernels.
 *
 * The library never prints, exits, aborts or changes global state.
 *
 * Every function is thread-safe: threads may call it at the same time, on the same model too. One
 * thread at a time uses a context: a second call at the same time is VIT_EINVAL and changes
 * nothing. Nothing may use an object that is being freed.
 *
 * Stack: a forward pass needs at most 16 KiB of its caller's, and so does every task that the `run`
 * hook is given, whatever the model. The other functions need at most 64 KiB, whatever the file.
 * What `run` itself needs comes on top, as does OpenMP.
 *
 * The caller may use any floating-point environment. The functions below compute in the default one
 * (round to nearest, subnormals kept, no traps) on every thread that they use. They then restore
 * the caller's rounding mode, flushing of subnormals, traps and exception flags. The `run` hook is
 * called in the caller's environment, every other hook in the default one.
 *
 * Hooks must return. If one throws an exception or calls longjmp in a context of one thread, the
 * context refuses every further call with VIT_EINVAL and can only be freed; and unless the hook is
 * `run`, the thread stays in the default floating-point environment. In a context of several
 * threads the behavior is undefined: the others go on with what is left.
 *
 * Numbers in texts and messages have a decimal point in every locale.
 *
 * Structs that begin with `size` follow the ABI rule of vit/config.h. An out-pointer that is
 * documented as optional may be NULL.
 */

/* The version of the loaded library, such as "0.2.0"; VIT_VERSION is this header's version. */
VIT_API const char *vit_version(void);

/* This header's version as numbers. */
#define VIT_VERSION_MAJOR  0
#define VIT_VERSION_MINOR  2
#define VIT_VERSION_PATCH  0
#define VIT_VERSION_NUMBER (VIT_VERSION_MAJOR * 10000 + VIT_VERSION_MINOR * 100 + VIT_VERSION_PATCH)

/* VIT_VERSION_NUMBER of the loaded library. */
VIT_API unsigned vit_version_number(void);

struct vit_model;
struct vit_context;

/*
 * The number types that the linear layers of a model compute with; everything else is float32. Each
 * has one answer, the same bits on every level: docs/numerics.md. The values never change.
 */
enum vit_precision {
    VIT_PRECISION_FLOAT32 = 0, /* float32 inputs and weights */
    VIT_PRECISION_FLOAT16 = 1, /* float32 inputs, and weights that are rounded to float16 */
    /*
     * In qkv, proj, fc1 and fc2 of the encoder blocks, inputs and weights of 8 bits, both in groups
     * of 128 that share a scale; the other layers are float32
     */
    VIT_PRECISION_INT8 = 2,
};

/*
 * Memory for a model or a context, in place of the C library's: its weights, its activations and
 * its structs; it is copied, its `user` is not. What comes from malloc in any case: the names and
 * labels of a checkpoint, a list of its arrays, some MB while it is read, and a context's threads.
 * A file of packed weights is mapped: see `packed`. A few blocks are
 * allocated when the object is created, none in a forward pass, and all are released when it is
 * freed or cannot be created.
 */
struct vit_allocator {
    size_t size; /* sizeof(struct vit_allocator) */
    /*
     * `bytes` bytes, at least 1, at a multiple of the alignment, a power of two from 16 to 2 MiB.
     * The contents do not matter. NULL: VIT_ENOMEM.
     */
    void *(*allocate)(void *user, size_t alignment, size_t bytes);
    /* What `allocate` returned, never NULL, with the same bytes; on any thread. */
    void (*release)(void *user, void *memory, size_t bytes);
    void *user;
    unsigned char reserved[8];
};

/* For the defaults pass NULL, or a struct that is zero except for its size. */
struct vit_model_options {
    size_t size;     /* sizeof(struct vit_model_options) */
    const char *isa; /* the instruction set, as for vit_kernels_get; NULL: VIT_ISA or the default */
    /*
     * The image size to compute at; both 0: the checkpoint's size. At another size the position
     * embeddings are resized as the checkpoint's family resizes them (docs/models.md). Must be 0
     * for vit_model_create_random.
     */
    size_t height, width;
    /*
     * Of each file of the checkpoint; a longer one is VIT_EUNSUPPORTED. 0: no limit on weights,
     * because real ones have any size, and what opening needs is proportional to theirs. Files of
     * text have limits of their own in any case.
     */
    size_t max_file_bytes;
    /*
     * Linear layers that stay in float32: names of vit_model_layer_at, separated by commas, such as
     * "blocks.5.fc2,head". NULL: none. A name that the model lacks is VIT_EINVAL.
     */
    const char *keep;
    enum vit_precision precision;
    bool digest;            /* for vit_model_digest, which says what it costs */
    unsigned char zeros[3]; /* 0: later fields */
    /*
     * A file of vit_model_save_packed, which is mapped in place of reading and packing the weights:
     * the same bits, no weights are read, and all processes that map it share one copy. It must
     * have been made from the same files of weights, with the same configuration, instruction set,
     * precision and `keep`, by the same version of the library: anything else is VIT_ESTALE, and
     * the message names the first difference. The image size may be another. While models use the
     * file, replace it only as vit_model_save_packed does: to write into it, or to shorten it,
     * changes results or ends the process (SIGBUS). It is trusted like the checkpoint itself:
     * docs/packed.md. NULL: none; only vit_model_open takes it.
     */
    const char *packed;
    const struct vit_allocator *allocator; /* NULL: the C library's memory, with huge pages */
    /*
     * Called while weights are read, on the thread that opens the model, after every few rows of a
     * tensor: `done` of `total` numbers. Neither ever shrinks; done is total in the last call, once
     * the model is complete, and only there. With `packed`, which reads no weights, that is the
     * only call. If it returns true, opening stops with VIT_ECANCELED and nothing is left of it.
     * NULL: never.
     */
    bool (*progress)(void *user, size_t done, size_t total);
    void *user; /* passed to progress */
    unsigned char reserved[8];
};

/* For the defaults pass NULL, or a struct that is zero except for its size. */
struct vit_context_options {
    size_t size;      /* sizeof(struct vit_context_options) */
    size_t max_batch; /* maximum batch of a call; 0: 1 */
    /*
     * 0: the least of the cpuset, the CPU quotas of cgroups, OMP_NUM_THREADS and 1024. 1: OpenMP is
     * never entered. Above 1024: VIT_EINVAL.
     */
    size_t threads;
    /*
     * The caller's own threads, or vit_pool_run: see vit/parallel.h. NULL: OpenMP's, which are
     * started with the context and last as long. They sleep when there is nothing to do,
     * whatever OMP_WAIT_POLICY is. One more thread than `threads` holds their parallel region. A
     * child process does not have them: it computes on the calling thread alone with its parent's
     * context, and creates one of its own for more. In a build without OpenMP they are a pool's.
     */
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
    /*
     * Called before each block of each image, on the thread that computes it. If it returns true,
     * the call stops and returns VIT_ECANCELED. NULL: never.
     */
    bool (*cancel)(void *user);
    void *user;                            /* passed to run and cancel */
    const struct vit_allocator *allocator; /* NULL: the C library's memory, with huge pages */
    unsigned char reserved[8];
};

/*
 * Opens a checkpoint directory: the weights (model.safetensors, its shards, or Google's .npz),
 * config.json, and labels.txt if it exists (one class per line). docs/models.md lists the families
 * and their layouts. Loading is all or nothing: every tensor that the configuration needs must
 * exist in its shape, and every tensor in the files must be one that the configuration needs. The
 * model is immutable; any number of contexts and threads may share it. No file stays open.
 * VIT_ENOTFOUND, VIT_EIO, VIT_EFORMAT, VIT_EUNSUPPORTED: a file; the message names it, what was
 * expected and what was found. VIT_EINVAL: invalid options, or an image size that the patch does
 * not divide. VIT_ESTALE: options->packed is not of this model; VIT_EFORMAT: it is another file.
 * Also VIT_EUNSUPPORTED: this machine cannot run the instruction set, the positions
 * cannot be resized, or a weight is finite but too large for the precision. VIT_ECANCELED: the
 * progress hook returned true. VIT_ENOMEM.
 */
VIT_API enum vit_status vit_model_open(const char *directory,
                                       const struct vit_model_options *options,
                                       struct vit_model **model, struct vit_error *err);

/* A file of a checkpoint in memory. */
struct vit_file {
    size_t size;      /* sizeof(struct vit_file), the same for all files of a call */
    const char *name; /* as in a directory, without '/': "config.json", "model.safetensors" */
    const void *data; /* [bytes], of any alignment; NULL if there are none */
    size_t bytes;
    unsigned char reserved[8];
};

/*
 * As vit_model_open, from files[count] in memory in place of a directory: such as those of an
 * archive, of a program's own image, or mapped ones. They are borrowed: read where they are, a part
 * of a tensor at a time, and no longer needed when the call returns. They must not change in
 * between. Messages begin with the file's name, or with "files in memory".
 * Also VIT_EINVAL: no file, a name that is empty, contains '/' or is there twice, bytes without
 * data, or options->packed. VIT_ENOTFOUND: the list lacks a file. Never VIT_EIO.
 */
VIT_API enum vit_status vit_model_open_files(size_t count, const struct vit_file *files,
                                             const struct vit_model_options *options,
                                             struct vit_model **model, struct vit_error *err);

/*
 * A model with random weights that depend on the seed alone: linear weights, tokens, learned
 * positions, their frequencies and relative biases from a truncated normal distribution (std 0.02,
 * cut at ±2), biases 0, norm weights 1, layer scale 1e-5.
 * VIT_EINVAL: an invalid configuration; the message names the field. Other errors as
 * vit_model_open.
 */
VIT_API enum vit_status vit_model_create_random(const struct vit_config *config, uint64_t seed,
                                                const struct vit_model_options *options,
                                                struct vit_model **model, struct vit_error *err);

/*
 * Writes the weights of a new model as a .safetensors file that must not exist yet: with a copy of
 * its config.json beside it, and named model.safetensors, it is a directory of vit_model_open. The
 * model has the bits of vit_model_create_random with that configuration and seed. Tensors have the
 * names and the order of the article series' modules, and the dtype F32. The same configuration and
 * seed give the same bytes.
 *   config_path  a config.json whose model_type is "series_vit" or "series_t2t_vit"
 * The file appears whole or not at all: it is written as PATH.tmp, or as PATH.PID-TIME.tmp if that
 * exists, flushed to the disk, and renamed. Thread-safe. VIT_EUNSUPPORTED: a model of another
 * family. VIT_EINVAL: `path` exists. VIT_EIO: it cannot be written; VIT_ENOTFOUND: its directory,
 * or config_path, does not exist. VIT_EFORMAT: config_path, as vit_model_open. VIT_ENOMEM.
 */
VIT_API enum vit_status vit_weights_create_random(const char *config_path, uint64_t seed,
                                                  const char *path, struct vit_error *err);

/*
 * The bytes of a model of this configuration before they are taken: exactly what an allocator is
 * asked for. *bytes does not depend on the weights. options->height and width, unless 0, replace
 * those of the configuration. With options->packed: what is taken beside the mapped file, which is
 * not opened here; the allocator is asked for less by the position table where the file has it for
 * this image size. Takes little memory itself, from malloc, and never options->allocator.
 * Thread-safe.
 * VIT_EINVAL, VIT_EUNSUPPORTED: as vit_model_create_random. VIT_ENOMEM, also if the bytes are more
 * than a size_t holds.
 */
VIT_API enum vit_status vit_model_bytes(const struct vit_config *config,
                                        const struct vit_model_options *options, size_t *bytes,
                                        struct vit_error *err);

/*
 * Writes the packed weights of a model that vit_model_open opened, for vit_model_options.packed.
 * The file has the weights as this model has them, for its instruction set and its precision, and
 * the size, the time and the SHA-256 of each file of weights, which is read for that. The file
 * appears complete or not at all: it is written as PATH.tmp, or as PATH.PID-TIME.tmp if that
 * exists, flushed to the disk, and renamed to `path`, which models that use an older file there do
 * not notice. The new file keeps the permissions of the older one. A process that is killed leaves
 * the temporary file. Nothing is copied in memory.
 * Thread-safe. VIT_EINVAL: a model that is random or of files in memory; or `path` must not be
 * replaced, because it is a symbolic link (pass its target), a directory, a device or a pipe, or a
 * file that is neither empty nor one of packed weights. VIT_ESTALE: a file of weights or the
 * configuration was changed since the model was opened, or the model maps a file whose data are
 * damaged. VIT_EIO: `path` cannot be written; VIT_ENOTFOUND: its directory does not exist.
 * VIT_ENOMEM; errors of vit_model_open, which the checkpoint's files are opened as again.
 */
VIT_API enum vit_status vit_model_save_packed(const struct vit_model *model, const char *path,
                                              struct vit_error *err);

/*
 * Reads all of the file that vit_model_options.packed named, and the files of weights that it was
 * made from, and compares their SHA-256 with those in the file. Opening compares sizes and times.
 * Thread-safe. VIT_EINVAL: the model was opened without such a file. VIT_ESTALE: a digest differs,
 * or a file of weights was changed since; VIT_EIO; VIT_ENOMEM.
 */
VIT_API enum vit_status vit_model_verify_packed(const struct vit_model *model,
                                                struct vit_error *err);

/*
 * What identifies the files of a model: 64 hexadecimal digits, for logs, caches and comparisons. It
 * is the SHA-256 of a text that has a line for each file that was read, sorted by name as bytes:
 * the SHA-256 of the file, two spaces, its name without a directory, a line feed. In the directory:
 *   LC_ALL=C sha256sum config.json model.safetensors preprocessor_config.json | sha256sum
 * The files are those of weights; config.json, preprocessor_config.json and processor_config.json
 * as far as they exist; labels.txt where config.json has no labels; no index of shards. So the
 * digest is the same from a directory, from memory and from packed weights, on every machine, and
 * another one if a byte of a file, or its name, is another. It does not depend on the options. The
 * results do: log the precision, `keep` and the image size beside it.
 * vit_model_options.digest asks for it. Opening then reads the files of weights a second time,
 * without calling progress; from packed weights it takes the digests in their header, which are
 * those of the weights that they have. Opening is then also VIT_ESTALE: a file of weights was
 * changed while it was read; VIT_EUNSUPPORTED: the name of one has a backslash, a control character
 * or more than 255 bytes; VIT_EINVAL: a random model, which has no files.
 * NULL: the model was opened without it. Valid until the model is freed. Thread-safe.
 */
VIT_API const char *vit_model_digest(const struct vit_model *model);

/*
 * Adds a reference to a model, for another owner, and returns the model. Each reference is dropped
 * by one vit_model_free; the last one frees the model. A new model has one reference; each context
 * has its own. Thread-safe.
 */
VIT_API struct vit_model *vit_model_retain(const struct vit_model *model);

/*
 * Drops a reference; the last one frees the model. Its contexts may be freed before or after. NULL
 * is allowed. Thread-safe.
 */
VIT_API void vit_model_free(struct vit_model *model);

/*
 * Each fills the caller's struct; the caller sets its size. The preprocess config has the channels,
 * height and width of the configuration. Thread-safe. VIT_EINVAL: an impossible size.
 */
VIT_API enum vit_status vit_model_get_config(const struct vit_model *model,
                                             struct vit_config *config, struct vit_error *err);
VIT_API enum vit_status vit_model_get_preprocess_config(const struct vit_model *model,
                                                        struct vit_preprocess_config *config,
                                                        struct vit_error *err);

/*
 * The label of a class, from config.json's id2label, else from labels.txt; NULL if neither exists
 * or there is no such class. Valid until the model is freed. Thread-safe.
 */
VIT_API const char *vit_model_label(const struct vit_model *model, size_t class_index);

/*
 * A context holds the activations of its model's forward pass, and a reference to the model. One
 * thread at a time may use it; contexts of one model run concurrently.
 * VIT_EINVAL: invalid options. VIT_ENOMEM: no memory, or so many threads cannot be started.
 *
 * OpenMP's runtime prints a message and ends the process if it cannot start a thread or has no
 * memory. Therefore all threads are tried first, with stacks of the same size and an allocation in
 * each. What remains is an allocation inside the runtime, of some KiB, that fails right after the
 * trial: because another part of the program took the last memory or the last thread in that
 * moment, or because an allocator fails at will. vit_forward starts no thread. A pool
 * (vit/parallel.h) returns an error in every case.
 */
VIT_API enum vit_status vit_context_create(const struct vit_model *model,
                                           const struct vit_context_options *options,
                                           struct vit_context **context, struct vit_error *err);

/*
 * The bytes of such a context before they are taken: exactly what an allocator is asked for. The
 * stacks of threads come on top. Takes little memory itself, from malloc, and never
 * options->allocator; starts no thread. Thread-safe. VIT_EINVAL: invalid options. VIT_ENOMEM, also
 * if the bytes are more than a size_t holds.
 */
VIT_API enum vit_status vit_context_bytes(const struct vit_model *model,
                                          const struct vit_context_options *options, size_t *bytes,
                                          struct vit_error *err);

/* Frees a context. NULL is allowed. */
VIT_API void vit_context_free(struct vit_context *context);

/* The number of threads that a forward pass of this context uses. */
VIT_API size_t vit_context_threads(const struct vit_context *context);

/*
 * Logits of a batch of images.
 *   images  [batch][channels][height][width] float32, normalized (see vit_preprocess_image)
 *   logits  [batch][classes] float32
 * Allocates nothing, and takes no lock except to let threads sleep. The result does not depend on
 * the batch, the number of threads or the instruction set.
 * VIT_EINVAL: batch is 0 or above the context's max_batch, images is NULL, the model has no head,
 * or another call on the context is in progress. VIT_ECANCELED: the cancel hook returned true; the
 * logits are unspecified.
 * Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", eq. 1-4.
 */
VIT_API enum vit_status vit_forward(struct vit_context *context, size_t batch, const float *images,
                                    float *logits, struct vit_error *err);

/*
 * The best classes of one image, best first, and how well they fit: softmax over all logits, a
 * sigmoid of each, or the logits, as vit_model_scores of vit/inspect.h says for this model.
 *   logits   [classes of the model] of one image
 *   classes  [k], distinct; of equal logits the class with the lower index is first
 *   scores   [k] float32, within 3 ulp; NULL: none
 * A NaN is worse than every number. Softmax of logits with a NaN or +infinity is NaN, and so is
 * that of -infinity alone. Uses the exponential function of the model's kernels, never the C
 * library's: the bits are the same everywhere. Allocates nothing. Thread-safe.
 * VIT_EINVAL: k is 0 or above the model's classes, or the head does not classify.
 */
VIT_API enum vit_status vit_top_k(const struct vit_model *model, size_t k, const float *logits,
                                  size_t *classes, float *scores, struct vit_error *err);

/*
 * What a forward pass can return. A model has some of these tokens, in this order: the class token,
 * the distillation token, the registers, the patches row by row.
 */
enum vit_output {
    VIT_OUTPUT_LOGITS = 0,          /* [classes] */
    VIT_OUTPUT_PATCH_EMBEDDING = 1, /* [patches][dim], projected, without positions */
    VIT_OUTPUT_BLOCK = 2,           /* [tokens][dim], after block `block` */
    /* [tokens][dim], after the last block, and after the final norm if it precedes pooling */
    VIT_OUTPUT_LAST_HIDDEN_STATE = 3,
    /* [embedding], pooled: the head's input; with distillation the mean of both heads' inputs */
    VIT_OUTPUT_EMBEDDING = 4,
    VIT_OUTPUT_T2T_BLOCK = 5, /* [its tokens][t2t_dim], T2T: after token transformer `block` */
    VIT_OUTPUT_ATTENTION = 6, /* [heads][tokens][tokens], the softmax of block `block` */
};

/* One output that a call requests. */
struct vit_output_request {
    size_t size; /* sizeof(struct vit_output_request), the same for all requests of a call */
    enum vit_output output;
    size_t block; /* for VIT_OUTPUT_BLOCK, _ATTENTION and _T2T_BLOCK; otherwise 0 */
    float *data;  /* [batch][rows][columns]: see vit_output_shape; NULL with data_list */
    /* [batch] memory for one image's output each, [rows][columns]; or NULL */
    float *const *data_list;
    unsigned char reserved[8];
};

/* The parts of an image's forward pass. The values never change. */
enum vit_stage {
    VIT_STAGE_EMBED = 0, /* from the image to tokens with positions, T2T's blocks included */
    VIT_STAGE_BLOCK = 1, /* an encoder block, and writing its outputs */
    VIT_STAGE_HEAD = 2,  /* what follows the blocks: norm, pooling, head, writing their outputs */
};

/* A part of an image's forward pass that has ended. */
struct vit_observation {
    size_t size;          /* sizeof(struct vit_observation) in the library's version */
    size_t image;         /* of the batch */
    size_t block;         /* of VIT_STAGE_BLOCK; otherwise 0 */
    uint64_t nanoseconds; /* from its begin to its end, by a monotonic clock */
    enum vit_stage stage;
    unsigned char reserved[4];
};

/*
 * One forward pass: a batch, and the outputs that it computes. Give exactly one of images,
 * image_list and pixels.
 */
struct vit_call {
    size_t size; /* sizeof(struct vit_call) */
    size_t batch;
    const float *images; /* [batch][channels][height][width], normalized; or NULL */
    const struct vit_output_request *outputs; /* [output_count] */
    size_t output_count;                      /* at least 1 */
    /*
     * [batch] images of the model's height × width; or NULL. Any format and stride, converted and
     * normalized as vit_preprocess_image does it. See vit_preprocess_pixels.
     */
    const struct vit_image *pixels;
    /*
     * Its channels, which are the model's, mean and std normalize the pixels; NULL: the model's
     * own. NULL without pixels.
     */
    const struct vit_preprocess_config *preprocess;
    /* [batch] one image each, [channels][height][width], wherever they are; or NULL */
    const float *const *image_list;
    /*
     * [batch] What became of each image; or NULL. With it, an image at fault or canceled does not
     * fail the others: the call returns VIT_OK, and the image's status is VIT_EIMAGE or
     * VIT_ECANCELED with a message. The status of the other images is VIT_OK. An image at fault
     * takes no thread's time. A call that fails before it computes leaves the statuses as they are.
     */
    struct vit_error *image_errors;
    /*
     * As the context's `cancel`, for one image: if it returns true, that image stops. Called after
     * the context's, before each block, on the thread that computes the image, so for several
     * images at the same time. NULL: never. Needs image_errors.
     */
    bool (*cancel_image)(void *user, size_t image);
    void *user; /* passed to the call's own hooks; the context's have the context's */
    /*
     * Called after each part of each image's pass, on the thread that computed it, so for several
     * images at the same time. An image's parts come in order, those that no request needs do not
     * come. All threads work on an image's part where the batch does not fill them: the time is the
     * part's, not the sum over threads. The observation is valid during the call. NULL: no clock is
     * read.
     */
    void (*observe)(void *user, const struct vit_observation *observation);
    unsigned char reserved[8];
};

/*
 * As vit_forward, for any outputs, and from floats or pixels. One pass computes all of them: it
 * runs each block once, and stops after the last block that a request needs. Pixels become the
 * numbers of their patches without an image of floats in between; each byte has the value that
 * vit_preprocess_image gives it, so the outputs are the same bit for bit.
 * Also VIT_EINVAL: no request, an unknown output, an output or a block that the model does not
 * have, a request with neither or both of data and data_list, a list with a NULL, not exactly one
 * of images, image_list and pixels, cancel_image without image_errors, `preprocess` without pixels
 * or with channels that are not the model's, or pixels where the model has neither 1 nor 3
 * channels, or no valid mean and std, its own or those of `preprocess`. VIT_EUNSUPPORTED: see
 * vit/config.h.
 * VIT_EIMAGE: pixels of another size than the model's, an unknown format, or a stride shorter than
 * a row; the message has the image's index. VIT_ECANCELED: the context's cancel hook returned true;
 * images that were complete by then have their outputs, and the status VIT_OK in image_errors.
 */
VIT_API enum vit_status vit_forward_call(struct vit_context *context, const struct vit_call *call,
                                         struct vit_error *err);

/*
 * The shape of one image's output: *rows × *columns, each optional. Logits and embedding have one
 * row. An output or a block that the model does not have is 0 × 0. Thread-safe.
 */
VIT_API void vit_output_shape(const struct vit_model *model, enum vit_output output, size_t block,
                              size_t *rows, size_t *columns);

/* For the defaults pass NULL, or a struct that is zero except for its size. */
struct vit_preprocess_options {
    size_t size;                         /* sizeof(struct vit_preprocess_options) */
    const struct vit_parallel *parallel; /* threads to use; NULL: the calling thread alone */
    unsigned char reserved[8];
};

/*
 * Turns an image into a model's input: resize (byte for byte as PIL's antialiased resize), crop,
 * divide by 255, subtract mean, divide by std.
 *   image  any format and stride, converted as PIL's convert("RGB") or convert("L") does: alpha is
 *          ignored, gray is repeated for three channels, color becomes ITU-R 601 luma for one
 *   out    [config->channels][config->height][config->width] float32
 * Every value is finite. Thread-safe. The result does not depend on the threads. It allocates its
 * intermediate images: at most 64 MiB between its passes, unless one row of the result depends on
 * more, and otherwise memory in proportion to the image and the result.
 * VIT_EIMAGE: a side of the image is 0 or above 2^20, also after the resize, its stride is shorter
 * than a row, or its format is unknown. VIT_EINVAL: a field of the config or the options is out of
 * range. VIT_ENOMEM.
 */
VIT_API enum vit_status vit_preprocess_image(const struct vit_preprocess_config *config,
                                             const struct vit_image *image,
                                             const struct vit_preprocess_options *options,
                                             float *out, struct vit_error *err);

/*
 * The same resize and crop without the normalization, for `pixels` of struct vit_call: a forward
 * pass from these pixels has the bits of one from vit_preprocess_image. Ignores mean and std.
 *   out  out->pixels is the caller's memory of at least config->channels × config->height ×
 *        config->width bytes, not part of the image; the function sets the other fields. The format
 *        is VIT_PIXEL_FORMAT_GRAY, of one byte a pixel, if the image is gray or the config has one
 *        channel; else _BGR if the image has that order; else _RGB. No bytes between rows.
 * Thread-safe, memory and errors as vit_preprocess_image, but without VIT_EINVAL for mean and std.
 * An error leaves *out as it was.
 */
VIT_API enum vit_status vit_preprocess_pixels(const struct vit_preprocess_config *config,
                                              const struct vit_image *image,
                                              const struct vit_preprocess_options *options,
                                              struct vit_image *out, struct vit_error *err);

#ifdef __cplusplus
}
#endif
#endif
