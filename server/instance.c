/* instance.c - one context of a model, with the threads and the memory of its batches */
#include "server/instance.h"

#include <stdlib.h>
#include <string.h>

#include "server/clock.h"
#include "vit/parallel.h"

enum { ALIGNMENT = 64 };

struct instance {
    struct vit_thread_pool *pool;
    struct vit_context *context;
    size_t max_batch;
    size_t image_elements, output_elements[SERVED_OUTPUTS]; /* of one image; 0: no such output */
    float *images;                                          /* [max_batch][image_elements] */
    float *outputs[SERVED_OUTPUTS]; /* [max_batch][elements]; NULL until the first use */
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
        vit_output_shape(model, served_outputs[i].output, 0, &rows, &columns);
        in->output_elements[i] = rows * columns;
    }
    in->images = floats(in->max_batch, in->image_elements);
    if (!in->images)
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
    for (size_t i = 0; i < SERVED_OUTPUTS; i++)
        free(in->outputs[i]);
    free(in->images);
    free(in);
}

/* The outputs that any of the jobs wants. A job that is alone has them where it wants them. */
static bool choose_outputs(struct instance *in, const struct job *jobs,
                           struct vit_output_request *requests, size_t *count, struct failure *f)
{
    *count = 0;
    for (size_t i = 0; i < SERVED_OUTPUTS; i++) {
        bool wanted = false;
        for (const struct job *job = jobs; job; job = job->next)
            wanted |= job->results[i] != NULL;
        if (!wanted)
            continue;
        if (jobs->next && !in->outputs[i] &&
            !(in->outputs[i] = floats(in->max_batch, in->output_elements[i])))
            return fail(f, 503, "%s: out of memory", served_outputs[i].name);
        requests[(*count)++] =
            (struct vit_output_request){ .size = sizeof *requests,
                                         .output = served_outputs[i].output,
                                         .data = jobs->next ? in->outputs[i] : jobs->results[i] };
    }
    return true;
}

/* The images of all jobs one after the other. A single job's are used where they are. */
static const float *gather(struct instance *in, struct job *jobs, size_t *batch)
{
    const bool in_place = !jobs->next && (uintptr_t)jobs->images % sizeof(float) == 0;
    const uint64_t start = clock_ns();
    *batch = 0;
    for (struct job *job = jobs; job; job = job->next) {
        if (!in_place)
            memcpy(in->images + *batch * in->image_elements, job->images,
                   job->batch * in->image_elements * sizeof(float));
        *batch += job->batch;
        job->times.started = start;
    }
    const uint64_t now = clock_ns();
    for (struct job *job = jobs; job; job = job->next)
        job->times.gathered = now;
    return in_place ? jobs->images : in->images;
}

static void scatter(const struct instance *in, struct job *jobs)
{
    size_t first = 0;

    for (struct job *job = jobs; job; job = job->next) {
        for (size_t i = 0; i < SERVED_OUTPUTS; i++)
            if (job->results[i] && jobs->next)
                memcpy(job->results[i], in->outputs[i] + first * in->output_elements[i],
                       job->batch * in->output_elements[i] * sizeof(float));
        first += job->batch;
    }
}

void instance_compute(struct instance *in, struct job *jobs)
{
    struct vit_output_request requests[SERVED_OUTPUTS];
    struct vit_error err = { .status = VIT_OK };
    struct failure failure = { .http = 0 };
    struct vit_call call = { .size = sizeof call, .outputs = requests };

    call.images = gather(in, jobs, &call.batch);
    if (choose_outputs(in, jobs, requests, &call.output_count, &failure) &&
        vit_forward_call(in->context, &call, &err) != VIT_OK)
        fail_vit(&failure, NULL, &err);
    const uint64_t computed = clock_ns();
    if (!failure.http)
        scatter(in, jobs);
    const uint64_t finished = clock_ns();
    for (struct job *job = jobs; job; job = job->next) {
        job->failure = failure;
        job->times.computed = computed;
        job->times.finished = finished;
    }
}
