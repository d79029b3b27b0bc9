/* oracle_rows.c - compares rows, matmuls, epilogues and attention with double precision */
#include <math.h>
#include <stdlib.h>

#include "check/compare_bits.h"
#include "check/hard_rows.h"
#include "check/kernel_cases.h"
#include "check/matmul_scratch.h"
#include "check/oracle.h"
#include "check/oracle_note.h"
#include "check/test_data.h"

static const size_t lengths[] = { 1, 2, 3, 16, 17, 64, 197, 768, 3072 };
enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST = 3072 };

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
        kernels->layernorm(&(struct vit_layernorm_args){ .rows = 1,
                                                         .n = n,
                                                         .x = r.x,
                                                         .gamma = r.gamma,
                                                         .beta = r.beta,
                                                         .eps = kinds[kind].eps,
                                                         .y = r.y });
        const double ulp = exact_layernorm(n, (double)kinds[kind].eps, &r) * 0x1p-23;
        for (size_t i = 0; i < n; i++)
            note(&error, fabs((double)r.y[i] - r.truth[i]) / ulp, (double)r.x[i]);
    }
    return error;
}

struct oracle_error rmsnorm_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static const float offsets[] = { 0.0f, 3.3f, -1000.0f }, epsilons[] = { 0x1p-23f, 1e-12f };
    static struct norm_row r;
    struct oracle_error error = { 0 };

    for (size_t t = 0; t < LENGTHS * 6; t++) {
        const size_t n = lengths[t % LENGTHS], kind = t / LENGTHS;
        const float eps = epsilons[kind / 3];
        double square = 0.0;
        fill_pattern(n, r.x, PATTERN_NORMAL, seed + n);
        fill_pattern(n, r.gamma, PATTERN_NORMAL, seed + n + 1);
        for (size_t i = 0; i < n; i++) {
            r.x[i] += offsets[kind % 3];
            square += (double)r.x[i] * (double)r.x[i] / (double)n;
        }
        kernels->layernorm(&(struct vit_layernorm_args){
            .rows = 1, .n = n, .x = r.x, .gamma = r.gamma, .eps = eps, .y = r.y, .no_mean = true });
        for (size_t i = 0; i < n; i++)
            note(&error,
                 ulps(r.y[i], (double)r.x[i] * (double)r.gamma[i] / sqrt(square + (double)eps)),
                 (double)r.x[i]);
    }
    return error;
}

/* y[i] of one column in double precision */
static double exact_response(const struct vit_local_response_args *args, size_t i)
{
    double squares = 0.0;

    for (size_t m = 0; m < args->rows; m++)
        if (m + args->size / 2 >= i && m < i + args->size - args->size / 2)
            squares += (double)args->x[m] * (double)args->x[m];
    const double d = (double)args->k + (double)args->alpha * squares / (double)args->size;
    return (double)args->x[i] / pow(d, args->quarters / 4.0);
}

struct oracle_error local_response_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static const size_t sizes[] = { 1, 2, 5, 64, 197, 768 };
    static float x[197], y[197];
    struct oracle_error error = { 0 };

    for (size_t t = 0; t < 9 * sizeof sizes / sizeof *sizes; t++) {
        const struct vit_local_response_args args = { .rows = 197,
                                                      .n = 1,
                                                      .x = x,
                                                      .ldx = 1,
                                                      .size = sizes[t / 9],
                                                      .alpha = t % 2 ? 2.0f : 1e-4f,
                                                      .k = t % 2 ? 0.01f : 1.0f,
                                                      .quarters = (unsigned)(t % 9),
                                                      .y = y,
                                                      .ldy = 1 };
        fill_pattern(args.rows, x, PATTERN_NORMAL, seed + t);
        kernels->local_response(&args);
        for (size_t i = 0; i < args.rows; i++)
            note(&error, ulps(y[i], exact_response(&args, i)), (double)x[i]);
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

/* Of each length pairs of halves, then pairs of neighbors. */
struct oracle_error rotate_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static float x[LONGEST], cosines[LONGEST], sines[LONGEST], y[LONGEST];
    struct oracle_error error = { 0 };

    for (size_t l = 0; l < 2 * LENGTHS; l++) {
        const size_t n = lengths[l / 2] / 2 * 2;
        fill_pattern(n, x, PATTERN_NORMAL, seed + l);
        fill_pattern(n, cosines, PATTERN_NORMAL, seed + l + 1);
        fill_pattern(n, sines, PATTERN_NORMAL, seed + l + 2);
        (l % 2 ? kernels->rotate_neighbors : kernels->rotate_halves)(n, x, cosines, sines, y);
        for (size_t i = 0; i < n; i++) {
            const size_t partner = l % 2 ? i ^ 1 : (i + n / 2) % n;
            const double a = (double)x[i] * (double)cosines[i];
            const double b = (double)x[partner] * (double)sines[i];
            const double ulp = (fabs(a) + fabs(b)) * 0x1p-23 + SMALLEST;
            note(&error, fabs((double)y[i] - (a + b)) / ulp, (double)x[i]);
        }
    }
    return error;
}

/*
 * The error of k multiply-adds in sequence is at most k·U/(1 − k·U)·Σ|a·b| (Higham 2002, section
 * 3.1; one rounding a step), and half the distance of subnormal numbers in each step.
 */
static double f32_f32_bound(size_t k, const float *a, const float *b)
{
    double magnitude = 0.0;

    for (size_t p = 0; p < k; p++)
        magnitude += fabs((double)a[p] * (double)b[p]);
    const double roundings = (double)k * U;
    return roundings / (1.0 - roundings) * magnitude + (double)k * SMALLEST / 2;
}

/*
 * The same of rounded weights, and their roundings: half of the last of 11 digits, or half of the
 * distance of subnormal ones.
 */
static double f32_f16_bound(size_t k, const float *a, const float *b)
{
    double moved = 0.0;

    for (size_t p = 0; p < k; p++)
        moved += fabs((double)a[p]) * fmax(fabs((double)b[p]) * 0x1p-11, 0x1p-25);
    return f32_f32_bound(k, a, b) * (1.0 + 0x1p-11) + moved;
}

/* Half a step of a scale, and what rounding the quotient may add: docs/numerics.md. */
#define HALF_STEP (0.5 + 0x1p-14)

/*
 * Each number of a group is within half a step of its scale; |q·scale| of an activation exceeds its
 * magnitude by no more. Then the chain over the groups: a product, and a multiply-add for each.
 */
static double u8_s8_bound(size_t k, const float *a, const float *b)
{
    double bound = 0.0, magnitude = 0.0, groups = 0.0;

    for (size_t l = 0; l < k; l += VIT_INT8_GROUP, groups += 1.0) {
        double low = 0.0, high = 0.0, top = 0.0, pair = 0.0, sum_a = 0.0, sum_b = 0.0, moved;
        const size_t n = k - l < VIT_INT8_GROUP ? k - l : VIT_INT8_GROUP;
        for (size_t i = l; i < l + n; i++) {
            low = fmin(low, (double)a[i]);
            high = fmax(high, (double)a[i]);
            top = fmax(top, fabs((double)b[i]));
            if ((i - l) % 2)
                pair = fmax(pair, fabs((double)b[i - 1] + (double)b[i]));
            sum_b += fabs((double)b[i]);
        }
        moved = (high - low) / 255.0 * HALF_STEP;
        for (size_t i = l; i < l + n; i++)
            sum_a += fabs((double)a[i]) + moved;
        moved = fmax(moved, 0x1p-100);
        bound += moved * sum_b + fmax(fmax(top / 127.0, pair / 128.0) * HALF_STEP, 0x1p-93) * sum_a;
        magnitude += sum_a * (sum_b + (double)n * top / 127.0);
    }
    return bound + U * (groups + 3.0) * magnitude + groups * SMALLEST;
}

/* The bound of the error of Σ a[p]·b[p], p < k. A pair without a bound fails its check. */
static double (*const sum_bounds[VIT_MATMUL_PAIRS])(size_t k, const float *a, const float *b) = {
    [VIT_MATMUL_F32_F32] = f32_f32_bound,
    [VIT_MATMUL_F32_F16] = f32_f16_bound,
    [VIT_MATMUL_U8_S8] = u8_s8_bound,
};

/* The kernel's C with memory of its own. */
static void multiply(const struct vit_matmul_args *args)
{
    if (!matmul_with_scratch(NULL, args))
        abort();
}

/* Fills A[m][k] and B[n][k], of the hardest rows unless `kind` is HARD_ROWS. */
static void fill_operands(size_t k, enum hard_row kind, uint64_t seed, size_t m, float *a, size_t n,
                          float *b)
{
    fill_pattern(m * k, a, PATTERN_NORMAL, seed + k);
    fill_pattern(n * k, b, PATTERN_NORMAL, seed + k + 1);
    if (kind == HARD_ROWS)
        return;
    for (size_t i = 0; i < m; i++)
        fill_hard(k, a + i * k, kind, seed + i);
    for (size_t i = 0; i < n * k; i++)
        if (i / k % 2) /* every second column: the sum of a row of A */
            b[i] = 1.0f;
}

/* C of 9 × 21 for each length of k. */
struct oracle_error matmul_error(const struct vit_kernels *kernels, enum vit_matmul_pair pair,
                                 uint64_t seed)
{
    enum { M = 9, N = 21 };
    static float a[M * LONGEST], b[N * LONGEST], c[M * N];
    const struct vit_matmul_kernel *const kernel = &kernels->matmul[pair];
    struct oracle_error error = { 0 };

    for (size_t l = 0; l < LENGTHS * (HARD_ROWS + 1); l++) {
        const size_t k = lengths[l % LENGTHS];
        const struct vit_packed packed = { kernel, N, k, malloc(vit_packed_bytes(kernel, N, k)) };
        if (!packed.panels)
            abort();
        fill_operands(k, (enum hard_row)(HARD_ROWS - l / LENGTHS), seed, M, a, N, b);
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
