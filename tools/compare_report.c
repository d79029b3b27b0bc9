/* compare_report.c - what `libvit compare` found, as text or JSON */
#include "tools/compare_report.h"

#include <math.h>
#include <stdlib.h>

#include "tools/error.h"
#include "tools/print.h"

static const char *precision_name(const struct comparison *c)
{
    return vit_value_name("precision", (int)c->precision);
}

/* Whether there are more classes than the best ones. */
static bool ranks_several(const struct comparison *c)
{
    return c->ranks && c->length > COMPARE_TOP;
}

/* The share of classes that are among the best of both, of all images. */
static double shared_top(const struct comparison *c)
{
    return (double)c->shared_top / (COMPARE_TOP * (double)c->batch.paths.count);
}

/* Relative to float32's output; NaN where that is 0. */
static double relative_difference(const struct comparison *c)
{
    return sqrt(c->squares / c->reference_squares);
}

/* --- text */

static const char *words_of(enum vit_output output)
{
    return output == VIT_OUTPUT_LOGITS      ? "logits"
           : output == VIT_OUTPUT_EMBEDDING ? "embeddings"
                                            : "tokens";
}

static void print_image(const struct comparison *c, size_t image)
{
    if (c->batch.paths.count > 1) {
        fputs(" (", stdout);
        print_text(stdout, c->batch.paths.path[image]);
        putchar(')');
    }
    putchar('\n');
}

static void print_head(const struct comparison *c)
{
    const size_t images = c->batch.paths.count, threads = c->batch.session.parallel.threads;

    print_text(stdout, c->batch.directory);
    printf(": %s beside float32, %zu image%s, %zu of %zu linear layers in %s (%s, %zu thread%s)\n",
           precision_name(c), images, images == 1 ? "" : "s", c->lower_layers, c->layers,
           precision_name(c), vit_model_kernels(c->reference)->isa, threads,
           threads == 1 ? "" : "s");
    if (c->output == VIT_OUTPUT_EMBEDDING)
        puts("The model has no head: its embeddings are compared.");
    if (c->output == VIT_OUTPUT_LAST_HIDDEN_STATE)
        puts("The model has no head and no embedding: the tokens of its last hidden state are "
             "compared.");
}

static void print_agreement(const struct comparison *c)
{
    const size_t images = c->batch.paths.count;

    if (c->ranks)
        printf("  top-1: the same class on %zu of %zu images (%.2f %%)\n", c->same_best, images,
               100 * (double)c->same_best / (double)images);
    if (ranks_several(c))
        printf("  top-%d: the same classes, in any order, on %zu of %zu images; %.2f %% of the "
               "classes are the same\n",
               COMPARE_TOP, c->same_top, images, 100 * shared_top(c));
}

static void print_differences(const struct comparison *c)
{
    const double relative = relative_difference(c);

    printf("  cosine of the %s: mean %.8f, minimum %.8f", words_of(c->vector),
           compare_cosine_mean(c), c->cosine_min);
    print_image(c, c->cosine_image);
    printf("  difference of the %s: rms %.4g", words_of(c->output), compare_rms(c, c->squares));
    if (isfinite(relative))
        printf(", %.3g %% of float32's", 100 * relative);
    printf("; largest %.4g at %zu", c->largest, c->largest_index);
    print_image(c, c->largest_image);
}

static void print_blocks(const struct comparison *c, const struct block_error *worst)
{
    if (c->depth == 0)
        return;
    puts("\nThe error of each block's output relative to float32's, the worst first:");
    for (size_t i = 0; i < c->depth; i++) {
        printf("  block %-4zu ", worst[i].block);
        if (isfinite(worst[i].relative))
            printf("%8.4f %%\n", 100 * worst[i].relative);
        else
            printf("infinite (rms of the error %.4g, of float32's output %.4g)\n", worst[i].error,
                   worst[i].rms);
    }
}

static void print_suggestion(const struct comparison *c, const struct suggestion *s,
                             size_t requested)
{
    if (requested == 0)
        return;
    printf("\nLayers to keep in float32, and the rms of the %s' difference that remains (%.4g "
           "without):\n",
           words_of(c->output), compare_rms(c, c->squares));
    for (size_t i = 0; i < s->count; i++)
        printf("  %-24s %.4g\n", s->layers[i].name, s->layers[i].rms);
    if (s->count < requested)
        printf("No further layer lowers it: found %zu of %zu.\n", s->count, requested);
    if (s->count > 0)
        printf("--keep %s\n", s->keep);
}

enum vit_status compare_print(const struct comparison *c, const struct suggestion *suggestion,
                              size_t requested, struct vit_error *err)
{
    struct block_error *const worst = compare_worst_first(c);

    if (!worst)
        return tool_no_memory(err);
    print_head(c);
    print_agreement(c);
    print_differences(c);
    print_blocks(c, worst);
    print_suggestion(c, suggestion, requested);
    free(worst);
    return print_check(err);
}

/* --- JSON */

/* `same` of all images. */
static json_t *agreement_json(const struct comparison *c, size_t same)
{
    return json_pack("{s:I, s:f}", "same", (json_int_t)same, "share",
                     (double)same / (double)c->batch.paths.count);
}

static json_t *top_json(const struct comparison *c)
{
    return json_set(agreement_json(c, c->same_top), "shared_classes", json_real(shared_top(c)));
}

static json_t *cosine_json(const struct comparison *c)
{
    return json_pack("{s:s, s:o, s:o, s:o}", "output", vit_output_name(c->vector), "min",
                     json_number(c->cosine_min), "mean", json_number(compare_cosine_mean(c)),
                     "min_image", json_text(c->batch.paths.path[c->cosine_image]));
}

static json_t *difference_json(const struct comparison *c)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I}", "output", vit_output_name(c->output), "rms",
                     json_number(compare_rms(c, c->squares)), "relative",
                     json_number(relative_difference(c)), "largest", json_number(c->largest),
                     "largest_image", json_text(c->batch.paths.path[c->largest_image]),
                     "largest_index", (json_int_t)c->largest_index);
}

static json_t *blocks_json(const struct comparison *c, const struct block_error *worst)
{
    json_t *blocks = json_array();

    for (size_t i = 0; i < c->depth; i++)
        blocks =
            json_with(blocks, json_pack("{s:I, s:o, s:o, s:o}", "block", (json_int_t)worst[i].block,
                                        "relative_error", json_number(worst[i].relative),
                                        "error_rms", json_number(worst[i].error), "float32_rms",
                                        json_number(worst[i].rms)));
    return blocks;
}

static json_t *suggestion_json(const struct comparison *c, const struct suggestion *s)
{
    json_t *layers = json_array();

    for (size_t i = 0; i < s->count; i++)
        layers = json_with(layers, json_pack("{s:s, s:o}", "name", s->layers[i].name, "rms",
                                             json_number(s->layers[i].rms)));
    return json_pack("{s:s, s:o, s:s, s:I}", "output", vit_output_name(c->output), "layers", layers,
                     "keep", s->keep, "evaluations", (json_int_t)s->evaluations);
}

enum vit_status compare_print_json(const struct comparison *c, const struct suggestion *suggestion,
                                   size_t requested, struct vit_error *err)
{
    struct block_error *const worst = compare_worst_first(c);
    json_t *root = json_object();

    if (!worst) {
        json_decref(root);
        return tool_no_memory(err);
    }
    const struct {
        const char *name;
        json_t *value;
    } fields[] = {
        { "model", json_text(c->batch.directory) },
        { "precision", json_text(precision_name(c)) },
        { "images", json_integer((json_int_t)c->batch.paths.count) },
        { "layers", json_integer((json_int_t)c->layers) },
        { "lower_layers", json_integer((json_int_t)c->lower_layers) },
        { "isa", json_text(vit_model_kernels(c->reference)->isa) },
        { "threads", json_integer((json_int_t)c->batch.session.parallel.threads) },
        { "top1", c->ranks ? agreement_json(c, c->same_best) : json_null() },
        { "top5", ranks_several(c) ? top_json(c) : json_null() },
        { "cosine", cosine_json(c) },
        { "difference", difference_json(c) },
        { "blocks", blocks_json(c, worst) },
        { "suggestion", requested ? suggestion_json(c, suggestion) : json_null() },
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        root = json_set(root, fields[i].name, fields[i].value);
    free(worst);
    return print_json(root, err);
}
