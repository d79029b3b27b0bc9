/* pass.h - one image's forward pass, and the call that it belongs to */
#ifndef VIT_MODEL_PASS_H
#define VIT_MODEL_PASS_H

#include <stdatomic.h>

#include "model/levels.h"
#include "model/workspace.h"
#include "vit/vit.h"

/* A call, as the passes of its images see it. */
struct call {
    struct vit_call call;
    size_t accepted;      /* images that are not at fault */
    size_t last_step;     /* the last step that a request needs */
    struct levels levels; /* of the pixels, if the call has any */
    bool (*cancel)(void *user);
    void *user;
    atomic_bool *canceled; /* set once the hook has returned true */
};

/* Whether an image is to be computed. */
static inline bool call_accepts(const struct call *call, size_t image)
{
    return !call->call.image_errors || call->call.image_errors[image].status == VIT_OK;
}

/* One image's forward pass. */
struct pass {
    const struct vit_model *model;
    const struct call *call;
    const struct vit_parallel *parallel; /* threads inside the image; NULL: one */
    struct workspace *ws;
    size_t image; /* of the batch */
};

/* What the encoder's layers run on. */
static inline struct exec exec_of(const struct pass *p)
{
    return (struct exec){ p->model->kernels, p->parallel, p->ws->attention, p->ws->matmul };
}

#endif
