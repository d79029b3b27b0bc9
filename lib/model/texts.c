/* texts.c - zero-shot: the vectors of texts, and the logits of images against them */
#include "vit/texts.h"

#include <math.h>
#include <stdlib.h>

#include "base/fpenv.h"
#include "base/sized.h"
#include "base/status.h"
#include "checkpoint/text_vectors.h"
#include "model/model.h"
#include "model/top_k.h"

struct vit_texts {
    struct text_vectors list;
    double *lengths; /* [count], Euclidean */
};

/*
 * Σ a·b in double, in which the products are exact: 16 sums, one per lane, and their tree, as
 * docs/numerics.md has it for rows.
 */
static double dot(size_t n, const float *a, const float *b)
{
    enum { LANES = 16 };
    double lane[LANES] = { 0 };
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        for (size_t l = 0; l < LANES; l++)
            lane[l] += (double)a[i + l] * (double)b[i + l];
    for (size_t l = 0; i + l < n; l++)
        lane[l] += (double)a[i + l] * (double)b[i + l];
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] += lane[l + half];
    return lane[0];
}

static double length_of(size_t n, const float *x)
{
    return sqrt(dot(n, x, x));
}

/* --- the object */

void vit_texts_free(struct vit_texts *texts)
{
    if (!texts)
        return;
    text_vectors_free(&texts->list);
    free(texts->lengths);
    free(texts);
}

/* Takes over the list, whatever the result. */
static enum vit_status create(struct text_vectors *list, struct vit_texts **texts,
                              struct vit_error *err)
{
    struct vit_texts *const created = calloc(1, sizeof *created);

    if (created) {
        created->list = *list;
        created->lengths = calloc(list->count, sizeof *created->lengths);
    } else {
        text_vectors_free(list);
    }
    if (!created || !created->lengths) {
        vit_texts_free(created);
        return fail(err, VIT_ENOMEM, "no memory for texts");
    }
    for (size_t i = 0; i < list->count; i++)
        created->lengths[i] = length_of(list->width, list->vectors + i * list->width);
    *texts = created;
    return VIT_OK;
}

enum vit_status vit_texts_open(const char *path, struct vit_texts **texts, struct vit_error *err)
{
    const struct fpenv before = fpenv_enter(); /* numbers are narrowed */
    struct text_vectors list;
    enum vit_status status = text_vectors_read(path, &list, err);

    if (!status)
        status = create(&list, texts, err);
    fpenv_leave(before);
    return status;
}

enum vit_status vit_texts_create(size_t count, size_t width, const float *vectors,
                                 const char *const *names, struct vit_texts **texts,
                                 struct vit_error *err)
{
    const struct fpenv before = fpenv_enter();
    struct text_vectors list;
    enum vit_status status = text_vectors_copy(count, width, vectors, names, &list, err);

    if (!status)
        status = create(&list, texts, err);
    fpenv_leave(before);
    return status;
}

size_t vit_texts_count(const struct vit_texts *texts)
{
    return texts->list.count;
}

size_t vit_texts_width(const struct vit_texts *texts)
{
    return texts->list.width;
}

const char *vit_texts_name(const struct vit_texts *texts, size_t text)
{
    return text < texts->list.names.count ? texts->list.names.text[text] : NULL;
}

/* --- scoring */

/* The output that is an image's vector, and its width. */
static enum vit_status find_vector(const struct vit_model *model, struct vit_text_scoring *scoring,
                                   struct vit_error *err)
{
    if (vit_model_is_classifier(model))
        return fail(err, VIT_EINVAL,
                    "texts: expected a model that projects, or has no head, found one whose head "
                    "classifies");
    scoring->output = model->config.classes > 0 ? VIT_OUTPUT_LOGITS : VIT_OUTPUT_EMBEDDING;
    vit_output_shape(model, scoring->output, 0, NULL, &scoring->width);
    if (scoring->width == 0)
        return fail(err, VIT_EINVAL,
                    "texts: expected a model with a vector of an image, found one whose tokens are "
                    "not pooled");
    return VIT_OK;
}

static enum vit_status find_scoring(const struct vit_model *model, struct vit_text_scoring *scoring,
                                    struct vit_error *err)
{
    static const struct vit_activation_args none = { 0 };

    *scoring = (struct vit_text_scoring){ .size = sizeof *scoring,
                                          .scores = VIT_SCORES_NONE,
                                          .scale = 1.0f };
    const enum vit_status status = find_vector(model, scoring, err);
    const struct contrast *const found =
        model->checkpoint ? checkpoint_contrast(model->checkpoint) : NULL;
    if (status || !found || found->scores == VIT_SCORES_NONE)
        return status;
    scoring->scores = found->scores;
    scoring->bias = found->bias;
    model->kernels->activation[VIT_ACTIVATION_EXP](1, &found->log_scale, &none, &scoring->scale);
    return VIT_OK;
}

enum vit_status vit_model_text_scoring(const struct vit_model *model,
                                       struct vit_text_scoring *scoring, struct vit_error *err)
{
    const struct fpenv before = fpenv_enter();
    struct vit_text_scoring ours;
    enum vit_status status = find_scoring(model, &ours, err);

    if (!status)
        status = sized_write(scoring, &ours, SIZED(vit_text_scoring), err);
    fpenv_leave(before);
    return status;
}

/* The scoring of a model whose vectors have the width of the texts'. */
static enum vit_status find_common(const struct vit_model *model, const struct vit_texts *texts,
                                   struct vit_text_scoring *scoring, struct vit_error *err)
{
    const enum vit_status status = find_scoring(model, scoring, err);

    return status ? status : text_vectors_have_width(&texts->list, scoring->width, err);
}

static void compute_logits(const struct vit_texts *texts, const struct vit_text_scoring *scoring,
                           const float *vector, float *logits)
{
    const size_t width = texts->list.width;
    const double length = length_of(width, vector);

    for (size_t i = 0; i < texts->list.count; i++) {
        const double product = dot(width, vector, texts->list.vectors + i * width);
        const double cosine = product / (length * texts->lengths[i]);
        logits[i] = (float)((double)scoring->scale * cosine + (double)scoring->bias);
    }
}

enum vit_status vit_text_logits(const struct vit_model *model, const struct vit_texts *texts,
                                size_t images, const float *vectors, float *logits,
                                struct vit_error *err)
{
    const struct fpenv before = fpenv_enter();
    struct vit_text_scoring scoring;
    const enum vit_status status = find_common(model, texts, &scoring, err);

    for (size_t i = 0; !status && i < images; i++)
        compute_logits(texts, &scoring, vectors + i * scoring.width,
                       logits + i * texts->list.count);
    fpenv_leave(before);
    return status;
}

enum vit_status vit_text_top_k(const struct vit_model *model, const struct vit_texts *texts,
                               size_t k, const float *logits, size_t *best, float *scores,
                               struct vit_error *err)
{
    const struct fpenv before = fpenv_enter();
    const size_t count = texts->list.count;
    struct vit_text_scoring scoring;
    const enum vit_status status = find_common(model, texts, &scoring, err);

    fpenv_leave(before);
    if (status)
        return status;
    if (k == 0 || k > count)
        return fail(err, VIT_EINVAL, "top-k: k: expected 1 to the texts, %zu, found %zu", count, k);
    const struct ranking ranking = { model->kernels, scoring.scores, count };
    top_k_rank(&ranking, k, logits, best, scores);
    return VIT_OK;
}
