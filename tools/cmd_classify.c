/* cmd_classify.c - `vit classify`: names what is in pictures */
#include <math.h>
#include <stdlib.h>

#include "tools/image_batch.h"

struct prediction {
    size_t class_index;
    double probability;
    float logit;
};

/* What one call works on. */
struct classification {
    const struct options *options;
    struct pictures pictures;
    size_t classes, top;
    struct prediction *all;         /* [classes], of one image */
    struct prediction *predictions; /* [paths.count][top], best first */
};

static int best_first(const void *a, const void *b)
{
    const struct prediction *const p = a, *const q = b;

    if (p->logit != q->logit)
        return p->logit > q->logit ? -1 : 1;
    return p->class_index < q->class_index ? -1 : 1;
}

/* Softmax in double over all classes; the best `top` are kept. */
static enum vit_status rank(void *arg, size_t image, const float *logits, struct vit_error *err)
{
    struct classification *const c = arg;
    double sum = 0;

    for (size_t i = 0; i < c->classes; i++) {
        if (!isfinite(logits[i]))
            return tool_fail(err, VIT_EFORMAT,
                             "%s: expected finite logits, found %g for class %zu: the weights of "
                             "the model %s or the picture are at fault",
                             tool_path(c->pictures.paths.path[image]), (double)logits[i], i,
                             tool_path(c->pictures.folder));
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

static enum vit_status allocate(struct classification *c, struct vit_error *err)
{
    const size_t images = c->pictures.paths.count;
    size_t kept;

    c->classes = model_config(c->pictures.runner.model).classes;
    if (c->classes == 0)
        return tool_fail(err, VIT_EINVAL,
                         "%s: the model has no head, so no classes; vit features writes what a "
                         "head would see",
                         tool_path(c->pictures.folder));
    if (!vit_model_is_classifier(c->pictures.runner.model))
        return tool_fail(err, VIT_EINVAL,
                         "%s: the model's head projects to %zu numbers, which are no classes; vit "
                         "run writes them, vit features what the head sees",
                         tool_path(c->pictures.folder), c->classes);
    c->top = c->options->top ? c->options->top : images == 1 ? 5 : 1;
    if (c->top > c->classes)
        c->top = c->classes;
    if (!product(3, (size_t[]){ images, c->top, sizeof *c->predictions }, &kept))
        return tool_no_memory(err);
    c->all = calloc(c->classes, sizeof *c->all);
    c->predictions = malloc(kept);
    return c->all && c->predictions ? VIT_OK : tool_no_memory(err);
}

static json_t *prediction_json(const struct classification *c, const struct prediction *p)
{
    return json_pack("{s:I, s:o, s:f, s:f}", "class", (json_int_t)p->class_index, "label",
                     json_text(vit_model_label(c->pictures.runner.model, p->class_index)),
                     "probability", p->probability, "logit", (double)p->logit);
}

static enum vit_status print_as_json(const struct classification *c, struct vit_error *err)
{
    json_t *images = json_array();

    for (size_t i = 0; i < c->pictures.paths.count; i++) {
        json_t *predictions = json_array();
        for (size_t j = 0; j < c->top; j++)
            predictions =
                json_with(predictions, prediction_json(c, &c->predictions[i * c->top + j]));
        images =
            json_with(images, json_pack("{s:o, s:o}", "path", json_text(c->pictures.paths.path[i]),
                                        "predictions", predictions));
    }
    json_t *const summary =
        json_pack("{s:o, s:I, s:f, s:f, s:s, s:I}", "model", json_text(c->pictures.folder),
                  "images", (json_int_t)c->pictures.paths.count, "seconds", c->pictures.seconds,
                  "images_per_s", (double)c->pictures.paths.count / c->pictures.seconds, "isa",
                  vit_model_kernels(c->pictures.runner.model)->isa, "threads",
                  (json_int_t)c->pictures.runner.threads);
    return print_json(json_pack("{s:o, s:o}", "images", images, "summary", summary), err);
}

static enum vit_status print_as_lines(const struct classification *c, struct vit_error *err)
{
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && i < c->pictures.paths.count; i++) {
        print_plain(stdout, c->pictures.paths.path[i]);
        for (size_t j = 0; j < c->top; j++) {
            const struct prediction *const p = &c->predictions[i * c->top + j];
            const char *const label = vit_model_label(c->pictures.runner.model, p->class_index);
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
    if (!status && c->pictures.paths.count > 1)
        fprintf(stderr, "%zu images in %.2f s: %.1f images/s (%s, %zu thread%s)\n",
                c->pictures.paths.count, c->pictures.seconds,
                (double)c->pictures.paths.count / c->pictures.seconds,
                vit_model_kernels(c->pictures.runner.model)->isa, c->pictures.runner.threads,
                c->pictures.runner.threads == 1 ? "" : "s");
    return status;
}

static enum vit_status classify(const struct options *options, size_t count, char **operands,
                                struct vit_error *err)
{
    struct classification c = { .options = options };
    enum vit_status status = pictures_open(options, count, operands, &c.pictures, err);

    if (!status)
        status = allocate(&c, err);
    if (!status)
        status = pictures_forward(&c.pictures, VIT_OUTPUT_LOGITS, rank, &c, err);
    if (!status && options->json)
        status = print_as_json(&c, err);
    else if (!status)
        status = print_as_lines(&c, err);

    free(c.predictions);
    free(c.all);
    pictures_close(&c.pictures);
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
