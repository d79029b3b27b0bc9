/* test_int8.c - 8-bit groups: the laws of their rounding, and exact sums on every level */
#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check/compare_bits.h"
#include "check/matmul_scratch.h"
#include "check/test_data.h"
#include "compare.h"
#include "counts.h"
#include "kernels/int8.h"

#define HALF_STEP (0.5 + 0x1p-14)

/* Groups that rounding, saturation and overflow are hardest on. */
enum kind {
    NORMAL,
    SPREAD,       /* magnitudes from 2^-20 to 1 */
    ALL_POSITIVE, /* pairs at their limit */
    ALL_NEGATIVE,
    CONSTANT,
    PAIR_64,    /* 64, 64: and a weight of 127 */
    PAIR_127_1, /* 127, 1 and −127, −1 */
    PAIR_SIGNS, /* 127, −127 */
    TIES,       /* whole and a half, of a scale that is a power of 2 */
    HALF_STEPS, /* of activations, but for the roundings of the scale */
    OUTLIER,    /* one of 10^6 */
    ZERO,       /* of both signs */
    BELOW_TINY, /* 2^-110 */
    ABOVE_TINY, /* 2^-92 */
    HUGE_RANGE, /* 3·10^38 and −3·10^38: the range overflows */
    HUGE_PAIR,  /* 3·10^38 twice: their sum overflows */
    HAS_NAN,    /* kinds from here on are not finite */
    HAS_INFINITE,
    KINDS
};

static float uniform(uint64_t *state) /* in [−1, 1) */
{
    return (float)((int32_t)(next_random(state) >> 40) - (1 << 23)) * 0x1p-23f;
}

static void fill(enum kind kind, size_t n, float *x, uint64_t *state)
{
    static const float of_pairs[][4] = { [PAIR_64] = { 64, 64, 127, 0 },
                                         [PAIR_127_1] = { 127, 1, -127, -1 },
                                         [PAIR_SIGNS] = { 127, -127, -127, 127 },
                                         [HUGE_RANGE] = { 3e38f, -3e38f, 1, 0 },
                                         [HUGE_PAIR] = { 3e38f, 3e38f, 0, 1 } };
    const float scale = 1.0f + uniform(state) * 0.9f;

    for (size_t i = 0; i < n; i++) {
        const float u = uniform(state);
        switch (kind) {
        case SPREAD:
            x[i] = ldexpf(u, -(int)(next_random(state) % 20));
            break;
        case ALL_POSITIVE:
        case ALL_NEGATIVE:
            x[i] = copysignf(0.5f + u * (float)(next_random(state) % 2) * 0.5f,
                             kind == ALL_NEGATIVE ? -1.0f : 1.0f);
            break;
        case CONSTANT:
            x[i] = scale;
            break;
        case TIES:
            x[i] = i == 0 ? 127.0f : rintf(u * 60.0f) + 0.5f;
            break;
        case HALF_STEPS:
            x[i] = i == 0 ? scale : ((float)i + 0.5f) * (scale / 255.0f);
            break;
        case ZERO:
            x[i] = copysignf(0.0f, u);
            break;
        case BELOW_TINY:
            x[i] = u * 0x1p-110f;
            break;
        case ABOVE_TINY:
            x[i] = u * 0x1p-92f;
            break;
        case PAIR_64:
        case PAIR_127_1:
        case PAIR_SIGNS:
        case HUGE_RANGE:
        case HUGE_PAIR:
            x[i] = of_pairs[kind][i % 4];
            break;
        default:
            x[i] = u * scale;
        }
    }
    const size_t at = next_random(state) % n;
    if (kind == OUTLIER || kind >= HAS_NAN)
        x[at] = kind == OUTLIER ? 1e6f : kind == HAS_NAN ? NAN : at % 2 ? INFINITY : -INFINITY;
}

Test(int8, a_weight_is_within_half_a_step_and_no_pair_saturates_16_bits)
{
    enum { GROUPS = 300000 };
    struct int8_weights q;
    float w[GROUP];
    uint64_t state = 1;

    for (size_t g = 0; g < GROUPS; g++) {
        const enum kind kind = (enum kind)(g % KINDS);
        const size_t n = 1 + next_random(&state) % GROUP;
        int sum = 0;
        fill(kind, n, w, &state);
        int8_quantize_column(n, w, 1, &q);
        cr_assert_eq(kind >= HAS_NAN, isnan(q.scale), "kind %d: scale %g", (int)kind,
                     (double)q.scale);
        cr_assert(kind >= HAS_NAN || isfinite(q.scale));
        for (size_t i = 0; i < GROUP; i++) {
            const int pair = q.q[i & ~(size_t)1] + q.q[i | 1];
            sum += q.q[i];
            cr_assert(abs(q.q[i]) <= 127 && (i < n || q.q[i] == 0));
            cr_assert(abs(pair) <= 128, "kind %d: a pair of %d", (int)kind, pair);
            if (i >= n || kind >= HAS_NAN)
                continue;
            const double error = fabs((double)w[i] - (double)q.scale * q.q[i]);
            cr_assert(error <= fmax((double)q.scale * HALF_STEP, 0x1p-93),
                      "kind %d: %a becomes %d of %a", (int)kind, (double)w[i], q.q[i],
                      (double)q.scale);
        }
        cr_assert(sum == q.sum && abs(sum) <= 8192);
    }
    count_checks(GROUPS);
}

/* In steps of their scale these are 64.5 and a little more, and 63.5: both are rounded up. */
Test(int8, of_a_pair_of_129_the_one_that_was_rounded_further_moves_back)
{
    const float a = 0x1.000798p+7f, b = 0x1.f81ed2p+6f;
    const float w[] = { a, b, b, a, -a, -b };
    static const int8_t expected[] = { 65, 63, 63, 65, -65, -63 };
    struct int8_weights q;

    int8_quantize_column(6, w, 1, &q);
    cr_assert_arr_eq(q.q, expected, sizeof expected);
    count_checks(6);
}

/* As the scalar level lays a group out. */
struct row_group {
    float scale;
    int32_t zero;
    uint8_t q[GROUP];
};

Test(int8, an_activation_is_within_half_a_step)
{
    enum { GROUPS = 100000 };
    const struct vit_matmul_kernel *const kernel = &scalar_level()->matmul[VIT_MATMUL_U8_S8];
    struct row_group q;
    float x[GROUP];
    uint64_t state = 2;

    for (size_t g = 0; g < GROUPS; g++) {
        const enum kind kind = (enum kind)(g % KINDS);
        const size_t n = 1 + next_random(&state) % GROUP;
        fill(kind, n, x, &state);
        memset(&q, 0xff, sizeof q);
        kernel->convert(1, n, x, n, &q);
        cr_assert(q.zero >= 0 && q.zero <= 255);
        for (size_t i = n; i % 4; i++)
            cr_assert_eq(q.q[i], 0, "byte %zu of a group of %zu is not cleared", i, n);
        if (kind >= HAS_NAN) {
            cr_assert(isnan(q.scale));
            continue;
        }
        for (size_t i = 0; i < n && isfinite(q.scale); i++) {
            const double error = fabs((double)x[i] - (double)q.scale * (q.q[i] - q.zero));
            cr_assert(error <= fmax((double)q.scale * HALF_STEP, 0x1p-100),
                      "kind %d: %a becomes %d - %d of %a", (int)kind, (double)x[i], q.q[i], q.zero,
                      (double)q.scale);
        }
    }
    count_checks(GROUPS);
}

/* Groups as docs/numerics.md defines them, without the code of the kernels. */
struct quantized {
    float scale;
    int zero;
    int q[GROUP + 1];
};

static bool all_finite(size_t n, const float *x)
{
    size_t i = 0;

    while (i < n && isfinite(x[i]))
        i++;
    return i == n;
}

static void quantize_weights(size_t n, const float *w, struct quantized *out)
{
    float top = 0.0f, pair = 0.0f;

    *out = (struct quantized){ .scale = all_finite(n, w) ? 0.0f : NAN };
    for (size_t i = 0; i < n; i++) {
        top = fmaxf(top, fabsf(w[i]));
        if (i % 2)
            pair = fmaxf(pair, fabsf(w[i - 1] / 2.0f + w[i] / 2.0f));
    }
    if (n % 2)
        pair = fmaxf(pair, fabsf(w[n - 1] / 2.0f));
    const float s = fmaxf(top / 127.0f, pair / 64.0f);
    if (isnan(out->scale) || s < 0x1p-100f)
        return;
    out->scale = s;
    for (size_t i = 0; i < n; i++)
        out->q[i] = (int)rintf(w[i] / s);
    for (size_t i = 0; i + 1 < n; i += 2) {
        if (abs(out->q[i] + out->q[i + 1]) != 129)
            continue;
        const float first = fabsf((float)out->q[i]) - fabsf(w[i] / s);
        const float second = fabsf((float)out->q[i + 1]) - fabsf(w[i + 1] / s);
        int *const moved = &out->q[second > first ? i + 1 : i];
        *moved -= *moved > 0 ? 1 : -1;
    }
}

static void quantize_activations(size_t n, const float *x, struct quantized *out)
{
    float low = 0.0f, high = 0.0f;

    *out = (struct quantized){ .scale = all_finite(n, x) ? 0.0f : NAN };
    for (size_t i = 0; i < n; i++) {
        low = fminf(low, x[i]);
        high = fmaxf(high, x[i]);
    }
    if (isnan(out->scale) || high - low < 0x1p-100f)
        return;
    const float inverse = 255.0f / (high - low);
    out->scale = (high - low) / 255.0f;
    out->zero = (int)rintf(-low * inverse);
    for (size_t i = 0; i < n; i++) {
        const int q = (int)rintf(x[i] * inverse) + out->zero;
        out->q[i] = q < 0 ? 0 : q > 255 ? 255 : q;
    }
}

/* A chain over the groups, from exact sums. */
static float expected_element(size_t k, const float *a, const float *b)
{
    struct quantized x, w;
    float c = 0.0f;

    for (size_t l = 0; l < k; l += GROUP) {
        const size_t n = int8_length(k, l);
        int64_t sum = 0;
        quantize_activations(n, a + l, &x);
        quantize_weights(n, b + l, &w);
        for (size_t i = 0; i < n && !isnan(x.scale) && x.scale > 0.0f; i++)
            sum += (int64_t)(x.q[i] - x.zero) * w.q[i];
        cr_assert(llabs(sum) <= INT64_C(64) * 32640);
        c = fmaf((float)sum * w.scale, x.scale, c);
    }
    return c;
}

/* Rows and columns of every kind, so that every kind of activations meets every kind of weights. */
Test(int8, every_level_has_the_exact_sums_of_every_kind_of_group)
{
    static const size_t lengths[] = { 1, 3, 127, 128, 129, 255, 256, 768 };
    enum { LENGTHS = sizeof lengths / sizeof *lengths, LONGEST = 768, M = KINDS, N = HAS_NAN * 9 };
    static float a[M * LONGEST], b[N * LONGEST], expected[M * N], found[M * N];
    uint64_t state = 3;

    for (size_t t = 0; t < LENGTHS; t++) {
        const size_t k = lengths[t];
        for (size_t i = 0; i < M; i++)
            for (size_t l = 0; l < k; l += GROUP)
                fill((enum kind)((i + l / GROUP) % KINDS), int8_length(k, l), a + i * k + l,
                     &state);
        for (size_t j = 0; j < N; j++)
            for (size_t l = 0; l < k; l += GROUP)
                fill((enum kind)(j % HAS_NAN), int8_length(k, l), b + j * k + l, &state);
        for (size_t i = 0; i < M * N; i++)
            expected[i] = expected_element(k, a + i / N * k, b + i % N * k);
        const struct vit_kernels *level = scalar_level();
        for (size_t l = 0; level; level = next_level(&l, M * N)) {
            const struct vit_matmul_kernel *const kernel = &level->matmul[VIT_MATMUL_U8_S8];
            const struct vit_packed packed = { kernel, N, k,
                                               malloc(vit_packed_bytes(kernel, N, k)) };
            cr_assert_not_null(packed.panels);
            vit_pack(&packed, 0, N, b, k, 1);
            cr_assert(matmul_with_scratch(
                NULL, &(struct vit_matmul_args){
                          .m = M, .a = a, .lda = k, .b = &packed, .c = found, .ldc = N }));
            free(packed.panels);
            const size_t at = first_difference(M * N, expected, found);
            cr_assert_eq(at, M * N, "%s, k %zu, row of kind %zu, column of kind %zu: %a, not %a",
                         level->isa, k, at / N, at % N % HAS_NAN, (double)found[at],
                         (double)expected[at]);
            count_checks(M * N);
        }
    }
}
