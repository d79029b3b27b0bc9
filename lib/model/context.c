/* context.c - the memory and threads of forward passes, and how a batch is divided among them */
#include "base/fpenv.h"
#include "base/parallel.h"
#include "base/sized.h"
#include "base/status.h"
#include "base/team.h"
#include "base/threads.h"
#include "model/allocator.h"
#include "model/forward.h"
#include "model/input.h"
#include "model/outputs.h"

struct vit_context {
    struct memory memory;
    struct vit_model *model; /* one reference */
    size_t max_batch;
    struct vit_parallel parallel; /* the team's, or run_as_caller on this context */
    struct team *team;            /* NULL: the caller's threads, or one */
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
    bool (*cancel)(void *user);
    void *user;
    struct fpenv caller;
    struct arena activations;
    size_t slots;                 /* images that are computed at once, each by one thread; or 1 */
    struct workspace *workspaces; /* [slots] */
    atomic_bool canceled;
    atomic_bool busy; /* a call is in progress */
};

/*
 * How many of a batch's first images are computed one per thread: full rounds, and the rest too if
 * it occupies three quarters of the threads. A round takes the time of an image on one thread. All
 * threads on one image at a time take images/threads of that, over their efficiency: they wait for
 * each other some 7 times in every block. At an efficiency of 3/4 both take as long.
 */
static size_t in_rounds(size_t images, size_t threads)
{
    const size_t rest = images % threads;

    return rest >= threads - threads / 4 ? images : images - rest;
}

/* The most images of a round, for batches up to max_batch; 1 without rounds. */
static size_t count_slots(size_t max_batch, size_t threads)
{
    const size_t most = in_rounds(max_batch < threads ? max_batch : threads, threads);

    return most ? most : 1;
}

/* Slot 0 also serves images that all threads work on together. */
static void carve(struct vit_context *ctx)
{
    for (size_t i = 0; i < ctx->slots; i++)
        workspace_carve(&ctx->activations, ctx->model, i == 0 ? ctx->parallel.threads : 1,
                        &ctx->workspaces[i]);
}

static bool allocate(struct vit_context *ctx)
{
    ctx->workspaces = memory_zeroed(&ctx->memory, ctx->slots, sizeof *ctx->workspaces);
    if (!ctx->workspaces)
        return false;
    for (size_t i = 0; i < ctx->slots; i++)
        if (!workspace_init(ctx->model, &ctx->memory, &ctx->workspaces[i]))
            return false;
    carve(ctx);
    return true;
}

/*
 * The caller's threads, in the caller's own environment: threads that they create inherit it, and
 * may later do the caller's own work.
 */
static void run_as_caller(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    struct vit_context *ctx = user;

    fpenv_leave(ctx->caller);
    ctx->run(ctx->user, tasks, task, arg);
    ctx->caller = fpenv_enter();
}

/* The caller's options, which may be NULL, with defaults in place of zeros. */
static enum vit_status read_options(const struct vit_context_options *from,
                                    struct vit_context_options *o, struct vit_error *err)
{
    enum vit_status status;

    *o = (struct vit_context_options){ .size = sizeof *o };
    if (from && (status = sized_read(o, from, SIZED(vit_context_options), err)))
        return status;
    o->max_batch = o->max_batch ? o->max_batch : 1;
    o->threads = o->threads ? o->threads : threads_default();
    if (o->threads > VIT_MAX_THREADS)
        return fail(err, VIT_EINVAL, "context: threads: expected at most %d, found %zu",
                    VIT_MAX_THREADS, o->threads);
    return VIT_OK;
}

/* Sets what is known before memory is taken. */
static void init(struct vit_model *model, const struct vit_context_options *o,
                 struct vit_context *ctx)
{
    ctx->model = model;
    ctx->max_batch = o->max_batch;
    ctx->parallel = (struct vit_parallel){ run_as_caller, ctx, o->threads };
    ctx->run = o->run;
    ctx->cancel = o->cancel;
    ctx->user = o->user;
    ctx->slots = count_slots(o->max_batch, o->threads);
}

static enum vit_status no_memory(const struct vit_context_options *o, struct vit_error *err)
{
    return fail(err, VIT_ENOMEM, "no memory for a context of batches up to %zu on %zu threads",
                o->max_batch, o->threads);
}

enum vit_status vit_context_create(const struct vit_model *model,
                                   const struct vit_context_options *options,
                                   struct vit_context **context, struct vit_error *err)
{
    struct vit_context_options o;
    struct vit_context *ctx;
    struct memory memory;
    enum vit_status status;

    if ((status = read_options(options, &o, err)) ||
        (status = allocator_read(o.allocator, &memory, err)))
        return status;
    ctx = memory_zeroed(&memory, 1, sizeof *ctx);
    if (!ctx)
        return no_memory(&o, err);
    ctx->memory = memory;
    init(vit_model_retain(model), &o, ctx);
    if (!allocate(ctx) || !arena_allocate(&ctx->memory, &ctx->activations)) {
        status = no_memory(&o, err);
        goto free_context;
    }
    carve(ctx);
    if (!o.run && o.threads > 1) {
        if ((status = team_create(o.threads, &ctx->team, err)))
            goto free_context;
        ctx->parallel = team_parallel(ctx->team);
    }
    *context = ctx;
    return VIT_OK;

free_context:
    vit_context_free(ctx);
    return status;
}

/* What allocate() and arena_allocate() have taken. */
static void release(struct vit_context *ctx)
{
    arena_free(&ctx->memory, &ctx->activations);
    for (size_t i = 0; ctx->workspaces && i < ctx->slots; i++)
        workspace_free(ctx->model, &ctx->memory, &ctx->workspaces[i]);
    memory_release(&ctx->memory, ctx->workspaces, ctx->slots * sizeof *ctx->workspaces);
}

void vit_context_free(struct vit_context *context)
{
    if (!context)
        return;
    const struct memory memory = context->memory;
    team_free(context->team);
    release(context);
    vit_model_free(context->model);
    memory_release(&memory, context, sizeof *context);
}

enum vit_status vit_context_bytes(const struct vit_model *model,
                                  const struct vit_context_options *options, size_t *bytes,
                                  struct vit_error *err)
{
    struct vit_context ctx = { .max_batch = 0 }; /* memory: the C library's */
    struct vit_context_options o;
    enum vit_status status = read_options(options, &o, err);

    if (status)
        return status;
    init((struct vit_model *)model, &o, &ctx); /* only read */
    const bool allocated = allocate(&ctx);
    const size_t activations = allocated ? arena_measured(&ctx.activations) : 0;
    if (activations > 0)
        *bytes = sizeof ctx + ctx.slots * (sizeof *ctx.workspaces + workspace_structs(model)) +
                 activations;
    else
        status = no_memory(&o, err);
    release(&ctx);
    return status;
}

size_t vit_context_threads(const struct vit_context *context)
{
    return context->parallel.threads;
}

/* A call on a context, as its tasks see it. */
struct batch {
    struct vit_context *ctx;
    struct call call;
    size_t end;         /* images before it are computed one per thread */
    atomic_size_t next; /* of them */
};

static void compute(const struct batch *batch, size_t slot, const struct vit_parallel *parallel,
                    size_t image)
{
    struct vit_error *const errors = batch->call.call.image_errors;
    const struct image_view view = input_view(batch->ctx->model, &batch->call, image);
    const struct pass pass = {
        .model = batch->ctx->model,
        .call = &batch->call,
        .parallel = parallel,
        .ws = &batch->ctx->workspaces[slot],
        .image = image,
    };

    if ((atomic_load(&batch->ctx->canceled) || !forward_image(&pass, &view)) && errors)
        fail(&errors[image], VIT_ECANCELED, "image %zu: canceled by a cancel hook", image);
}

/* The next image, until none is left, alone on this thread. */
static void compute_slot(void *arg, size_t slot)
{
    struct batch *const batch = arg;

    for (size_t i; (i = atomic_fetch_add(&batch->next, 1)) < batch->end;)
        if (call_accepts(&batch->call, i))
            compute(batch, slot, NULL, i);
}

/* The place behind the first `count` images that are computed. */
static size_t end_of(const struct call *call, size_t count)
{
    size_t i = 0;

    for (; count > 0; i++)
        count -= call_accepts(call, i);
    return i;
}

/* Rounds of one image per thread; then, for the rest, all threads on one image at a time. */
static void compute_all(void *arg)
{
    struct batch *const b = arg;
    struct vit_context *ctx = b->ctx;
    const size_t shared = in_rounds(b->call.accepted, ctx->parallel.threads);
    const size_t tasks = shared < ctx->slots ? shared : ctx->slots;

    ctx->caller = fpenv_enter();
    b->end = end_of(&b->call, shared);
    if (tasks > 0) /* `run` is not called for nothing */
        parallel_run(&ctx->parallel, ctx->slots, tasks, compute_slot, b);
    for (size_t i = b->end; i < b->call.call.batch; i++)
        if (call_accepts(&b->call, i))
            compute(b, 0, &ctx->parallel, i);
    fpenv_leave(ctx->caller);
}

enum vit_status vit_forward_call(struct vit_context *ctx, const struct vit_call *call,
                                 struct vit_error *err)
{
    struct batch b = {
        .ctx = ctx, .call = { .cancel = ctx->cancel, .user = ctx->user, .canceled = &ctx->canceled }
    };
    enum vit_status status;

    if ((status = sized_read(&b.call.call, call, SIZED(vit_call), err)))
        return status;
    if (b.call.call.batch == 0 || b.call.call.batch > ctx->max_batch)
        return fail(err, VIT_EINVAL, "batch: expected 1 to the context's max_batch, %zu, found %zu",
                    ctx->max_batch, b.call.call.batch);
    if (b.call.call.cancel_image && !b.call.call.image_errors)
        return fail(err, VIT_EINVAL, "cancel_image: expected image_errors too, found NULL");
    if ((status = outputs_check(ctx->model, &b.call, err)))
        return status;
    if (atomic_exchange(&ctx->busy, true))
        return fail(err, VIT_EINVAL, "context: expected one call at a time, found one in progress");
    const struct fpenv before = fpenv_enter();
    status = input_check(ctx->model, &b.call, err);
    fpenv_leave(before);
    if (status != VIT_OK)
        goto end;
    atomic_store(&ctx->canceled, false);
    if (ctx->team)
        team_run(ctx->team, compute_all, &b);
    else
        compute_all(&b);
    if (atomic_load(&ctx->canceled))
        status = fail(err, VIT_ECANCELED, "canceled by the cancel hook");

end:
    atomic_store(&ctx->busy, false);
    return status;
}

enum vit_status vit_forward(struct vit_context *context, size_t batch, const float *images,
                            float *logits, struct vit_error *err)
{
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = VIT_OUTPUT_LOGITS,
                                                .data = logits };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = batch,
                                   .images = images,
                                   .outputs = &request,
                                   .output_count = 1 };

    return vit_forward_call(context, &call, err);
}
