/* session.h - an open model, and a context with a batch for the number of images */
#ifndef VIT_TOOLS_SESSION_H
#define VIT_TOOLS_SESSION_H

#include "tools/subcommand.h"
#include "vit/inspect.h"
#include "vit/kernels.h"

/* A zeroed struct may be closed. */
struct session {
    struct vit_model *model;
    struct vit_context *context;
    struct vit_config config;
    struct vit_preprocess_config preprocess;
    const char *packed;           /* the file of packed weights, or NULL */
    bool verified;                /* its digests were compared */
    size_t max_pixels;            /* of an image; 0: the library's default */
    struct vit_thread_pool *pool; /* as many threads as the context has */
    struct vit_parallel parallel; /* the pool */
    size_t batch;                 /* maximum images of one forward pass */
};

/* The options of vit_model_open for a command line; `size` may be 0x0. */
struct vit_model_options model_options(const struct common_options *common, struct size size);

/*
 * Opens a checkpoint directory for `images` images; 0: without a context. Close the session,
 * whatever the result.
 */
enum vit_status session_open(const struct common_options *common, struct size size,
                             const char *directory, size_t images, struct session *session,
                             struct vit_error *err);
void session_close(struct session *session);

/*
 * The embeddings of `count` images of the model's size, at most `batch`: rows is [count][length].
 * Of none, nothing is computed.
 */
enum vit_status session_embed(const struct session *session, size_t count,
                              const struct vit_image *pixels, float *rows, struct vit_error *err);

/* Whether images are turned by EXIF: as --orientation says, else as the model's pipeline does. */
bool turns_images(const struct common_options *common, bool model);

#endif
