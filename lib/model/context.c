/* context.c - the memory and threads of forward passes, and the sharing out of a batch over them */
#include <stdlib.h>

#include "base/fpenv.h"
#include "base/parallel.h"
#include "base/sized.h"
#include "base/status.h"
#include "config/derived.h"
#include "config/tokenizer.h"
#include "model/forward.h"

SIZED_LAST(struct vit_context_options, user);
SIZED_LAST(struct vit_call, output_count);
SIZED_LAST(struct vit_output_request, data);

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

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The most scratch that any attention of the model wants. */
static size_t attention_scratch(const struct vit_model *m, size_t threads, bool *overflow)
{
    const struct vit_config *c = &m->config;
    const size_t tokens = config_tokens(c);
    size_t most = vit_attention_scratch_bytes(m->kernels, tokens, config_head_dim(c), threads);

    *overflow = most == 0;
    if (c->pool == VIT_POOL_MAP)
        most = larger(most,
                      vit_attention_scratch_bytes(m->kernels, tokens, c->dim / c->heads, threads));
    for (size_t i = 0; i < T2T_BLOCKS && (config_traits(c) & HAS_TOKEN_ATTENTION); i++) {
        const struct config_grid grid = config_split_grid(c, i);
        const size_t scratch = vit_attention_scratch_bytes(m->kernels, grid.rows * grid.columns,
                                                           c->t2t_dim / c->t2t_heads, threads);
        *overflow = *overflow || scratch == 0;
        most = larger(most, scratch);
    }
    return most;
}

/* Maximum rows of a linear layer's input. */
static size_t max_rows(const struct vit_config *c)
{
    size_t rows = config_tokens(c);

    for (size_t i = 0; i < SPLITS && (config_traits(c) & HAS_T2T); i++) {
        const struct config_grid grid = config_split_grid(c, i);
        rows = larger(rows, grid.rows * grid.columns);
    }
    return rows;
}

/* The buffers of one slot; slot 0 also serves images that all threads work on together. */
static void carve(struct arena *arena, const struct vit_model *m, size_t threads, struct run *r)
{
    const struct vit_config *c = &m->config;
    const size_t tokens = config_tokens(c), patches = config_patches(c), inner = config_inner(c);
    const size_t hidden = c->gated_mlp ? 2 * c->mlp_dim : c->mlp_dim;
    bool overflow;

    r->x = carve_matrix(arena, tokens, c->dim);
    r->h = carve_matrix(arena, tokens, larger(c->dim, inner));
    r->qkv =
        carve_matrix(arena, tokens, larger(3 * inner, c->pool == VIT_POOL_MAP ? 2 * c->dim : 0));
    r->mlp.ld = padded_stride(larger(larger(hidden, c->dim), config_pooled(c)));
    r->patches.ld = padded_stride(m->patch.weight.k);
    r->mlp.at = r->patches.at = arena_floats(
        arena, larger(tokens * r->mlp.ld,
                      c->tokenizer == VIT_TOKENIZER_PATCH ? patches * r->patches.ld : 0));
    r->embedding = arena_floats(arena, larger(2 * c->dim, c->pre_logits));
    if (c->pool == VIT_POOL_MAP)
        r->pool = arena_floats(arena, 3 * c->dim + c->mlp_dim);
    r->attention = arena_bytes(arena, attention_scratch(m, threads, &overflow));
    r->converted = arena_array(arena, max_rows(c), m->converted_bytes);
    arena->overflow = arena->overflow || overflow;
    tokens_carve(arena, r);
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
    struct vit_context_options o = { .size = sizeof o };
    struct vit_context *ctx;
    enum vit_status status;

    if (options && (status = sized_read(&o, options, sizeof o, "vit_context_options", err)))
        return status;
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
    ctx->run = o.run ? o.run : vit_parallel_openmp;
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
    const struct vit_config *c = &ctx->model->config;

    if (batch == 0 || batch > ctx->max_batch)
        return fail(err, VIT_EINVAL, "batch is %zu, expected 1 to the context's max_batch, %zu",
                    batch, ctx->max_batch);
    if ((unsigned)wanted->output > VIT_OUTPUT_ATTENTION)
        return fail(err, VIT_EINVAL, "output is %d, expected one of enum vit_output",
                    (int)wanted->output);
    if (wanted->output == VIT_OUTPUT_LOGITS && c->classes == 0)
        return fail(err, VIT_EINVAL,
                    "the model has no head, so no logits; it has an embedding and features");
    if ((wanted->output == VIT_OUTPUT_BLOCK || wanted->output == VIT_OUTPUT_ATTENTION) &&
        wanted->block >= c->depth)
        return fail(err, VIT_EINVAL, "block is %zu, expected less than the model's depth, %zu",
                    wanted->block, c->depth);
    if (wanted->output == VIT_OUTPUT_T2T_BLOCK &&
        (c->tokenizer == VIT_TOKENIZER_PATCH || wanted->block >= T2T_BLOCKS))
        return fail(err, VIT_EINVAL,
                    "block is %zu, expected a token transformer, 0 or 1, of a T2T-ViT",
                    wanted->block);
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
    vit_output_shape(ctx->model, output, block, &rows, &columns);
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
        return fail(err, VIT_ECANCELED, "the context's cancel hook said stop");
    return VIT_OK;
}

/* Request i of a call, as this version has it. */
static enum vit_status read_request(const struct vit_call *call, size_t i,
                                    struct vit_output_request *request, struct vit_error *err)
{
    const size_t stride = call->outputs->size;
    const void *const from = (const char *)call->outputs + i * stride;
    const enum vit_status status =
        sized_read(request, from, sizeof *request, "vit_output_request", err);

    if (!status && ((const struct vit_output_request *)from)->size != stride)
        return fail(err, VIT_EINVAL,
                    "struct vit_output_request %zu: expected size %zu as in request 0, found %zu",
                    i, stride, ((const struct vit_output_request *)from)->size);
    return status;
}

enum vit_status vit_forward_call(struct vit_context *context, const struct vit_call *call,
                                 struct vit_error *err)
{
    struct vit_call c;
    struct vit_output_request request;
    enum vit_status status = sized_read(&c, call, sizeof c, "vit_call", err);

    if (!status && c.output_count == 0)
        return fail(err, VIT_EINVAL, "struct vit_call: expected at least 1 output, found 0");
    for (size_t i = 0; !status && i < c.output_count; i++) {
        status = read_request(&c, i, &request, err);
        if (!status)
            status = vit_forward_output(context, request.output, request.block, c.batch, c.images,
                                        request.data, err);
    }
    return status;
}

enum vit_status vit_forward(struct vit_context *context, size_t batch, const float *images,
                            float *logits, struct vit_error *err)
{
    return vit_forward_output(context, VIT_OUTPUT_LOGITS, 0, batch, images, logits, err);
}
