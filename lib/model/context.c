/* context.c - the memory and threads of forward passes, and the sharing out of a batch over them */
#include <stdlib.h>

#include "base/config.h"
#include "base/fpenv.h"
#include "base/parallel.h"
#include "base/status.h"
#include "model/forward.h"

struct vit_context {
    const struct vit_model *model;
    size_t max_batch;
    struct vit_parallel parallel; /* run_as_caller on this context */
    void (*run)(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg);
    void *user;
    struct fpenv caller;
    struct arena activations;
    size_t slots; /* images that can be computed at once, each by one thread */
    struct run *runs;
    atomic_bool cancelled;
};

/* The buffers of one slot; slot 0 also serves images that all threads work on together. */
static void carve(struct arena *arena, const struct vit_model *m, size_t threads, struct run *r)
{
    const struct vit_config *c = &m->config;
    const size_t tokens = config_tokens(c), patches = config_patches(c);

    r->ld_patches = padded_stride(m->patch.in);
    r->ld_x = padded_stride(c->dim);
    r->ld_qkv = padded_stride(3 * c->dim);
    r->ld_mlp = padded_stride(c->mlp_dim > c->dim ? c->mlp_dim : c->dim);

    r->x = arena_floats(arena, tokens * r->ld_x);
    r->h = arena_floats(arena, tokens * r->ld_x);
    r->qkv = arena_floats(arena, tokens * r->ld_qkv);
    const size_t mlp = tokens * r->ld_mlp, unfolded = patches * r->ld_patches;
    r->mlp = r->patches = arena_floats(arena, mlp > unfolded ? mlp : unfolded);
    const size_t scratch =
        vit_attention_scratch_size(m->kernels, tokens, c->heads, config_head_dim(c), threads);
    r->attention = arena_floats(arena, scratch);
    arena->overflow = arena->overflow || scratch == 0;
}

static void carve_all(struct vit_context *ctx)
{
    for (size_t i = 0; i < ctx->slots; i++)
        carve(&ctx->activations, ctx->model, i == 0 ? ctx->parallel.threads : 1, &ctx->runs[i]);
}

/*
 * The embedder's threads, or OpenMP's, started from the caller's own environment: threads that they
 * create on the way inherit it, and may serve the caller's own work too.
 */
static void run_as_caller(void *user, size_t tasks, void (*task)(void *arg, size_t i), void *arg)
{
    struct vit_context *ctx = user;

    fpenv_leave(ctx->caller);
    ctx->run(ctx->user, tasks, task, arg);
    ctx->caller = fpenv_enter();
}

enum vit_status vit_context_create(const struct vit_model *model,
                                   const struct vit_context_options *options,
                                   struct vit_context **context, struct vit_error *err)
{
    struct vit_context_options o = { 0 };
    struct vit_context *ctx;

    if (options) {
        if (options->size != sizeof o)
            return fail(err, VIT_EINVAL, "vit_context_options.size is %zu, expected %zu",
                        options->size, sizeof o);
        o = *options;
    }
    o.max_batch = o.max_batch ? o.max_batch : 1;
    o.threads = o.threads ? o.threads : parallel_default_threads();
    ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        goto no_memory;
    ctx->model = model;
    ctx->max_batch = o.max_batch;
    ctx->parallel.threads = o.threads;
    ctx->parallel.run = run_as_caller;
    ctx->parallel.user = ctx;
    ctx->run = o.run ? o.run : vit_run_openmp;
    ctx->user = o.user;
    ctx->slots = ctx->max_batch < ctx->parallel.threads ? 1 : ctx->parallel.threads;
    ctx->runs = calloc(ctx->slots, sizeof *ctx->runs);
    if (!ctx->runs)
        goto no_memory;
    for (size_t i = 0; i < ctx->slots; i++) {
        ctx->runs[i].model = model;
        ctx->runs[i].cancel = o.cancel;
        ctx->runs[i].user = o.user;
        ctx->runs[i].cancelled = &ctx->cancelled;
    }
    carve_all(ctx);
    if (!arena_allocate(&ctx->activations))
        goto no_memory;
    carve_all(ctx);
    *context = ctx;
    return VIT_OK;

no_memory:
    vit_context_free(ctx);
    return fail(err, VIT_ENOMEM, "no memory for a context of batches to %zu and %zu threads",
                o.max_batch, o.threads);
}

void vit_context_free(struct vit_context *context)
{
    if (!context)
        return;
    arena_free(&context->activations);
    free(context->runs);
    free(context);
}

size_t vit_context_threads(const struct vit_context *context)
{
    return context->parallel.threads;
}

/* One call of vit_forward_output, as its tasks see it. */
struct call {
    struct vit_context *ctx;
    struct wanted wanted;
    size_t shared; /* images computed one per thread */
    const float *images;
    size_t image_floats;
    float *out;
    size_t out_floats;
};

static void compute(const struct call *call, struct run *run, size_t image)
{
    forward_image(run, &call->wanted, call->images + image * call->image_floats,
                  call->out + image * call->out_floats);
}

/* Every slots-th image, alone on this thread. */
static void compute_slot(void *arg, size_t slot)
{
    const struct call *call = arg;
    for (size_t i = slot; i < call->shared; i += call->ctx->slots)
        compute(call, &call->ctx->runs[slot], i);
}

static enum vit_status check_call(const struct vit_context *ctx, const struct wanted *wanted,
                                  size_t batch, struct vit_error *err)
{
    if (batch == 0 || batch > ctx->max_batch)
        return fail(err, VIT_EINVAL, "batch is %zu, expected 1 to the context's max_batch, %zu",
                    batch, ctx->max_batch);
    if ((unsigned)wanted->output > VIT_OUTPUT_FEATURES)
        return fail(err, VIT_EINVAL, "output is %d, expected one of enum vit_output",
                    (int)wanted->output);
    if (wanted->output == VIT_OUTPUT_BLOCK && wanted->block >= ctx->model->config.depth)
        return fail(err, VIT_EINVAL, "block is %zu, expected less than the model's depth, %zu",
                    wanted->block, ctx->model->config.depth);
    return VIT_OK;
}

enum vit_status vit_forward_output(struct vit_context *ctx, enum vit_output output, size_t block,
                                   size_t batch, const float *images, float *out,
                                   struct vit_error *err)
{
    const struct vit_config *c = &ctx->model->config;
    struct call call = {
        .ctx = ctx,
        .wanted = { output, block },
        .images = images,
        .image_floats = c->channels * c->height * c->width,
        .out = out,
    };
    size_t rows, columns;

    const enum vit_status status = check_call(ctx, &call.wanted, batch, err);
    if (status != VIT_OK)
        return status;
    vit_output_shape(ctx->model, output, &rows, &columns);
    call.out_floats = rows * columns;
    atomic_store(&ctx->cancelled, false);
    ctx->caller = fpenv_enter();

    /* full rounds of one image per thread; what is left over, all threads on one image at a time */
    if (ctx->slots == ctx->parallel.threads) {
        call.shared = batch / ctx->slots * ctx->slots;
        ctx->runs[0].parallel = NULL;
        parallel_run(&ctx->parallel, ctx->slots, call.shared ? ctx->slots : 0, compute_slot, &call);
    }
    ctx->runs[0].parallel = &ctx->parallel;
    for (size_t i = call.shared; i < batch; i++)
        compute(&call, &ctx->runs[0], i);

    fpenv_leave(ctx->caller);
    if (atomic_load(&ctx->cancelled))
        return fail(err, VIT_ECANCELLED, "the context's cancel hook said stop");
    return VIT_OK;
}

enum vit_status vit_forward(struct vit_context *context, size_t batch, const float *images,
                            float *logits, struct vit_error *err)
{
    return vit_forward_output(context, VIT_OUTPUT_LOGITS, 0, batch, images, logits, err);
}
