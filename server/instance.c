/* instance.c - one context of a model, with the threads and the memory of its batches */
#include "server/instance.h"

#include <stdlib.h>

#include "server/clock.h"
#include "vit/parallel.h"

enum { ALIGNMENT = 64 };

struct instance {
    struct vit_thread_pool *pool;
    struct vit_context *context;
    size_t max_batch;
    size_t image_elements, output_elements[SERVED_OUTPUTS]; /* of one image; 0: no such output */
    const float **images;                                   /* [max_batch], of a batch */
    float **outputs[SERVED_OUTPUTS];                        /* [max_batch] each, of a batch */
    /* [max_batch][elements] of images whose request does not want the output; NULL until then */
    float *unwanted[SERVED_OUTPUTS];

    /* for attention */
    size_t weight_rows, tokens, last_block; /* the weights are [weight_rows][tokens] */
    bool class_token;
    float *weights; /* NULL until the first use */
};

static float *floats(size_t count, size_t elements)
{
    if (elements && count > (SIZE_MAX - ALIGNMENT) / sizeof(float) / elements)
        return NULL;
    const size_t bytes = count * elements * sizeof(float) + ALIGNMENT;
    return aligned_alloc(ALIGNMENT, bytes / ALIGNMENT * ALIGNMENT);
}

static enum vit_status open_context(const struct vit_model *model, const struct settings *settings,
                                    struct instance *in, struct vit_error *err)
{
    const struct vit_pool_options pool = { .size = sizeof pool, .threads = settings->threads };
    const enum vit_status status = vit_pool_create(&pool, &in->pool, err);

    if (status)
        return status;
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = in->max_batch,
                                                 .threads = vit_pool_threads(in->pool),
                                                 .run = vit_pool_run,
                                                 .user = in->pool };
    return vit_context_create(model, &options, &in->context, err);
}

bool instance_create(const struct vit_model *model, const struct settings *settings,
                     struct instance **instance, struct failure *f)
{
    struct vit_config config = { .size = sizeof config };
    struct vit_error err = { .status = VIT_OK };
    struct instance *const in = calloc(1, sizeof *in);

    if (!in)
        return fail(f, 503, "context: out of memory");
    in->max_batch = settings->max_batch;
    vit_model_get_config(model, &config, NULL);
    in->image_elements = config.channels * config.height * config.width;
    for (size_t i = 0; i < SERVED_OUTPUTS; i++) {
        size_t rows, columns;
        served_output_shape(model, (enum served_output)i, &rows, &columns);
        in->output_elements[i] = rows * columns;
    }
    vit_output_shape(model, VIT_OUTPUT_ATTENTION, 0, &in->weight_rows, &in->tokens);
    in->last_block = config.depth ? config.depth - 1 : 0;
    in->class_token = config.class_tokens != VIT_CLASS_TOKENS_NONE;
    in->images = calloc(in->max_batch, sizeof *in->images);
    bool ok = in->images != NULL;
    for (size_t i = 0; i < SERVED_OUTPUTS; i++)
        ok &= (in->outputs[i] = calloc(in->max_batch, sizeof *in->outputs[i])) != NULL;
    if (!ok)
        fail(f, 503, "context: out of memory for %zu images", in->max_batch);
    else if (open_context(model, settings, in, &err) != VIT_OK)
        fail_vit(f, "context", &err);
    else {
        *instance = in;
        return true;
    }
    instance_free(in);
    return false;
}

void instance_free(struct instance *in)
{
    if (!in)
        return;
    vit_context_free(in->context);
    vit_pool_free(in->pool);
    for (size_t i = 0; i < SERVED_OUTPUTS; i++) {
        free(in->outputs[i]);
        free(in->unwanted[i]);
    }
    free(in->weights);
    free(in->images);
    free(in);
}

/* Where the images of all jobs are, one after the other. */
static size_t list_images(struct instance *in, const struct job *jobs)
{
    size_t batch = 0;

    for (const struct job *job = jobs; job; job = job->next)
        for (size_t n = 0; n < job->batch; n++)
            in->images[batch++] = job->images + n * in->image_elements;
    return batch;
}

/* Where the results of output i go; of a job that does not want it, where nobody reads it. */
static bool list_results(struct instance *in, size_t i, const struct job *jobs, struct failure *f)
{
    const size_t elements = in->output_elements[i];
    size_t at = 0;

    for (const struct job *job = jobs; job; job = job->next) {
        if (!job->results[i] && !in->unwanted[i] &&
            !(in->unwanted[i] = floats(in->max_batch, elements)))
            return fail(f, 503, "%s: out of memory", served_outputs[i].name);
        for (size_t n = 0; n < job->batch; n++, at++)
            in->outputs[i][at] =
                job->results[i] ? job->results[i] + n * elements : in->unwanted[i] + at * elements;
    }
    return true;
}

/* The outputs that any of the jobs wants. */
static bool choose_outputs(struct instance *in, const struct job *jobs,
                           struct vit_output_request *requests, size_t *count, struct failure *f)
{
    *count = 0;
    for (size_t i = 0; i < SERVED_ATTENTION; i++) {
        bool wanted = false;
        for (const struct job *job = jobs; job; job = job->next)
            wanted |= job->results[i] != NULL;
        if (!wanted)
            continue;
        if (!list_results(in, i, jobs, f))
            return false;
        requests[(*count)++] = (struct vit_output_request){ .size = sizeof *requests,
                                                            .output = served_outputs[i].output,
                                                            .data_list = in->outputs[i] };
    }
    return true;
}

/*
 * The mean over the heads of the class token's attention to each patch, the last tokens; of a model
 * without a class token, the mean over all tokens too. As `libvit attention` draws it.
 */
static void mean_attention(const struct instance *in, float *map)
{
    const size_t patches = in->output_elements[SERVED_ATTENTION],
                 step = in->class_token ? in->tokens : 1;

    for (size_t p = 0; p < patches; p++) {
        double sum = 0;
        for (size_t row = 0; row < in->weight_rows; row += step)
            sum += (double)in->weights[(row + 1) * in->tokens - patches + p];
        map[p] = (float)(sum / (double)(in->weight_rows / step));
    }
}

/* One image at a time, because the weights of all heads are large. */
static bool attend(struct instance *in, const struct job *job, struct failure *f)
{
    struct vit_error err = { .status = VIT_OK };

    if (!in->weights && !(in->weights = floats(in->weight_rows, in->tokens)))
        return fail(f, 503, "attention: out of memory");
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = VIT_OUTPUT_ATTENTION,
                                                .block = in->last_block,
                                                .data = in->weights };
    for (size_t n = 0; n < job->batch; n++) {
        const struct vit_call call = { .size = sizeof call,
                                       .batch = 1,
                                       .images = job->images + n * in->image_elements,
                                       .outputs = &request,
                                       .output_count = 1 };
        if (vit_forward_call(in->context, &call, &err) != VIT_OK)
            return fail_vit(f, NULL, &err);
        mean_attention(in,
                       job->results[SERVED_ATTENTION] + n * in->output_elements[SERVED_ATTENTION]);
    }
    return true;
}

static bool attend_all(struct instance *in, const struct job *jobs, struct failure *f)
{
    for (const struct job *job = jobs; job; job = job->next)
        if (job->results[SERVED_ATTENTION] && !attend(in, job, f))
            return false;
    return true;
}

/* The images are read and the results are written where the jobs have them. */
static bool compute(struct instance *in, const struct job *jobs, struct failure *f)
{
    struct vit_output_request requests[SERVED_OUTPUTS];
    struct vit_error err = { .status = VIT_OK };
    struct vit_call call = { .size = sizeof call,
                             .batch = list_images(in, jobs),
                             .image_list = in->images,
                             .outputs = requests };

    if (!choose_outputs(in, jobs, requests, &call.output_count, f))
        return false;
    if (call.output_count && vit_forward_call(in->context, &call, &err) != VIT_OK)
        return fail_vit(f, NULL, &err);
    return attend_all(in, jobs, f);
}

void instance_compute(struct instance *in, struct job *jobs)
{
    struct failure failure = { .http = 0 };
    const uint64_t start = clock_ns();

    compute(in, jobs, &failure);
    const uint64_t end = clock_ns();
    for (struct job *job = jobs; job; job = job->next) {
        job->failure = failure;
        job->times.started = start;
        job->times.computed = end;
    }
}
