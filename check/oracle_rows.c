/* oracle_rows.c - compares rows, matmuls, epilogues and attention with double precision */
#include <math.h>
#include <stdlib.h>

#include "check/compare_bits.h"
#include "check/kernel_cases.h"
#include "check/matmul_scratch.h"
#include "check/oracle.h"
#include "check/test_data.h"

static const size_t lengths[] = { 1, 2, 3, 16, 17, 64, 197, 768, 3072 };
enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST = 3072 };

/* Adds one comparison; `at` identifies it if it is the worst. */
static void note(struct oracle_error *error, double distance, double at)
{
    error->count++;
    if (!(distance <= error->max)) { /* NaN counts as the worst */
        error->max = distance;
        error->at = (float)at;
    }
}

/* A row of LayerNorm, and what double precision makes of it. */
struct norm_row {
    float x[LONGEST], gamma[LONGEST], beta[LONGEST], y[LONGEST];
    double truth[LONGEST];
};

/* Returns the largest |z·gamma| + |beta|, z being the normalized number: both may cancel in y. */
static double exact_layernorm(size_t n, double eps, struct norm_row *r)
{
    double mean = 0.0, variance = 0.0, largest = 0.0;

    for (size_t i = 0; i < n; i++)
        mean += (double)r->x[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++)
        variance += ((double)r->x[i] - mean) * ((double)r->x[i] - mean) / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double z = ((double)r->x[i] - mean) / sqrt(variance + eps);
        const double product = z * (double)r->gamma[i], beta = (double)r->beta[i];
        r->truth[i] = product + beta;
        largest = fmax(largest, fabs(product) + fabs(beta));
    }
    return largest;
}

struct oracle_error layernorm_error(const struct vit_kernels *kernels, uint64_t seed)
{
    /* rows far from 0, whose mean exceeds their spread, and rows without any spread */
    static const struct {
        float offset, scale, eps;
    } kinds[] = { { 0.0f, 1.0f, 1e-6f },
                  { 3.3f, 0.05f, 1e-6f },
                  { -1000.0f, 1.0f, 1e-6f },
                  { 3.3f, 0.0f, 1e-12f },
                  { 0.0f, 1e-3f, 1e-12f } };
    static struct norm_row r;
    struct oracle_error error = { 0 };

    for (size_t t = 0; t < LENGTHS * (sizeof kinds / sizeof *kinds); t++) {
        const size_t n = lengths[t % LENGTHS], kind = t / LENGTHS;
        fill_pattern(n, r.x, PATTERN_NORMAL, seed + n);
        fill_pattern(n, r.gamma, PATTERN_NORMAL, seed + n + 1);
        fill_pattern(n, r.beta, PATTERN_NORMAL, seed + n + 2);
        for (size_t i = 0; i < n; i++)
            r.x[i] = kinds[kind].offset + kinds[kind].scale * r.x[i];
        kernels->layernorm(
            &(struct vit_layernorm_args){ 1, n, r.x, n, r.gamma, r.beta, kinds[kind].eps, r.y, n });
        const double ulp = exact_layernorm(n, (double)kinds[kind].eps, &r) * 0x1p-23;
        for (size_t i = 0; i < n; i++)
            note(&error, fabs((double)r.y[i] - r.truth[i]) / ulp, (double)r.x[i]);
    }
    return error;
}

struct oracle_error softmax_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static float x[LONGEST], y[LONGEST];
    struct oracle_error error = { 0 };

    for (size_t l = 0; l < LENGTHS; l++) {
        const size_t n = lengths[l];
        double max = -INFINITY, sum = 0.0;
        fill_pattern(n, x, PATTERN_NORMAL, seed + n);
        for (size_t i = 0; i < n; i++)
            x[i] *= 4.0f; /* differences up to 32 */
        kernels->softmax(1, n, x, n, y, n);
        for (size_t i = 0; i < n; i++)
            max = fmax(max, (double)x[i]);
        for (size_t i = 0; i < n; i++)
            sum += exp((double)x[i] - max);
        for (size_t i = 0; i < n; i++) {
            const double d = (double)x[i] - max;
            note(&error, fmax(ulps(y[i], exp(d) / sum) - fabs(d), 0.0), d);
        }
    }
    return error;
}

/*
 * The error of k multiply-adds in sequence is at most k·2^-24·Σ|a·b| (Higham 2002, section 3.1, to
 * first order; one rounding a step).
 */
static double f32_f32_bound(size_t k, const float *a, const float *b)
{
    double magnitude = 0.0;

    for (size_t p = 0; p < k; p++)
        magnitude += fabs((double)a[p] * (double)b[p]);
    return (double)k * 0x1p-24 * magnitude;
}

/* The bound of the error of Σ a[p]·b[p], p < k. A pair without a bound fails its check. */
static double (*const sum_bounds[VIT_MATMUL_PAIRS])(size_t k, const float *a, const float *b) = {
    [VIT_MATMUL_F32_F32] = f32_f32_bound,
};

/* The kernel's C with memory of its own. */
static void multiply(const struct vit_matmul_args *args)
{
    if (!matmul_with_scratch(NULL, args))
        abort();
}

/* C of 9 × 21 for each length of k. */
struct oracle_error matmul_error(const struct vit_kernels *kernels, enum vit_matmul_pair pair,
                                 uint64_t seed)
{
    enum { M = 9, N = 21 };
    static float a[M * LONGEST], b[N * LONGEST], c[M * N];
    const struct vit_matmul_kernel *const kernel = &kernels->matmul[pair];
    struct oracle_error error = { 0 };

    for (size_t l = 0; l < LENGTHS; l++) {
        const size_t k = lengths[l];
        const struct vit_packed packed = { kernel, N, k, malloc(vit_packed_bytes(kernel, N, k)) };
        if (!packed.panels)
            abort();
        fill_pattern(M * k, a, PATTERN_NORMAL, seed + k);
        fill_pattern(N * k, b, PATTERN_NORMAL, seed + k + 1);
        vit_pack(&packed, 0, N, b, k, 1);
        multiply(
            &(struct vit_matmul_args){ .m = M, .a = a, .lda = k, .b = &packed, .c = c, .ldc = N });
        free(packed.panels);
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                double sum = 0.0;
                for (size_t p = 0; p < k; p++)
                    sum += (double)a[i * k + p] * (double)b[j * k + p];
                const double distance = fabs((double)c[i * N + j] - sum);
                const double bound =
                    sum_bounds[pair] ? sum_bounds[pair](k, a + i * k, b + j * k) : 0.0;
                note(&error, distance == 0.0 ? 0.0 : distance / bound, sum);
            }
    }
    return error;
}

/*
 * All combinations of steps and activations. A sum or product of floats computed in double and then
 * rounded is rounded correctly: 53 bits are at min 2·24 + 2.
 */
struct oracle_error epilogue_error(const struct vit_kernels *kernels, enum vit_matmul_pair pair,
                                   uint64_t seed)
{
    enum { M = 7, N = 19 };
    static float a[M], b[N], plain[M * N], c[M * N];
    const struct vit_matmul_kernel *const kernel = &kernels->matmul[pair];
    const struct vit_packed packed = { kernel, N, 1, malloc(vit_packed_bytes(kernel, N, 1)) };
    struct vit_matmul_args args = { .m = M, .a = a, .lda = 1, .b = &packed, .c = plain, .ldc = N };
    float row_scale[M], bias[N], gamma[N], residual[M * N], weight[N];
    struct oracle_error error = { 0 };

    if (!packed.panels)
        abort();
    fill_pattern(M, a, PATTERN_NORMAL, seed);
    fill_pattern(N, b, PATTERN_NORMAL, seed + 1);
    fill_pattern(M, row_scale, PATTERN_NORMAL, seed + 2);
    fill_pattern(N, bias, PATTERN_NORMAL, seed + 3);
    fill_pattern(N, gamma, PATTERN_NORMAL, seed + 4);
    fill_pattern(M * N, residual, PATTERN_NORMAL, seed + 5);
    fill_pattern(N, weight, PATTERN_NORMAL, seed + 6);
    vit_pack(&packed, 0, N, b, 1, 1);
    multiply(&args);
    args.c = c;
    for (unsigned steps = 0; steps < 32 * VIT_ACTIVATIONS; steps++) {
        const struct vit_epilogue e = { .scale = steps & 1 ? -0.9f : 0.0f,
                                        .row_scale = steps & 2 ? row_scale : NULL,
                                        .bias = steps & 4 ? bias : NULL,
                                        .activation = (enum vit_activation)(steps / 32),
                                        .activation_args = activation_case_args(weight),
                                        .gamma = steps & 8 ? gamma : NULL,
                                        .residual = steps & 16 ? residual : NULL,
                                        .ld_residual = N };
        args.epilogue = &e;
        multiply(&args);
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                float x = plain[i * N + j];
                const float scale = e.row_scale ? e.row_scale[i] : steps & 1 ? e.scale : 1.0f;
                x = (float)((double)x * (double)scale);
                x = e.bias ? (float)((double)x + (double)bias[j]) : x;
                const struct vit_activation_args at = activation_case_args(weight + j);
                kernels->activation[e.activation](1, &x, &at, &x);
                x = e.gamma ? (float)((double)x * (double)gamma[j]) : x;
                x = e.residual ? (float)((double)x + (double)residual[i * N + j]) : x;
                note(&error, same_bits(1, &x, &c[i * N + j]) ? 0.0 : INFINITY, (double)steps);
            }
    }
    free(packed.panels);
    return error;
}

struct attention {
    size_t tokens, heads, head_dim;
    double scale;
    const float *qkv; /* [tokens][3][heads][head_dim] */
};

/*
 * Computes a query's weights p[tokens] in double; returns the bound of their relative error in
 * units of 2^-24, to first order. The error of a score is (d + 1)·S, where S is the largest
 * scale·Σ|q·k| of d terms; that of x − max is D, its largest magnitude; that of exp is 2.2; the
 * quotient doubles all this. The sum over T tokens adds T/16 + 4, its reciprocal and the product
 * one each.
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
    return 2.0 * ((double)(d + 1) * magnitude + (max - min) + 2.2) + (double)(t / 16 + 4 + 2);
}

/* A query's output and the bound of its error: the sum over T tokens adds T. */
static void attend(const struct attention *at, size_t head, size_t query, double *p, double *truth,
                   double *bound /* [head_dim] */)
{
    const size_t d = at->head_dim, dim = at->heads * d, t = at->tokens;
    const double roundings = compute_weights(at, head, query, p) + (double)t;

    for (size_t j = 0; j < d; j++) {
        truth[j] = bound[j] = 0.0;
        for (size_t i = 0; i < t; i++) {
            const double v = (double)at->qkv[i * 3 * dim + 2 * dim + head * d + j];
            truth[j] += p[i] * v;
            bound[j] += roundings * 0x1p-24 * p[i] * fabs(v);
        }
    }
}

enum { MAX_TOKENS = 70, MAX_DIM = 48 };
static const struct attention attentions[] = { { 1, 1, 1, 1.0, NULL },
                                               { 17, 3, 5, 0.5, NULL },
                                               { 50, 2, 24, 0.25, NULL },
                                               { 70, 3, 16, 0.25, NULL } };
enum { ATTENTIONS = sizeof attentions / sizeof *attentions };

/* Fills qkv[tokens][3][heads][head_dim]; returns arguments for all queries, with scratch. */
static struct vit_attention_args prepare(const struct vit_kernels *kernels,
                                         const struct attention *at, float *qkv, uint64_t seed)
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
    return args;
}

struct oracle_error attention_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static float qkv[MAX_TOKENS * 3 * MAX_DIM], out[MAX_TOKENS * MAX_DIM];
    double p[MAX_TOKENS], truth[MAX_DIM] = { 0 }, bound[MAX_DIM] = { 0 };
    struct oracle_error error = { 0 };

    for (size_t s = 0; s < ATTENTIONS; s++) {
        struct attention at = attentions[s];
        const size_t t = at.tokens, d = at.head_dim, dim = at.heads * d;
        struct vit_attention_args args = prepare(kernels, &at, qkv, seed + s);
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

    for (size_t s = 0; s < ATTENTIONS; s++) {
        struct attention at = attentions[s];
        const size_t t = at.tokens, queries = (t + 2) / 3;
        struct vit_attention_args args = prepare(kernels, &at, qkv, seed + s);
        at.qkv = qkv;
        args.queries = queries;
        args.out = weights;
        vit_attention_weights(kernels, NULL, &args);
        free(args.scratch);
        for (size_t head = 0; head < at.heads; head++)
            for (size_t i = 0; i < queries; i++) {
                const float *const found = weights + (head * queries + i) * t;
                const double bound = compute_weights(&at, head, i, p) * 0x1p-24;
                for (size_t j = 0; j < t; j++)
                    note(&error, fabs((double)found[j] - p[j]) / (bound * p[j]), p[j]);
            }
    }
    return error;
}
