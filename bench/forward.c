/* forward.c - benchmarks of whole forward passes, over threads and batch */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/threads.h"
#include "kinds.h"
#include "measure.h"
#include "measure/kinds/operands.h"
#include "vit/inspect.h"
#include "vit/vit.h"

/*
 * The models, and scalar's output of the first block, which is computed on first use. Every level,
 * thread count and batch must give the same. The other blocks are like the first; all blocks of
 * ViT-L would take scalar 90 seconds.
 */
enum { PRECISIONS = VIT_PRECISION_INT8 + 1 };
static struct architecture {
    const char *name;
    float *references[PRECISIONS]; /* [tokens][dim] each, or NULL */
} architectures[] = {
    { .name = "vit_small_patch16_224" },
    { .name = "vit_base_patch16_224" },
    { .name = "vit_large_patch16_224" },
};
enum { ARCHITECTURES = sizeof architectures / sizeof *architectures };

struct forward {
    struct architecture *architecture;
    enum vit_precision precision;
    size_t batch, threads;
    struct vit_model *model;
    struct vit_context *context;
    size_t image_floats;
    float *images; /* [batch][channels][height][width], copies of one image */
    float *logits; /* [batch][classes] */
};

static struct vit_error error; /* of the last failure; its message outlives the benchmark */

static enum vit_status out_of_memory(void)
{
    snprintf(error.message, sizeof error.message, "%s", no_memory);
    return VIT_ENOMEM;
}

static void close_forward(struct forward *f)
{
    free(f->logits);
    free(f->images);
    vit_context_free(f->context);
    vit_model_free(f->model);
}

/* Weights are random and the same on every level. After a failure f may be incomplete. */
static enum vit_status open_forward(struct forward *f, const char *isa)
{
    const struct vit_model_options model = { .size = sizeof model,
                                             .isa = isa,
                                             .precision = f->precision };
    const struct vit_context_options context = { .size = sizeof context,
                                                 .max_batch = f->batch,
                                                 .threads = f->threads };
    struct vit_config c = { .size = sizeof c };
    enum vit_status status = vit_config_from_name(f->architecture->name, &c, &error);

    if (!status)
        status = vit_model_create_random(&c, 0, &model, &f->model, &error);
    if (!status)
        status = vit_context_create(f->model, &context, &f->context, &error);
    if (status)
        return status;

    f->image_floats = c.channels * c.height * c.width;
    f->images = malloc(f->batch * f->image_floats * sizeof *f->images);
    f->logits = malloc(f->batch * c.classes * sizeof *f->logits);
    if (!f->images || !f->logits)
        return out_of_memory();
    for (size_t i = 0; i < f->batch; i++)
        fill_uniform(f->image_floats, f->images + i * f->image_floats);
    return VIT_OK;
}

/* *out [batch][tokens][dim]: the first block's output, which the caller frees. */
static enum vit_status first_block(const struct forward *f, float **out, size_t *rows,
                                   size_t *columns)
{
    vit_output_shape(f->model, VIT_OUTPUT_BLOCK, 0, rows, columns);
    *out = malloc(f->batch * *rows * *columns * sizeof **out);
    if (!*out)
        return out_of_memory();
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = VIT_OUTPUT_BLOCK,
                                                .data = *out };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = f->batch,
                                   .images = f->images,
                                   .outputs = &request,
                                   .output_count = 1 };
    return vit_forward_call(f->context, &call, &error);
}

/* Uses all threads: the result does not depend on their number. */
static enum vit_status find_reference(struct architecture *architecture,
                                      enum vit_precision precision)
{
    struct forward scalar = { .architecture = architecture, .precision = precision, .batch = 1 };
    float **const reference = &architecture->references[precision];
    size_t rows, columns;

    if (*reference)
        return VIT_OK;
    enum vit_status status = open_forward(&scalar, "scalar");
    if (!status)
        status = first_block(&scalar, reference, &rows, &columns);
    close_forward(&scalar);
    return status;
}

static const char *prepare(const struct bench *bench, void **work)
{
    struct forward *const f = calloc(1, sizeof *f);

    *work = f;
    if (!f)
        return no_memory;
    f->architecture = &architectures[bench->dimensions[0]];
    f->batch = bench->dimensions[1];
    f->precision = (enum vit_precision)bench->dimensions[2];
    f->threads = bench->threads;
    return open_forward(f, bench->level->isa) ? error.message : NULL;
}

static void release(void *work)
{
    if (work)
        close_forward(work);
    free(work);
}

/* Cannot fail: the batch is valid, and nothing cancels it. */
static void run(void *work)
{
    const struct forward *const f = work;

    vit_forward(f->context, f->batch, f->images, f->logits, NULL);
}

static const char *check(void *work)
{
    const struct forward *const f = work;
    const char *failure = NULL;
    float *found = NULL;
    size_t rows, columns;

    if (find_reference(f->architecture, f->precision) || first_block(f, &found, &rows, &columns))
        failure = error.message;
    for (size_t i = 0; i < f->batch && !failure; i++)
        if (!same_rows(rows, columns, found + i * rows * columns, columns,
                       f->architecture->references[f->precision], columns))
            failure = differs_from_scalar;
    free(found);
    return failure;
}

static const struct bench_kind forward_kind = { prepare, run, check, release };

/* The dimensions are the architecture's index, the batch and the precision. */
static void add(const struct vit_kernels *level, size_t architecture, size_t batch, size_t threads,
                enum vit_precision precision)
{
    double flops;
    struct vit_config c = { .size = sizeof c };
    char name[128];

    if (vit_config_from_name(architectures[architecture].name, &c, NULL) != VIT_OK ||
        vit_config_flops(&c, &flops, NULL) != VIT_OK)
        return;
    const struct bench b = { .kind = &forward_kind,
                             .level = level,
                             .dimensions = { architecture, batch, precision },
                             .threads = threads,
                             .operations = (double)batch * flops,
                             .images = (double)batch };
    snprintf(name, sizeof name, "%s/forward/%s%s%s/batch:%zu/threads:%zu", level->isa,
             architectures[architecture].name, precision ? "." : "",
             precision ? vit_value_name("precision", (int)precision) : "", batch, threads);
    measure_add(name, &b);
}

/* The next of 1, 2, 4, …, max; after max comes max + 1. */
static size_t after(size_t threads, size_t max_threads)
{
    if (threads == max_threads)
        return max_threads + 1;
    return 2 * threads < max_threads ? 2 * threads : max_threads;
}

/* Not on scalar, which takes up to 90 seconds per image. */
void add_forwards(const struct vit_kernels *level)
{
    const size_t max_threads = threads_default();

    if (strcmp(level->isa, "scalar") == 0)
        return;
    for (size_t i = 0; i < ARCHITECTURES; i++)
        for (size_t batch = 1; batch <= 8; batch *= 8)
            for (size_t threads = 1; threads <= max_threads; threads = after(threads, max_threads))
                for (int p = 0; p < PRECISIONS; p++)
                    add(level, i, batch, threads, (enum vit_precision)p);
}

void forward_finish(void)
{
    for (size_t i = 0; i < ARCHITECTURES; i++)
        for (int p = 0; p < PRECISIONS; p++)
            free(architectures[i].references[p]);
}
