/* top_k.c - the best classes of an image: a heap of the best so far, then their scores */
#include "model/top_k.h"

#include <math.h>

#include "base/fpenv.h"
#include "base/status.h"
#include "model/model.h"
#include "vit/inspect.h"
#include "vit/kernels.h"

/* Whether class a is a better answer than class b. A NaN is worse than every number. */
static bool precedes(const float *logits, size_t a, size_t b)
{
    const float x = logits[a], y = logits[b];

    if (isnan(x) != isnan(y))
        return isnan(y);
    return x > y || (!(x < y) && a < b);
}

static void swap(size_t *a, size_t *b)
{
    const size_t kept = *a;

    *a = *b;
    *b = kept;
}

/* Moves the class at `at` down to its place in heap[count], whose top is the worst. */
static void sift_down(const float *logits, size_t count, size_t *heap, size_t at)
{
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && precedes(logits, heap[child], heap[child + 1]))
            child++;
        if (!precedes(logits, heap[at], heap[child]))
            return;
        swap(&heap[at], &heap[child]);
    }
}

/* best[k], best first, of n classes, in n · log k steps and without memory. */
static void find_best(size_t n, const float *logits, size_t k, size_t *best)
{
    for (size_t i = 0; i < k; i++)
        best[i] = i;
    for (size_t i = k / 2; i-- > 0;)
        sift_down(logits, k, best, i);
    for (size_t i = k; i < n; i++)
        if (precedes(logits, i, best[0])) {
            best[0] = i;
            sift_down(logits, k, best, 0);
        }
    for (size_t left = k; left > 1; left--) {
        swap(&best[0], &best[left - 1]);
        sift_down(logits, left - 1, best, 0);
    }
}

/*
 * exp(x − max), with the float kernel's 1.1 ulp: what the rounding of x − max to float loses, at
 * most 2^-24 of it, is put back as exp(hi + lo) = exp(hi)·(1 + lo).
 */
static double exp_below(const struct vit_kernels *kernels, double x, double max)
{
    static const struct vit_activation_args none = { 0 };
    const double difference = x - max;
    const float hi = (float)difference;
    const double lo = isfinite(hi) ? difference - (double)hi : 0.0;
    float e;

    kernels->activation[VIT_ACTIVATION_EXP](1, &hi, &none, &e);
    return (double)e * (1.0 + lo);
}

/* 1/(1 + exp(−x)); exp of a number that is not positive cannot overflow */
static double sigmoid(const struct vit_kernels *kernels, double x)
{
    const double e = exp_below(kernels, x < 0.0 ? x : -x, 0.0);

    return x < 0.0 ? e / (1.0 + e) : 1.0 / (1.0 + e);
}

static void set_scores(const struct ranking *r, const float *logits, size_t k, const size_t *best,
                       float *scores)
{
    const double max = (double)logits[best[0]];
    double sum = 0.0;

    for (size_t i = 0; r->scores == VIT_SCORES_SOFTMAX && i < r->count; i++)
        sum += exp_below(r->kernels, (double)logits[i], max);
    for (size_t i = 0; i < k; i++) {
        const double x = (double)logits[best[i]];
        scores[i] = r->scores == VIT_SCORES_SOFTMAX   ? (float)(exp_below(r->kernels, x, max) / sum)
                    : r->scores == VIT_SCORES_SIGMOID ? (float)sigmoid(r->kernels, x)
                                                      : (float)x;
    }
}

void top_k_rank(const struct ranking *ranking, size_t k, const float *logits, size_t *best,
                float *scores)
{
    const struct fpenv before = fpenv_enter();

    find_best(ranking->count, logits, k, best);
    if (scores)
        set_scores(ranking, logits, k, best, scores);
    fpenv_leave(before);
}

enum vit_status vit_top_k(const struct vit_model *model, size_t k, const float *logits,
                          size_t *classes, float *scores, struct vit_error *err)
{
    const size_t count = model->config.classes;

    if (!vit_model_is_classifier(model))
        return fail(err, VIT_EINVAL, "top-k: expected a model whose head classifies, found %s",
                    count ? "a projection" : "one without a head");
    if (k == 0 || k > count)
        return fail(err, VIT_EINVAL, "top-k: k: expected 1 to the model's classes, %zu, found %zu",
                    count, k);
    const struct ranking ranking = { model->kernels, vit_model_scores(model), count };
    top_k_rank(&ranking, k, logits, classes, scores);
    return VIT_OK;
}
