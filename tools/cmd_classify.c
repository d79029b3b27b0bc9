/* cmd_classify.c - `vit classify`: names what is in pictures */
#include <math.h>
#include <stdlib.h>

#include "tools/decode.h"
#include "tools/progress.h"
#include "tools/tool.h"
#include "tools/walk.h"

struct prediction {
    size_t class_index;
    double probability;
    float logit;
};

/* What one call works on. */
struct classification {
    const struct options *options;
    const char *folder; /* of the model */
    struct runner runner;
    struct paths paths;
    size_t classes, top, image_elements;
    float *images;                  /* [batch][image_elements] */
    float *logits;                  /* [batch][classes] */
    struct prediction *all;         /* [classes], of one image */
    struct prediction *predictions; /* [paths.count][top], best first */
    double seconds;                 /* from the first file to the last logits */
};

static int best_first(const void *a, const void *b)
{
    const struct prediction *const p = a, *const q = b;

    if (p->logit != q->logit)
        return p->logit > q->logit ? -1 : 1;
    return p->class_index < q->class_index ? -1 : 1;
}

/* Softmax in double over all classes; the best `top` are kept. */
static enum vit_status rank(struct classification *c, size_t image, const float *logits,
                            struct vit_error *err)
{
    double sum = 0;

    for (size_t i = 0; i < c->classes; i++) {
        if (!isfinite(logits[i]))
            return tool_fail(err, VIT_EFORMAT,
                             "%s: expected finite logits, found %g for class %zu: the weights of "
                             "the model %s or the picture are at fault",
                             tool_path(c->paths.path[image]), (double)logits[i], i,
                             tool_path(c->folder));
        c->all[i] = (struct prediction){ .class_index = i, .logit = logits[i] };
    }
    qsort(c->all, c->classes, sizeof *c->all, best_first);
    for (size_t i = 0; i < c->classes; i++) {
        c->all[i].probability = exp((double)c->all[i].logit - (double)c->all[0].logit);
        sum += c->all[i].probability;
    }
    for (size_t i = 0; i < c->top; i++) {
        c->all[i].probability /= sum;
        c->predictions[image * c->top + i] = c->all[i];
    }
    return VIT_OK;
}

static enum vit_status load_image(const struct classification *c, const char *path, float *out,
                                  struct vit_error *err)
{
    size_t height, width;
    uint8_t *rgb;
    enum vit_status status = decode_image(path, &height, &width, &rgb, err);

    if (status)
        return status;
    status =
        preprocess_picture(path, vit_model_recipe(c->runner.model), height, width, rgb, out, err);
    free(rgb);
    return status;
}

static enum vit_status classify_all(struct classification *c, struct vit_error *err)
{
    struct progress progress = progress_start(c->paths.count);
    enum vit_status status = VIT_OK;
    size_t batch;

    for (size_t first = 0; !status && first < c->paths.count; first += batch) {
        const size_t left = c->paths.count - first;
        batch = left < c->runner.batch ? left : c->runner.batch;
        for (size_t i = 0; !status && i < batch; i++) {
            status =
                load_image(c, c->paths.path[first + i], c->images + i * c->image_elements, err);
            progress_update(&progress, first);
        }
        if (!status)
            status = vit_forward(c->runner.context, batch, c->images, c->logits, err);
        for (size_t i = 0; !status && i < batch; i++)
            status = rank(c, first + i, c->logits + i * c->classes, err);
        progress_update(&progress, first + batch);
    }
    progress_clear(&progress);
    c->seconds = now() - progress.start;
    return status;
}

static enum vit_status allocate(struct classification *c, struct vit_error *err)
{
    const struct vit_config *const config = vit_model_config(c->runner.model);
    size_t images, logits, kept;

    c->classes = config->classes;
    c->top = c->options->top ? c->options->top : c->paths.count == 1 ? 5 : 1;
    if (c->top > c->classes)
        c->top = c->classes;
    if (!product(3, (size_t[]){ config->channels, config->height, config->width },
                 &c->image_elements) ||
        !product(3, (size_t[]){ c->runner.batch, c->image_elements, sizeof(float) }, &images) ||
        !product(3, (size_t[]){ c->runner.batch, c->classes, sizeof(float) }, &logits) ||
        !product(3, (size_t[]){ c->paths.count, c->top, sizeof *c->predictions }, &kept))
        return tool_no_memory(err);
    c->images = malloc(images);
    c->logits = malloc(logits);
    c->all = calloc(c->classes, sizeof *c->all);
    c->predictions = malloc(kept);
    return c->images && c->logits && c->all && c->predictions ? VIT_OK : tool_no_memory(err);
}

static json_t *prediction_json(const struct classification *c, const struct prediction *p)
{
    return json_pack("{s:I, s:o, s:f, s:f}", "class", (json_int_t)p->class_index, "label",
                     json_text(vit_model_label(c->runner.model, p->class_index)), "probability",
                     p->probability, "logit", (double)p->logit);
}

static enum vit_status print_as_json(const struct classification *c, struct vit_error *err)
{
    json_t *images = json_array();

    for (size_t i = 0; i < c->paths.count; i++) {
        json_t *predictions = json_array();
        for (size_t j = 0; j < c->top; j++)
            predictions =
                json_with(predictions, prediction_json(c, &c->predictions[i * c->top + j]));
        images = json_with(images, json_pack("{s:o, s:o}", "path", json_text(c->paths.path[i]),
                                             "predictions", predictions));
    }
    json_t *const summary = json_pack(
        "{s:o, s:I, s:f, s:f, s:s, s:I}", "model", json_text(c->folder), "images",
        (json_int_t)c->paths.count, "seconds", c->seconds, "images_per_s",
        (double)c->paths.count / c->seconds, "isa", vit_model_kernels(c->runner.model)->isa,
        "threads", (json_int_t)c->runner.threads);
    return print_json(json_pack("{s:o, s:o}", "images", images, "summary", summary), err);
}

static enum vit_status print_as_lines(const struct classification *c, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < c->paths.count; i++) {
        print_plain(stdout, c->paths.path[i]);
        for (size_t j = 0; j < c->top; j++) {
            const struct prediction *const p = &c->predictions[i * c->top + j];
            const char *const label = vit_model_label(c->runner.model, p->class_index);
            fputs(j ? ", " : ": ", stdout);
            if (label && *label)
                print_plain(stdout, label);
            else
                printf("class %zu", p->class_index);
            printf(" (%.1f %%)", 100 * p->probability);
        }
        putchar('\n');
        status = print_check(err);
    }
    fflush(stdout); /* before the summary, where both go to one terminal */
    if (!status)
        status = print_check(err);
    if (!status && c->paths.count > 1)
        fprintf(stderr, "%zu images in %.2f s: %.1f images/s (%s, %zu thread%s)\n", c->paths.count,
                c->seconds, (double)c->paths.count / c->seconds,
                vit_model_kernels(c->runner.model)->isa, c->runner.threads,
                c->runner.threads == 1 ? "" : "s");
    return status;
}

static enum vit_status classify(const struct options *options, size_t count, char **operands,
                                struct vit_error *err)
{
    struct classification c = { .options = options, .folder = operands[0] };
    enum vit_status status = VIT_OK;

    for (size_t i = 1; !status && i < count; i++)
        status = walk(operands[i], &c.paths, err);
    if (!status)
        status = runner_open(options, operands[0], c.paths.count, &c.runner, err);
    if (!status)
        status = allocate(&c, err);
    if (!status)
        status = classify_all(&c, err);
    if (!status && options->json)
        status = print_as_json(&c, err);
    else if (!status)
        status = print_as_lines(&c, err);

    free(c.predictions);
    free(c.all);
    free(c.logits);
    free(c.images);
    runner_close(&c.runner);
    paths_free(&c.paths);
    return status;
}

const struct verb verb_classify = {
    .name = "classify",
    .bit = FOR_CLASSIFY,
    .operands = "MODEL IMAGE...",
    .least = 2,
    .most = SIZE_MAX,
    .summary = "names what is in pictures",
    .description =
        "MODEL is a checkpoint folder. An IMAGE is a JPEG, PNG or WebP file, or a folder: of a\n"
        "folder, and the folders in it, every .jpg, .jpeg, .png and .webp is taken, sorted by\n"
        "name; hidden files and folders and linked folders inside it are skipped. Prints a line\n"
        "for each image, 'path: label (probability), ...', once all are done, and for several\n"
        "images how many a second, on standard error. One image that cannot be read is an error,\n"
        "and nothing is printed.",
    .run = classify,
};
