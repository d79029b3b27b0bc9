/* compare_suggest.c - which layers to keep in float32: those whose return lowers the error most */
#include "tools/compare_suggest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/compare_side.h"
#include "tools/error.h"

struct candidate {
    char name[64];
    double squares; /* the sum that remains with it, when it was evaluated */
    double gain;    /* how much less that was than without it; infinite: never evaluated */
    size_t round;   /* of the evaluation: the number of layers that were chosen before */
    bool chosen;
};

/* One model with further layers kept, on all images. */
struct evaluation {
    struct comparison *c;
    struct side lower, reference; /* the latter only if float32's outputs are not kept */
    double squares;
};

static enum vit_status evaluate_batch(void *arg, size_t first, size_t count, struct vit_error *err)
{
    struct evaluation *const e = arg;
    const struct comparison *const c = e->c;
    enum vit_status status = side_forward(&e->lower, count, c->batch.pixels, err);

    if (!status && !c->kept)
        status = side_forward(&e->reference, count, c->batch.pixels, err);
    for (size_t i = 0; !status && i < count; i++)
        e->squares += compare_squares(c->length, side_output(&e->lower, 0, i),
                                      c->kept ? c->kept + (first + i) * c->length
                                              : side_output(&e->reference, 0, i));
    return status;
}

/* The sum of squared differences if `keep` stays in float32; infinite if an output is no number. */
static enum vit_status evaluate(struct comparison *c, const char *keep, double *squares,
                                struct vit_error *err)
{
    const struct vit_output_request request = { .size = sizeof request, .output = c->output };
    const struct session *const s = &c->batch.session;
    struct vit_model_options options = model_options(c->common, c->size);
    struct evaluation e = { .c = c };
    struct vit_model *model = NULL;

    options.keep = keep;
    enum vit_status status = vit_model_open(c->batch.directory, &options, &model, err);
    if (!status)
        status = side_open(s, model, NULL, s->batch, 1, &request, &e.lower, err);
    if (!status && !c->kept)
        status = side_open(s, c->reference, NULL, s->batch, 1, &request, &e.reference, err);
    if (!status)
        status = image_batch_each(&c->batch, s->batch, evaluate_batch, &e, err);
    *squares = isfinite(e.squares) ? e.squares : INFINITY;
    side_close(&e.reference);
    side_close(&e.lower);
    vit_model_free(model);
    return status;
}

/* Appends a name to the list of --keep, which has room for it. */
static void append(char *keep, const char *name)
{
    if (*keep)
        strcat(keep, ",");
    strcat(keep, name);
}

static struct candidate *list_candidates(const struct comparison *c)
{
    struct candidate *const candidates = calloc(c->lower_layers, sizeof *candidates);
    struct vit_layer_info layer = { .size = sizeof layer };
    size_t count = 0;

    for (size_t i = 0; candidates && vit_model_layer_at(c->batch.session.model, i, &layer); i++) {
        if (layer.precision != c->precision)
            continue;
        memcpy(candidates[count].name, layer.name, sizeof layer.name);
        candidates[count++].gain = INFINITY;
    }
    return candidates;
}

/* The candidate with the largest known gain; of equal ones the first. NULL: all are chosen. */
static struct candidate *find_top(size_t count, struct candidate *candidates)
{
    struct candidate *top = NULL;

    for (size_t i = 0; i < count; i++)
        if (!candidates[i].chosen && (!top || candidates[i].gain > top->gain))
            top = &candidates[i];
    return top;
}

/* The candidate that lowers `squares` most; NULL: none lowers them. `trial` has room for a name. */
static enum vit_status choose(struct comparison *c, struct candidate *candidates, double squares,
                              char *trial, struct suggestion *s, const struct candidate **chosen,
                              struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    struct candidate *top = NULL;

    *chosen = NULL;
    while (!status && (top = find_top(c->lower_layers, candidates)) &&
           (top->gain == HUGE_VAL || top->round != s->count)) {
        strcpy(trial, s->keep);
        append(trial, top->name);
        status = evaluate(c, trial, &top->squares, err);
        s->evaluations++;
        top->gain = squares - top->squares;
        top->round = s->count;
    }
    if (status || !top || top->gain <= 0)
        return status;
    top->chosen = true;
    *chosen = top;
    return VIT_OK;
}

/* Room for the names of --keep on the command line, and for `count` more. */
static char *allocate_keep(const char *keep, size_t count)
{
    const size_t given = keep ? strlen(keep) : 0;
    char *const text = malloc(given + 1 + count * (sizeof((struct candidate *)0)->name + 1));

    if (text)
        snprintf(text, given + 1, "%s", keep ? keep : "");
    return text;
}

enum vit_status suggest_layers(struct comparison *c, size_t count, struct suggestion *s,
                               struct vit_error *err)
{
    struct candidate *const candidates = list_candidates(c);
    char *const trial = allocate_keep(c->common->keep, count);
    const struct candidate *chosen = NULL;
    enum vit_status status = VIT_OK;
    double squares = c->squares;

    *s = (struct suggestion){ .layers = calloc(count, sizeof *s->layers),
                              .keep = allocate_keep(c->common->keep, count) };
    if (!candidates || !trial || !s->layers || !s->keep)
        status = tool_no_memory(err);
    while (!status && s->count < count) {
        status = choose(c, candidates, squares, trial, s, &chosen, err);
        if (status || !chosen)
            break;
        struct suggested_layer *const layer = &s->layers[s->count++];
        squares = chosen->squares;
        memcpy(layer->name, chosen->name, sizeof layer->name);
        layer->rms = compare_rms(c, squares);
        append(s->keep, chosen->name);
    }
    free(trial);
    free(candidates);
    return status;
}

void suggestion_free(struct suggestion *s)
{
    free(s->keep);
    free(s->layers);
    *s = (struct suggestion){ 0 };
}
