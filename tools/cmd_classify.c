/* cmd_classify.c - `libvit classify`: classifies images */
#include <stdlib.h>
#include <string.h>

#include "tools/error.h"
#include "tools/finite.h"
#include "tools/image_batch.h"
#include "tools/print.h"
#include "tools/product.h"
#include "vit/texts.h"

struct classify_options {
    size_t top;        /* 0: not given */
    const char *texts; /* a file of vectors; NULL: the classes of the model's head */
    struct size size;
    bool json, keep_going;
};

static const struct classify_options defaults = { .top = 0 };

static const struct option options[] = {
    { .name = "top",
      .value = "K",
      .parse = parse_count,
      .field = offsetof(struct classify_options, top),
      .min = 1,
      .max = 1e6,
      .expected = "a whole number from 1 to 1000000",
      .help = "classes to print for each image; 5 for one image, else 1" },
    { .name = "texts",
      .value = "TEXTS.npy",
      .parse = parse_text,
      .field = offsetof(struct classify_options, texts),
      .expected = "a file .npy or .safetensors",
      .help = "compare images with vectors of texts, in place of a head's classes (zero-shot)" },
    OPTION_SIZE(struct classify_options),
    OPTION_JSON(struct classify_options),
    OPTION_KEEP_GOING(struct classify_options),
};

struct prediction {
    size_t class_index;
    float score, logit;
};

struct classification {
    struct image_batch batch;
    const char *texts_path;  /* NULL: the classes are those of the model's head */
    struct vit_texts *texts; /* the file's, or NULL */
    enum vit_output output;  /* of the model, for each image */
    size_t length;           /* of that output */
    size_t classes, top;
    enum vit_scores scores;
    float *logits;                  /* [classes], against texts, of one image */
    size_t *best;                   /* [top], of one image */
    float *best_scores;             /* [top] */
    struct prediction *predictions; /* [images][top], best first */
    bool stream;                    /* print the line of each image as soon as it is known */
    char **errors;                  /* [images]; NULL: the image has predictions */
};

static const char *label_of(const struct classification *c, size_t class_index)
{
    return c->texts ? vit_texts_name(c->texts, class_index)
                    : vit_model_label(c->batch.session.model, class_index);
}

static void print_image(const struct classification *c, size_t image)
{
    print_text(stdout, c->batch.paths.path[image]);
    for (size_t j = 0; j < c->top; j++) {
        const struct prediction *const p = &c->predictions[image * c->top + j];
        const char *const label = label_of(c, p->class_index);
        fputs(j ? ", " : ": ", stdout);
        if (label && *label)
            print_text(stdout, label);
        else
            printf("class %zu", p->class_index);
        if (c->scores == VIT_SCORES_NONE)
            printf(" (%g)", (double)p->score);
        else
            printf(" (%.1f %%)", 100 * (double)p->score);
    }
    putchar('\n');
}

/* The best `top` classes from the model's output for an image; *logits: those of all. */
static enum vit_status find_best(const struct classification *c, const float *out,
                                 const float **logits, struct vit_error *err)
{
    const struct vit_model *const model = c->batch.session.model;
    enum vit_status status;

    *logits = out;
    if (!c->texts)
        return vit_top_k(model, c->top, out, c->best, c->best_scores, err);
    *logits = c->logits;
    if ((status = vit_text_logits(model, c->texts, 1, out, c->logits, err)))
        return status;
    return vit_text_top_k(model, c->texts, c->top, c->logits, c->best, c->best_scores, err);
}

/* The cosine with such a vector is no number. */
static bool is_zero(size_t n, const float *x)
{
    size_t i = 0;

    while (i < n && x[i] == 0.0f)
        i++;
    return i == n;
}

/* Keeps the best `top` classes. */
static enum vit_status rank(void *arg, size_t image, const float *out, struct vit_error *err)
{
    struct classification *const c = arg;
    const size_t finite = finite_count(c->length, out);
    const float *logits;

    if (finite < c->length)
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected finite %s, found %g %s %zu; check the image and the weights "
                         "of %s",
                         path_end(c->batch.paths.path[image]), c->texts ? "features" : "logits",
                         (double)out[finite], c->texts ? "at" : "for class", finite,
                         path_end(c->batch.directory));
    if (c->texts && is_zero(c->length, out))
        return tool_fail(err, VIT_EFORMAT,
                         "%s: expected features with a direction, found zeros alone; check the "
                         "weights of %s",
                         path_end(c->batch.paths.path[image]), path_end(c->batch.directory));
    const enum vit_status status = find_best(c, out, &logits, err);
    for (size_t i = 0; !status && i < c->top; i++)
        c->predictions[image * c->top + i] =
            (struct prediction){ c->best[i], c->best_scores[i], logits[c->best[i]] };
    if (status || !c->stream)
        return status;
    print_image(c, image);
    fflush(stdout); /* lines and errors are in the order of the images where both streams are one */
    return print_check(err);
}

static enum vit_status leave_out(void *arg, size_t image, const struct vit_error *why,
                                 struct vit_error *err)
{
    struct classification *const c = arg;

    c->errors[image] = strdup(why->message);
    return c->errors[image] ? VIT_OK : tool_no_memory(err);
}

/* Classes are those of the model's head. */
static enum vit_status use_head(struct classification *c, struct vit_error *err)
{
    const char *const model = path_end(c->batch.directory);

    c->classes = c->batch.session.config.classes;
    if (c->classes == 0)
        return tool_fail(err, VIT_EINVAL, "%s: expected a model with a head, found none; %s", model,
                         c->batch.session.config.pool == VIT_POOL_NONE
                             ? "libvit run writes its tokens"
                             : "libvit features writes the vectors that a head would classify");
    if (!vit_model_is_classifier(c->batch.session.model))
        return tool_fail(
            err, VIT_EINVAL,
            "%s: expected a head that classifies, found a projection to %zu numbers; "
            "--texts compares them with those of texts, libvit run writes them, libvit "
            "features the head's input",
            model, c->classes);
    c->scores = vit_model_scores(c->batch.session.model);
    c->output = VIT_OUTPUT_LOGITS;
    c->length = c->classes;
    return VIT_OK;
}

/* Classes are the texts of a file, which the model's vectors are compared with. */
static enum vit_status use_texts(struct classification *c, struct vit_error *err)
{
    struct vit_text_scoring scoring = { .size = sizeof scoring };
    const char *const model = path_end(c->batch.directory);
    struct vit_error why;

    if (vit_model_text_scoring(c->batch.session.model, &scoring, &why))
        return tool_fail(err, why.status, "%s: %s", model, why.message);
    if (scoring.width != vit_texts_width(c->texts))
        return tool_fail(err, VIT_EINVAL,
                         "%s: expected vectors of %zu numbers, as the %s of %s, found %zu",
                         path_end(c->texts_path), scoring.width,
                         scoring.output == VIT_OUTPUT_LOGITS ? "projection" : "embedding", model,
                         vit_texts_width(c->texts));
    c->classes = vit_texts_count(c->texts);
    c->scores = scoring.scores;
    c->output = scoring.output;
    c->length = scoring.width;
    c->logits = calloc(c->classes, sizeof *c->logits);
    return c->logits ? VIT_OK : tool_no_memory(err);
}

static enum vit_status allocate(const struct classify_options *o, struct classification *c,
                                struct vit_error *err)
{
    const size_t images = c->batch.paths.count;
    const enum vit_status status = c->texts ? use_texts(c, err) : use_head(c, err);
    size_t bytes;

    if (status)
        return status;
    c->top = o->top ? o->top : images == 1 ? 5 : 1;
    if (c->top > c->classes)
        c->top = c->classes;
    if (!product(3, (size_t[]){ images, c->top, sizeof *c->predictions }, &bytes))
        return tool_no_memory(err);
    c->best = calloc(c->top + 1, sizeof *c->best); /* not 0 */
    c->best_scores = calloc(c->top + 1, sizeof *c->best_scores);
    c->predictions = malloc(bytes);
    c->errors = calloc(images, sizeof *c->errors);
    return c->best && c->best_scores && c->predictions && c->errors ? VIT_OK : tool_no_memory(err);
}

static const char *isa_of(const struct classification *c)
{
    return vit_model_kernels(c->batch.session.model)->isa;
}

static json_t *prediction_json(const struct classification *c, const struct prediction *p)
{
    const struct vit_model *const model = c->batch.session.model;
    const bool probability = c->scores != VIT_SCORES_NONE;
    const char *const description =
        c->texts ? NULL : vit_model_label_description(model, p->class_index);

    return json_pack("{s:I, s:o, s:o, s:o, s:f}", "class", (json_int_t)p->class_index, "label",
                     json_text(label_of(c, p->class_index)), "description", json_text(description),
                     "probability", probability ? json_real((double)p->score) : json_null(),
                     "logit", (double)p->logit);
}

/* {"path", "predictions"}, or {"path", "error"} of an image that could not be read */
static json_t *image_json(const struct classification *c, size_t i)
{
    if (c->errors[i])
        return json_pack("{s:o, s:o}", "path", json_text(c->batch.paths.path[i]), "error",
                         json_text(c->errors[i]));
    json_t *predictions = json_array();
    for (size_t j = 0; j < c->top; j++)
        predictions = json_with(predictions, prediction_json(c, &c->predictions[i * c->top + j]));
    return json_pack("{s:o, s:o}", "path", json_text(c->batch.paths.path[i]), "predictions",
                     predictions);
}

static enum vit_status print_as_json(const struct classification *c, struct vit_error *err)
{
    const size_t count = c->batch.paths.count;
    json_t *images = json_array();

    for (size_t i = 0; i < count; i++) {
        images = json_with(images, image_json(c, i));
    }
    json_t *const summary = json_pack(
        "{s:o, s:o, s:I, s:I, s:f, s:f, s:s, s:s, s:I}", "model", json_text(c->batch.directory),
        "texts", json_text(c->texts_path), "images", (json_int_t)count, "left_out",
        (json_int_t)c->batch.left_out, "seconds", c->batch.seconds, "images_per_s",
        (double)(count - c->batch.left_out) / c->batch.seconds, "isa", isa_of(c), "precision",
        vit_value_name("precision", (int)vit_model_precision(c->batch.session.model)), "threads",
        (json_int_t)c->batch.session.parallel.threads);
    return print_json(json_pack("{s:o, s:o}", "images", images, "summary", summary), err);
}

static void print_summary(const struct classification *c)
{
    const size_t count = c->batch.paths.count - c->batch.left_out;
    const size_t threads = c->batch.session.parallel.threads;

    fprintf(stderr, "%zu images in %.2f s: %.1f images/s (%s, %zu thread%s)", count,
            c->batch.seconds, (double)count / c->batch.seconds, isa_of(c), threads,
            threads == 1 ? "" : "s");
    if (c->batch.left_out)
        fprintf(stderr, "; %zu left out", c->batch.left_out);
    putc('\n', stderr);
}

static enum vit_status print_as_lines(const struct classification *c, struct vit_error *err)
{
    const size_t count = c->batch.paths.count;
    enum vit_status status = VIT_OK;

    for (size_t i = 0; !status && !c->stream && i < count; i++) {
        print_image(c, i);
        status = print_check(err);
    }
    fflush(stdout); /* the summary, on standard error, comes last on a terminal */
    if (!status)
        status = print_check(err);
    if (!status && count > 1)
        print_summary(c);
    return status;
}

static enum vit_status classify(const struct invocation *in, struct vit_error *err)
{
    const struct classify_options *const o = in->options;
    struct classification c = { .stream = o->keep_going && !o->json, .texts_path = o->texts };
    const struct image_consumer consumer = { rank, leave_out, &c };
    enum vit_status status = o->texts ? vit_texts_open(o->texts, &c.texts, err) : VIT_OK;

    if (!status)
        status = image_batch_open(in, o->size, o->keep_going, &c.batch, err);
    if (!status)
        status = allocate(o, &c, err);
    if (!status)
        status = image_batch_forward(&c.batch, c.output, &consumer, err);
    if (!status)
        status = o->json ? print_as_json(&c, err) : print_as_lines(&c, err);
    *in->left_out = c.batch.left_out > 0;

    for (size_t i = 0; c.errors && i < c.batch.paths.count; i++)
        free(c.errors[i]);
    free(c.errors);
    free(c.predictions);
    free(c.logits);
    free(c.best_scores);
    free(c.best);
    image_batch_close(&c.batch);
    vit_texts_free(c.texts);
    return status;
}

const struct subcommand subcommand_classify = {
    .name = "classify",
    .operands = "MODEL IMAGE...",
    .min_operands = 2,
    .max_operands = SIZE_MAX,
    .summary = "classifies images",
    .description =
        "MODEL is a checkpoint directory. An IMAGE is a JPEG, PNG or WebP file, or a directory.\n"
        "A directory means every .jpg, .jpeg, .png and .webp file in it and its subdirectories,\n"
        "sorted by name, without hidden files and linked directories. After all images are\n"
        "computed, prints a line for each: 'path: label (probability), ...'. A model for\n"
        "regression has numbers in place of probabilities; where several labels fit, or with a\n"
        "single class, each probability is on its own. For several images\n"
        "the speed is printed to standard error. If one image cannot be read, nothing is\n"
        "printed; with --keep-going each line is printed as soon as it is known, in order.\n"
        "\n"
        "With --texts the classes are texts, whose vectors another program has made with the text\n"
        "tower of the same model: an array [texts, numbers] in TEXTS.npy, with the name of each\n"
        "text in a line of TEXTS.txt; or TEXTS.safetensors, with a tensor for each text, named as\n"
        "the text, sorted by name. Vectors may have any length: they are normalized, and so are\n"
        "those of the images. A logit is scale · cosine + bias, with the checkpoint's\n"
        "logit_scale and logit_bias. Probabilities are the softmax over the texts (CLIP) or the\n"
        "sigmoid of each (SigLIP). A checkpoint without logit_scale has cosines in their place.",
    SUBCOMMAND_OPTIONS(options, defaults),
    .run = classify,
};
