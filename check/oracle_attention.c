/* oracle_attention.c - compares attention and its weights with double precision */
#include <math.h>
#include <stdlib.h>

#include "check/hard_rows.h"
#include "check/oracle.h"
#include "check/oracle_note.h"
#include "check/test_data.h"

struct attention {
    size_t tokens, heads, head_dim;
    double scale;
    const float *qkv; /* [tokens][3][heads][head_dim] */
};

/*
 * Computes a query's weights p[tokens] in double; returns the bound of their relative error. In
 * roundings, the error of a score is (d + 1)·S, where S is the largest scale·Σ|q·k| of d terms;
 * that of x − max is D, its largest magnitude, of which 150 suffice to make a numerator 0; that of
 * exp is 2.2; the quotient doubles all this. The sum over T tokens adds T/16 + 4, its reciprocal
 * and the product one each. They are the exponent of the error: the first of them are large where
 * scores are.
 */
static double compute_weights(const struct attention *at, size_t head, size_t query, double *p)
{
    const size_t d = at->head_dim, dim = at->heads * d, t = at->tokens;
    const float *const q = at->qkv + query * 3 * dim + head * d;
    double max = -INFINITY, min = INFINITY, magnitude = 0.0, sum = 0.0;

    for (size_t i = 0; i < t; i++) {
        const float *const key = at->qkv + i * 3 * dim + dim + head * d;
        double terms = 0.0;
        p[i] = 0.0;
        for (size_t j = 0; j < d; j++) {
            p[i] += at->scale * (double)q[j] * (double)key[j];
            terms += at->scale * fabs((double)q[j] * (double)key[j]);
        }
        max = fmax(max, p[i]);
        min = fmin(min, p[i]);
        magnitude = fmax(magnitude, terms);
    }
    for (size_t i = 0; i < t; i++) {
        p[i] = exp(p[i] - max);
        sum += p[i];
    }
    for (size_t i = 0; i < t; i++)
        p[i] /= sum;
    const double score = (double)(d + 1) * magnitude + fmin(max - min, 150.0);
    return expm1(1.0001 * U * (2.0 * (score + 2.2) + (double)(t / 16 + 4 + 2)));
}

/* A query's output and the bound of its error: the sum over T tokens adds T roundings. */
static void attend(const struct attention *at, size_t head, size_t query, double *p, double *truth,
                   double *bound /* [head_dim] */)
{
    const size_t d = at->head_dim, dim = at->heads * d, t = at->tokens;
    const double relative = 1.0001 * (compute_weights(at, head, query, p) + (double)t * U);

    for (size_t j = 0; j < d; j++) {
        truth[j] = 0.0;
        bound[j] = (double)(t + 1) * SMALLEST;
        for (size_t i = 0; i < t; i++) {
            const double v = (double)at->qkv[i * 3 * dim + 2 * dim + head * d + j];
            truth[j] += p[i] * v;
            bound[j] += (relative * p[i] + 2 * SMALLEST) * fabs(v);
        }
    }
}

enum { MAX_TOKENS = 70, MAX_DIM = 48 };
static const struct attention attentions[] = { { 1, 1, 1, 1.0, NULL },
                                               { 17, 3, 5, 0.5, NULL },
                                               { 50, 2, 24, 0.25, NULL },
                                               { 70, 3, 16, 0.25, NULL } };
enum { ATTENTIONS = sizeof attentions / sizeof *attentions };

/* qkv of the hardest rows, in which no q·k exceeds 16 times the width of a head. */
static void fill_hardest(const struct attention *at, float *qkv, enum hard_row kind, uint64_t seed)
{
    const size_t dim = at->heads * at->head_dim;

    for (size_t i = 0; i < at->tokens * 3; i++) {
        float *const row = qkv + i * dim;
        float largest = 4.0f;
        fill_hard(dim, row, kind, seed + i);
        for (size_t j = 0; j < dim; j++)
            largest = fmaxf(largest, fabsf(row[j]));
        for (size_t j = 0; i % 3 < 2 && j < dim; j++)
            row[j] *= 4.0f / largest;
    }
}

/*
 * Fills qkv[tokens][3][heads][head_dim], of the hardest rows unless `kind` is HARD_ROWS; returns
 * arguments for all queries, with scratch.
 */
static struct vit_attention_args prepare(const struct vit_kernels *kernels,
                                         const struct attention *at, float *qkv, enum hard_row kind,
                                         uint64_t seed)
{
    const size_t dim = at->heads * at->head_dim, count = at->tokens * 3 * dim;
    const struct vit_attention_args args = {
        .queries = at->tokens,
        .tokens = at->tokens,
        .heads = at->heads,
        .head_dim = at->head_dim,
        .q = qkv,
        .ldq = 3 * dim,
        .k = qkv + dim,
        .v = qkv + 2 * dim,
        .ldkv = 3 * dim,
        .ld_out = dim,
        .scale = (float)at->scale,
        .scratch = malloc(vit_attention_scratch_bytes(kernels, at->tokens, at->head_dim, 1)),
    };

    if (!args.scratch)
        abort();
    fill_pattern(count, qkv, PATTERN_NORMAL, seed);
    for (size_t i = 0; i < count; i++)
        qkv[i] *= 0.25f;
    if (kind != HARD_ROWS)
        fill_hardest(at, qkv, kind, seed);
    return args;
}

struct oracle_error attention_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static float qkv[MAX_TOKENS * 3 * MAX_DIM], out[MAX_TOKENS * MAX_DIM];
    double p[MAX_TOKENS], truth[MAX_DIM] = { 0 }, bound[MAX_DIM] = { 0 };
    struct oracle_error error = { 0 };

    for (size_t s = 0; s < ATTENTIONS * (HARD_ROWS + 1); s++) {
        struct attention at = attentions[s % ATTENTIONS];
        const enum hard_row kind = (enum hard_row)(HARD_ROWS - s / ATTENTIONS);
        const size_t t = at.tokens, d = at.head_dim, dim = at.heads * d;
        struct vit_attention_args args = prepare(kernels, &at, qkv, kind, seed + s);
        at.qkv = qkv;
        args.out = out;
        vit_attention(kernels, NULL, &args);
        free(args.scratch);
        for (size_t head = 0; head < at.heads; head++)
            for (size_t i = 0; i < t; i++) {
                attend(&at, head, i, p, truth, bound);
                for (size_t j = 0; j < d; j++)
                    note(&error, fabs((double)out[i * dim + head * d + j] - truth[j]) / bound[j],
                         truth[j]);
            }
    }
    return error;
}

/* The weights of a third of the queries. */
struct oracle_error attention_weights_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static float qkv[MAX_TOKENS * 3 * MAX_DIM], weights[3 * MAX_TOKENS * MAX_TOKENS];
    double p[MAX_TOKENS];
    struct oracle_error error = { 0 };

    for (size_t s = 0; s < ATTENTIONS * (HARD_ROWS + 1); s++) {
        struct attention at = attentions[s % ATTENTIONS];
        const enum hard_row kind = (enum hard_row)(HARD_ROWS - s / ATTENTIONS);
        const size_t t = at.tokens, queries = (t + 2) / 3;
        struct vit_attention_args args = prepare(kernels, &at, qkv, kind, seed + s);
        at.qkv = qkv;
        args.queries = queries;
        args.out = weights;
        vit_attention_weights(kernels, NULL, &args);
        free(args.scratch);
        for (size_t head = 0; head < at.heads; head++)
            for (size_t i = 0; i < queries; i++) {
                const float *const found = weights + (head * queries + i) * t;
                const double relative = compute_weights(&at, head, i, p);
                for (size_t j = 0; j < t; j++)
                    note(&error, fabs((double)found[j] - p[j]) / (relative * p[j] + 2 * SMALLEST),
                         p[j]);
            }
    }
    return error;
}
