/* comparison.c - what a lower precision changes: both models of a checkpoint on the same images */
#include "tools/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/compare_side.h"
#include "tools/error.h"
#include "tools/finite.h"
#include "tools/product.h"

/* Outputs of both models that are in memory at a time, unless one image has more. */
static const size_t max_floats = (size_t)64 << 20;

/* --- opening */

/* The words of --precision but float32, as text. */
static enum vit_status expect_precision(struct vit_error *err)
{
    const char *const reference = vit_value_name("precision", VIT_PRECISION_FLOAT32);
    char words[128] = "";
    const char *name;

    for (int p = VIT_PRECISION_FLOAT32 + 1; (name = vit_value_name("precision", p)); p++) {
        const size_t used = strlen(words);
        const bool last = !vit_value_name("precision", p + 1);
        snprintf(words + used, sizeof words - used, "%s%s",
                 !used  ? ""
                 : last ? " or "
                        : ", ",
                 name);
    }
    return tool_fail(err, VIT_EINVAL,
                     "compare: expected --precision %s, which is compared with %s, found %s", words,
                     reference, reference);
}

static enum vit_status count_layers(struct comparison *c, size_t suggest, struct vit_error *err)
{
    struct vit_layer_info layer = { .size = sizeof layer };
    const char *const name = vit_value_name("precision", (int)c->precision);
    const char *const model = path_end(c->batch.directory);

    for (; vit_model_layer_at(c->batch.session.model, c->layers, &layer); c->layers++)
        c->lower_layers += layer.precision == c->precision;
    if (c->lower_layers == 0)
        return tool_fail(err, VIT_EINVAL,
                         "%s: expected linear layers in %s, found none of %zu: nothing differs "
                         "from float32",
                         model, name, c->layers);
    if (suggest > c->lower_layers)
        return tool_fail(err, VIT_EINVAL,
                         "--suggest: expected a whole number from 1 to %zu, the layers of %s in "
                         "%s, found %zu",
                         c->lower_layers, model, name, suggest);
    return VIT_OK;
}

/* Which outputs are compared. */
static void choose_outputs(struct comparison *c)
{
    const struct vit_model *const model = c->batch.session.model;
    size_t rows, columns;

    vit_output_shape(model, VIT_OUTPUT_EMBEDDING, 0, NULL, &columns);
    c->vector = columns > 0 ? VIT_OUTPUT_EMBEDDING : VIT_OUTPUT_LAST_HIDDEN_STATE;
    c->output = c->batch.session.config.classes > 0 ? VIT_OUTPUT_LOGITS : c->vector;
    c->ranks = vit_model_is_classifier(model) && vit_model_scores(model) != VIT_SCORES_NONE &&
               c->batch.session.config.classes > 1;
    vit_output_shape(model, c->output, 0, &rows, &columns);
    c->length = rows * columns;
    c->depth = c->batch.session.config.depth;
}

static enum vit_status allocate(struct comparison *c, bool keep, struct vit_error *err)
{
    size_t rows, bytes;

    c->blocks = calloc(c->depth + 1, sizeof *c->blocks); /* not 0 */
    if (!c->blocks)
        return tool_no_memory(err);
    for (size_t i = 0; i < c->depth; i++)
        c->blocks[i].block = i;
    /* tokens of all images would be too much: they are computed each time */
    vit_output_shape(c->reference, c->output, 0, &rows, NULL);
    if (!keep || rows > 1)
        return VIT_OK;
    if (product(3, (size_t[]){ c->batch.paths.count, c->length, sizeof *c->kept }, &bytes))
        c->kept = malloc(bytes);
    return c->kept ? VIT_OK : tool_no_memory(err);
}

enum vit_status compare_open(const struct invocation *in, struct size size, size_t suggest,
                             struct comparison *c, struct vit_error *err)
{
    struct vit_model_options options = model_options(in->common, size);
    enum vit_status status;

    *c = (struct comparison){
        .common = in->common, .size = size, .precision = options.precision, .cosine_min = INFINITY
    };
    if (options.precision == VIT_PRECISION_FLOAT32)
        return expect_precision(err);
    status = image_batch_open(in, size, false, &c->batch, err);
    if (!status)
        status = count_layers(c, suggest, err);
    if (status)
        return status;
    options.precision = VIT_PRECISION_FLOAT32;
    options.keep = options.packed = NULL;
    status = vit_model_open(c->batch.directory, &options, &c->reference, err);
    if (status)
        return status;
    choose_outputs(c);
    return allocate(c, suggest > 0, err);
}

void compare_close(struct comparison *c)
{
    free(c->kept);
    free(c->blocks);
    vit_model_free(c->reference);
    image_batch_close(&c->batch);
    *c = (struct comparison){ 0 };
}

/* --- measuring */

double compare_squares(size_t count, const float *a, const float *b)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++) {
        const double d = (double)a[i] - (b ? (double)b[i] : 0);
        sum += d * d;
    }
    return sum;
}

double compare_rms(const struct comparison *c, double squares)
{
    return sqrt(squares / ((double)c->batch.paths.count * (double)c->length));
}

double compare_cosine_mean(const struct comparison *c)
{
    return c->cosine_sum / (double)c->batch.paths.count;
}

/* Two zero vectors are equal; one alone has no direction. */
static double cosine(size_t count, const float *a, const float *b)
{
    const double aa = compare_squares(count, a, NULL), bb = compare_squares(count, b, NULL);
    double ab = 0;

    for (size_t i = 0; i < count; i++)
        ab += (double)a[i] * (double)b[i];
    if (aa == 0 || bb == 0)
        return aa == bb ? 1 : 0;
    return fmax(-1, fmin(1, ab / (sqrt(aa) * sqrt(bb))));
}

/*
 * The indices of the largest numbers, the largest first; of equal ones the first. Returns how many
 * there are: COMPARE_TOP, unless `count` is less.
 */
static size_t find_best(size_t count, const float *x, size_t best[COMPARE_TOP])
{
    size_t found = 0;

    for (; found < COMPARE_TOP && found < count; found++) {
        size_t next = count;
        for (size_t i = 0; i < count; i++) {
            bool taken = false;
            for (size_t j = 0; j < found; j++)
                taken = taken || best[j] == i;
            if (!taken && (next == count || x[i] > x[next]))
                next = i;
        }
        best[found] = next;
    }
    return found;
}

static void count_agreement(struct comparison *c, const float *expected, const float *found)
{
    size_t a[COMPARE_TOP] = { 0 }, b[COMPARE_TOP] = { 0 }, shared = 0;
    const size_t count = find_best(c->length, expected, a);

    find_best(c->length, found, b);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            shared += a[i] == b[j];
    c->same_best += a[0] == b[0];
    c->same_top += shared == count;
    c->shared_top += shared;
}

static void add_difference(struct comparison *c, size_t image, const float *expected,
                           const float *found)
{
    c->squares += compare_squares(c->length, found, expected);
    c->reference_squares += compare_squares(c->length, expected, NULL);
    for (size_t i = 0; i < c->length; i++) {
        const double d = fabs((double)found[i] - (double)expected[i]);
        if (d <= c->largest)
            continue;
        c->largest = d;
        c->largest_image = image;
        c->largest_index = i;
    }
}

static enum vit_status check_finite(const struct comparison *c, size_t image,
                                    const struct vit_output_request *request, size_t count,
                                    const float *x, enum vit_precision precision,
                                    struct vit_error *err)
{
    const size_t finite = finite_count(count, x);

    if (finite == count)
        return VIT_OK;
    return tool_fail(err, VIT_EFORMAT,
                     "%s: expected finite %s in %s, found %g at %zu; check the image and the "
                     "weights of %s",
                     path_end(c->batch.paths.path[image]), vit_output_name(request->output),
                     vit_value_name("precision", (int)precision), (double)x[finite], finite,
                     path_end(c->batch.directory));
}

/* Both models and their outputs: the blocks, the vector and, with a head, the logits. */
struct measuring {
    struct comparison *c;
    struct side reference, lower;
};

/* Output i of an image of the batch: the blocks come first, then the vector, then the logits. */
static enum vit_status add_output(struct measuring *m, size_t i, size_t image, size_t in_batch,
                                  struct vit_error *err)
{
    struct comparison *const c = m->c;
    const size_t count = m->reference.lengths[i];
    const float *const expected = side_output(&m->reference, i, in_batch);
    const float *const found = side_output(&m->lower, i, in_batch);
    const struct vit_output_request *const request = &m->reference.requests[i];
    enum vit_status status;

    if (i < c->depth) {
        /* sums until the end: finish_blocks */
        c->blocks[i].error += compare_squares(count, found, expected);
        c->blocks[i].rms += compare_squares(count, expected, NULL);
        return VIT_OK;
    }
    if ((status = check_finite(c, image, request, count, expected, VIT_PRECISION_FLOAT32, err)) ||
        (status = check_finite(c, image, request, count, found, c->precision, err)))
        return status;
    if (request->output == c->vector) {
        const double value = cosine(count, expected, found);
        c->cosine_sum += value;
        if (value < c->cosine_min) {
            c->cosine_min = value;
            c->cosine_image = image;
        }
    }
    if (request->output == c->output) {
        add_difference(c, image, expected, found);
        if (c->ranks)
            count_agreement(c, expected, found);
        if (c->kept)
            memcpy(c->kept + image * c->length, expected, c->length * sizeof *expected);
    }
    return VIT_OK;
}

static enum vit_status measure_batch(void *arg, size_t first, size_t count, struct vit_error *err)
{
    struct measuring *const m = arg;
    const struct vit_image *const pixels = m->c->batch.pixels;
    enum vit_status status = side_forward(&m->reference, count, pixels, err);

    if (!status)
        status = side_forward(&m->lower, count, pixels, err);
    for (size_t image = 0; !status && image < count; image++)
        for (size_t i = 0; !status && i < m->reference.count; i++)
            status = add_output(m, i, first + image, image, err);
    return status;
}

/* From sums of squares to roots of means. */
static void finish_blocks(struct comparison *c, const struct side *side)
{
    for (size_t i = 0; i < c->depth; i++) {
        struct block_error *const b = &c->blocks[i];
        const double count = (double)c->batch.paths.count * (double)side->lengths[i];
        b->error = sqrt(b->error / count);
        b->rms = sqrt(b->rms / count);
        b->relative = b->error == 0 ? 0 : b->error / b->rms;
        if (!isfinite(b->relative)) /* also where a token that no result depends on is NaN */
            b->relative = INFINITY;
    }
}

/* As many images as have outputs of max_floats. */
static size_t choose_batch(const struct comparison *c)
{
    size_t rows = 0, columns = 0, floats = c->length, of_blocks;

    if (c->depth > 0)
        vit_output_shape(c->reference, VIT_OUTPUT_BLOCK, 0, &rows, &columns);
    if (!product(3, (size_t[]){ c->depth, rows, columns }, &of_blocks) ||
        __builtin_add_overflow(floats, of_blocks, &floats) || floats > max_floats / 2)
        return 1;
    const size_t batch = max_floats / 2 / floats;
    return batch < c->batch.session.batch ? batch : c->batch.session.batch;
}

enum vit_status compare_measure(struct comparison *c, struct vit_error *err)
{
    const struct session *const s = &c->batch.session;
    const size_t batch = choose_batch(c), count = c->depth + (c->output == c->vector ? 1 : 2);
    struct vit_output_request *const requests = calloc(count, sizeof *requests);
    struct measuring m = { .c = c };
    enum vit_status status;

    if (!requests)
        return tool_no_memory(err);
    for (size_t i = 0; i < count; i++)
        requests[i] = (struct vit_output_request){
            .size = sizeof *requests,
            .output = i < c->depth    ? VIT_OUTPUT_BLOCK
                      : i == c->depth ? c->vector
                                      : c->output,
            .block = i < c->depth ? i : 0,
        };
    status = side_open(s, c->reference, NULL, batch, count, requests, &m.reference, err);
    if (!status)
        status = side_open(s, s->model, s->context, batch, count, requests, &m.lower, err);
    if (!status)
        status = image_batch_each(&c->batch, batch, measure_batch, &m, err);
    if (!status)
        finish_blocks(c, &m.reference);
    side_close(&m.lower);
    side_close(&m.reference);
    free(requests);
    return status;
}

static int worst_first(const void *a, const void *b)
{
    const struct block_error *const p = a, *const q = b;

    if (p->relative != q->relative)
        return p->relative > q->relative ? -1 : 1;
    return p->block < q->block ? -1 : 1;
}

struct block_error *compare_worst_first(const struct comparison *c)
{
    struct block_error *const sorted = malloc((c->depth + 1) * sizeof *sorted);

    if (!sorted)
        return NULL;
    memcpy(sorted, c->blocks, c->depth * sizeof *sorted);
    qsort(sorted, c->depth, sizeof *sorted, worst_first);
    return sorted;
}
