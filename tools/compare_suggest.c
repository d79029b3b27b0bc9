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
    size_t round;   /* of the evaluation: the number of layers chosen before; SIZE_MAX: none */
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
    options.packed = NULL; /* it has other layers in float32 */
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

/* The list of --keep with one more name, from malloc; NULL: out of memory. */
static char *with_layer(const char *keep, const char *name)
{
    const size_t bytes = strlen(keep) + strlen(name) + 2;
    char *const text = malloc(bytes);

    if (text)
        snprintf(text, bytes, "%s%s%s", keep, *keep ? "," : "", name);
    return text;
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
        candidates[count].gain = INFINITY;
        candidates[count++].round = SIZE_MAX;
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

/* Evaluates a candidate besides the layers that are chosen. */
static enum vit_status try(struct comparison *c, const struct suggestion *s, double squares,
                           struct candidate *candidate, struct vit_error *err)
{
    char *const keep = with_layer(s->keep, candidate->name);
    const enum vit_status status =
        keep ? evaluate(c, keep, &candidate->squares, err) : tool_no_memory(err);

    candidate->gain = squares - candidate->squares;
    candidate->round = s->count;
    free(keep);
    return status;
}

/*
 * What a choice must evaluate next: the top candidate, unless its gain is of this round; and where
 * that gain lowers nothing, each of the others, because gains can grow. NULL: the choice is known.
 */
static struct candidate *find_untried(size_t count, struct candidate *candidates, size_t round)
{
    struct candidate *const top = find_top(count, candidates);

    if (!top || top->round != round)
        return top;
    for (size_t i = 0; i < count && top->gain <= 0; i++)
        if (!candidates[i].chosen && candidates[i].round != round)
            return &candidates[i];
    return NULL;
}

/* The candidate that lowers `squares` most; NULL: none lowers them. */
static enum vit_status choose(struct comparison *c, struct candidate *candidates, double squares,
                              struct suggestion *s, struct candidate **chosen,
                              struct vit_error *err)
{
    enum vit_status status = VIT_OK;
    struct candidate *untried;

    while (!status && (untried = find_untried(c->lower_layers, candidates, s->count))) {
        status = try(c, s, squares, untried, err);
        s->evaluations++;
    }
    struct candidate *const top = status ? NULL : find_top(c->lower_layers, candidates);
    *chosen = top && top->gain > 0 ? top : NULL;
    return status;
}

static enum vit_status choose_all(struct comparison *c, size_t count, struct candidate *candidates,
                                  struct suggestion *s, struct vit_error *err)
{
    struct candidate *chosen = NULL;
    double squares = c->squares;
    enum vit_status status = choose(c, candidates, squares, s, &chosen, err);

    while (!status && chosen) {
        char *const keep = with_layer(s->keep, chosen->name);
        if (!keep)
            return tool_no_memory(err);
        free(s->keep);
        s->keep = keep;
        struct suggested_layer *const layer = &s->layers[s->count++];
        memcpy(layer->name, chosen->name, sizeof layer->name);
        squares = chosen->squares;
        layer->rms = compare_rms(c, squares);
        chosen->chosen = true;
        chosen = NULL;
        if (s->count < count)
            status = choose(c, candidates, squares, s, &chosen, err);
    }
    return status;
}

enum vit_status suggest_layers(struct comparison *c, size_t count, struct suggestion *s,
                               struct vit_error *err)
{
    struct candidate *const candidates = list_candidates(c);

    *s = (struct suggestion){ .layers = calloc(count, sizeof *s->layers),
                              .keep = strdup(c->common->keep ? c->common->keep : "") };
    const enum vit_status status = candidates && s->layers && s->keep
                                       ? choose_all(c, count, candidates, s, err)
                                       : tool_no_memory(err);
    free(candidates);
    return status;
}

void suggestion_free(struct suggestion *s)
{
    free(s->keep);
    free(s->layers);
    *s = (struct suggestion){ 0 };
}
