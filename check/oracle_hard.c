/* oracle_hard.c - LayerNorm and softmax of the hardest rows, within the sum of their roundings */
#include <math.h>

#include "check/hard_rows.h"
#include "check/oracle.h"
#include "check/oracle_note.h"
#include "check/test_data.h"

static const size_t lengths[] = { 1, 2, 3, 17, 64, 197, 768, 3072, 16384 };
enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST = 16384 };

/* The roundings that an element of a row takes part in until the row is added up. */
static double sum_roundings(size_t n)
{
    return (double)((n + 15) / 16 + 3);
}

/* --- LayerNorm */

struct norm_row {
    float x[LONGEST], gamma[LONGEST], beta[LONGEST], y[LONGEST];
    size_t n;
    double eps;
};

/* Of a row, in double: its mean, the mean of |x|, of |x − mean| and of (x − mean)². */
struct moments {
    double mean, magnitude, deviation, variance;
};

static struct moments moments_of(const struct norm_row *r)
{
    struct moments m = { 0 };
    const double n = (double)r->n;

    for (size_t i = 0; i < r->n; i++) {
        m.mean += (double)r->x[i] / n;
        m.magnitude += fabs((double)r->x[i]) / n;
    }
    for (size_t i = 0; i < r->n; i++) {
        const double d = (double)r->x[i] - m.mean;
        m.deviation += fabs(d) / n;
        m.variance += d * d / n;
    }
    return m;
}

/*
 * The bounds of the errors up to rstd. With P roundings a sum, the mean m is off by
 * `shift` = (P + 1)·U·mean|x|. The deviations x − m are on average mean|x − mean| + shift, and each
 * is rounded; their mean c is off by `c`. The mean square is off by P + 3 roundings of at most
 * 2·(variance + shift²), the square of c by 2·shift times the error of c. That can exceed the
 * variance, but the square root is of at least eps.
 */
struct norm_bound {
    double shift, c, rstd; /* rstd: relative */
};

static struct norm_bound norm_bound(const struct norm_row *r, const struct moments *m)
{
    const double p = sum_roundings(r->n), v = m->variance + r->eps;
    struct norm_bound b = { .shift = (p + 1) * U * m->magnitude + SMALLEST };

    b.c = (p + 2) * U * (m->deviation + b.shift) + SMALLEST;
    const double square = 2 * (m->variance + b.shift * b.shift);
    const double error = (p + 3) * U * square + 2 * b.shift * b.c + b.c * b.c + 2 * SMALLEST;
    const double low = fmax(v - error, r->eps), high = v + error;
    b.rstd = fmax(sqrt(v / low) - 1, 1 - sqrt(v / high)) + 3 * U;
    return b;
}

static void compare_norm(struct oracle_error *error, const struct norm_row *r)
{
    const struct moments m = moments_of(r);
    const struct norm_bound b = norm_bound(r, &m);
    const double rstd = 1 / sqrt(m.variance + r->eps);

    for (size_t i = 0; i < r->n; i++) {
        const double d = (double)r->x[i] - m.mean, gamma = fabs((double)r->gamma[i]);
        const double product = d * rstd * (double)r->gamma[i], beta = (double)r->beta[i];
        const double numerator = U * (2 * fabs(d) + 2 * b.shift) + b.c;
        const double bound = gamma * rstd * ((1 + b.rstd) * numerator + fabs(d) * (b.rstd + U)) +
                             U * (fabs(product) + fabs(beta)) + SMALLEST * (gamma + 1);
        /* products of these errors count less than 10⁻⁴ of them */
        note(error, fabs((double)r->y[i] - (product + beta)) / (1.0001 * bound), (double)r->x[i]);
    }
}

struct oracle_error layernorm_hard_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static const float epsilons[] = { 1e-6f, 1e-12f, 1e-30f };
    static struct norm_row r;
    struct oracle_error error = { 0 };

    for (size_t t = 0; t < LENGTHS * HARD_ROWS * 3; t++) {
        const enum hard_row kind = (enum hard_row)(t / LENGTHS % HARD_ROWS);
        const float eps = epsilons[t / LENGTHS / HARD_ROWS];
        r.n = lengths[t % LENGTHS];
        r.eps = (double)eps;
        fill_hard(r.n, r.x, kind, seed + t);
        fill_pattern(r.n, r.gamma, PATTERN_NORMAL, seed + t + 1);
        fill_pattern(r.n, r.beta, t % 2 ? PATTERN_NORMAL : PATTERN_TINY, seed + t + 2);
        kernels->layernorm(&(struct vit_layernorm_args){ .rows = 1,
                                                         .n = r.n,
                                                         .x = r.x,
                                                         .gamma = r.gamma,
                                                         .beta = r.beta,
                                                         .eps = eps,
                                                         .y = r.y });
        compare_norm(&error, &r);
    }
    return error;
}

/* --- softmax */

/*
 * The relative error of a numerator: x − max is rounded once, exp is within 1.1 ulp, which is 2.2
 * roundings. Below −150 the numerator is 0.
 */
static double numerator_error(double d)
{
    return expm1(U * fmin(fabs(d), 150.0)) + 2.2 * U;
}

/* That of a weight, beside that of its numerator: the sum, its reciprocal and the product. */
static void compare_softmax(struct oracle_error *error, size_t n, const float *x, const float *y)
{
    double max = -INFINITY, sum = 0.0, off = 0.0;

    for (size_t i = 0; i < n; i++)
        max = fmax(max, (double)x[i]);
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - max;
        sum += exp(d);
        off += exp(d) * numerator_error(d);
    }
    const double common = off / sum + (sum_roundings(n) + 2) * U;
    for (size_t i = 0; i < n; i++) {
        const double d = (double)x[i] - max, p = exp(d) / sum;
        const double relative = (1 + numerator_error(d)) / (1 - common) - 1;
        note(error, fabs((double)y[i] - p) / (p * relative + 2 * SMALLEST), d);
    }
}

struct oracle_error softmax_hard_error(const struct vit_kernels *kernels, uint64_t seed)
{
    static float x[LONGEST], y[LONGEST];
    /* STEADY's differences of 2^-20 become numerators just below 1; 2^22: all but one are 0 */
    static const float scales[] = { 1.0f, 8.0f, 0x1p-10f, 0x1p22f };
    struct oracle_error error = { 0 };

    for (size_t t = 0; t < LENGTHS * HARD_ROWS * 4; t++) {
        const size_t n = lengths[t % LENGTHS];
        fill_hard(n, x, (enum hard_row)(t / LENGTHS % HARD_ROWS), seed + t);
        for (size_t i = 0; i < n; i++)
            x[i] *= scales[t / LENGTHS / HARD_ROWS];
        kernels->softmax(1, n, x, n, y, n);
        compare_softmax(&error, n, x, y);
    }
    return error;
}
