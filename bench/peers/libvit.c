/* libvit.c - libvit as one of the compared libraries */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"
#include "measure/memory.h"
#include "peers.h"
#include "vit/kernels.h"
#include "vit/vit.h"

static const struct machine *here;

struct state {
    struct work work;
    struct vit_packed packed;
    void *scratch;
    struct vit_model *model;
    struct vit_context *context;
    size_t ld, ld_out; /* of attention's operands, as in a forward pass */
    float *images, *logits;
};

static bool open_libvit(const struct machine *machine, char *text)
{
    here = machine;
    snprintf(text, TEXT_SIZE, "%s %s", vit_version(), machine->kernels->isa);
    return true;
}

static void call_matmul(void *state)
{
    const struct state *const s = state;
    const struct work *const w = &s->work;

    vit_matmul(NULL, &(struct vit_matmul_args){ .m = w->m,
                                                .a = w->x,
                                                .lda = w->k,
                                                .b = &s->packed,
                                                .c = w->y,
                                                .ldc = w->n,
                                                .scratch = s->scratch });
}

static void call_rows(void *state)
{
    const struct work *const w = &((const struct state *)state)->work;

    if (w->kind == WORK_LAYERNORM)
        here->kernels->layernorm(&(struct vit_layernorm_args){ .rows = w->m,
                                                               .n = w->n,
                                                               .x = w->x,
                                                               .ldx = w->n,
                                                               .gamma = w->gamma,
                                                               .beta = w->beta,
                                                               .eps = 1e-6f,
                                                               .y = w->y,
                                                               .ldy = w->n });
    else if (w->kind == WORK_SOFTMAX)
        here->kernels->softmax(w->m, w->n, w->x, w->n, w->y, w->n);
    else
        for (size_t i = 0; i < w->m; i++)
            here->kernels->activation[VIT_ACTIVATION_GELU](
                w->n, w->x + i * w->n, &(struct vit_activation_args){ 0 }, w->y + i * w->n);
}

static void call_forward(void *state)
{
    const struct state *const s = state;
    struct vit_error err;

    if (vit_forward(s->context, s->work.batch, s->images, s->logits, &err) != VIT_OK)
        fatal("libvit: %s", err.message);
}

static void call_attention(void *state)
{
    const struct state *const s = state;
    const struct work *const w = &s->work;
    const size_t dim = w->n * w->k;

    vit_attention(here->kernels, NULL,
                  &(struct vit_attention_args){ .queries = w->m,
                                                .tokens = w->m,
                                                .heads = w->n,
                                                .head_dim = w->k,
                                                .q = w->x,
                                                .ldq = s->ld,
                                                .k = w->x + dim,
                                                .v = w->x + 2 * dim,
                                                .ldkv = s->ld,
                                                .out = w->y,
                                                .ld_out = s->ld_out,
                                                .scale = 0.125f,
                                                .scratch = s->scratch });
}

static double run_attention(void *state, size_t repeats)
{
    return time_calls(call_attention, state, repeats);
}

static double run_matmul(void *state, size_t repeats)
{
    return time_calls(call_matmul, state, repeats);
}

static double run_rows(void *state, size_t repeats)
{
    return time_calls(call_rows, state, repeats);
}

static double run_forward(void *state, size_t repeats)
{
    return time_calls(call_forward, state, repeats);
}

static void copy_logits(void *state, size_t count, float *logits)
{
    memcpy(logits, ((const struct state *)state)->logits, count * sizeof *logits);
}

static void close_forward(void *state)
{
    struct state *const s = state;

    vit_context_free(s->context);
    vit_model_free(s->model);
    free(s->images);
    free(s->logits);
    free(s);
}

static void open_forward(struct state *s)
{
    const struct vit_model_options model = { .size = sizeof model,
                                             .isa = here->kernels->isa,
                                             .precision = s->work.precision };
    const struct vit_context_options context = { .size = sizeof context,
                                                 .max_batch = s->work.batch,
                                                 .threads = s->work.threads };
    char directory[4096];
    struct vit_error err;

    snprintf(directory, sizeof directory, "%s/peers/%s", here->build, s->work.model);
    unbind(); /* the context's threads inherit it */
    if (vit_model_open(directory, &model, &s->model, &err) != VIT_OK ||
        vit_context_create(s->model, &context, &s->context, &err) != VIT_OK)
        fatal("libvit: %s", err.message);
    bind_process(here, 0);
    struct vit_config c = { .size = sizeof c };
    vit_model_get_config(s->model, &c, NULL);
    s->images = new_floats(s->work.batch * c.channels * c.height * c.width);
    s->logits = allocate(s->work.batch * c.classes * sizeof *s->logits);
}

static void close_kernel(void *state)
{
    struct state *const s = state;

    free((void *)s->packed.panels);
    free(s->scratch);
    free(s);
}

static void pack(struct state *s)
{
    static const enum vit_matmul_pair pairs[] = { [VIT_PRECISION_FLOAT32] = VIT_MATMUL_F32_F32,
                                                  [VIT_PRECISION_FLOAT16] = VIT_MATMUL_F32_F16,
                                                  [VIT_PRECISION_INT8] = VIT_MATMUL_U8_S8 };
    const struct work *const w = &s->work;
    const struct vit_matmul_kernel *const kernel = &here->kernels->matmul[pairs[w->precision]];
    void *const panels = allocate(vit_packed_bytes(kernel, w->n, w->k));

    s->packed = (struct vit_packed){ kernel, w->n, w->k, panels };
    vit_pack(&s->packed, 0, w->n, w->w, w->k, 1);
    s->scratch = allocate(vit_matmul_scratch_bytes(&s->packed, w->m, 1) + 1);
}

static bool prepare(const struct work *work, struct job *job)
{
    struct state *const s = allocate(sizeof *s);

    *s = (struct state){ .work = *work };
    if (work->kind == WORK_FORWARD) {
        open_forward(s);
        *job = (struct job){
            .run = run_forward, .result = copy_logits, .close = close_forward, .state = s
        };
    } else if (work->kind == WORK_MATMUL) {
        pack(s);
        *job = (struct job){ .run = run_matmul, .close = close_kernel, .state = s };
    } else if (work->kind == WORK_ATTENTION) {
        s->ld = memory_stride(3 * work->n * work->k);
        s->ld_out = memory_stride(work->n * work->k);
        s->scratch = allocate(vit_attention_scratch_bytes(here->kernels, work->m, work->k, 1));
        *job = (struct job){ .run = run_attention, .close = close_kernel, .state = s };
    } else {
        *job = (struct job){ .run = run_rows, .close = close_kernel, .state = s };
    }
    return true;
}

static bool prepare_float32(const struct work *work, struct job *job)
{
    struct work same = *work;

    same.precision = VIT_PRECISION_FLOAT32;
    return prepare(&same, job);
}

const struct peer peer_libvit = { .name = "libvit",
                                  .open = open_libvit,
                                  .prepare = prepare,
                                  .does = DOES_MATMUL | DOES_ROWS | DOES_FORWARD | DOES_ATTENTION |
                                          DOES_FLOAT16 | DOES_INT8 | DOES_FORWARD_INT8 };
const struct peer peer_libvit_float32 = { .name = "libvit float32",
                                          .prepare = prepare_float32,
                                          .does = DOES_FLOAT16 | DOES_INT8 | DOES_FORWARD_INT8,
                                          .of = &peer_libvit };
