/* test_performer.c - attention by random features against its formula in double precision */
#include <criterion/criterion.h>
#include <math.h>

#include "compare.h"
#include "counts.h"
#include "model/performer.h"

enum { TOKENS = 11, DIM = 6, FEATURES = 5 };

static double feature(const struct performer *p, const float *x, size_t m)
{
    double dot = 0, norm = 0;

    for (size_t d = 0; d < DIM; d++) {
        dot += (double)p->directions[m * DIM + d] * (double)x[d];
        norm += (double)x[d] * (double)x[d];
    }
    return exp(dot - norm / 2) / sqrt((double)FEATURES);
}

/* Numbers from -1 to 1, so that keys, queries and values differ and no weight is uniform. */
static void fill(size_t count, float *x, unsigned seed)
{
    for (size_t i = 0; i < count; i++, seed = seed * 1664525u + 1013904223u)
        x[i] = (float)(seed >> 8) / (float)(1 << 23) - 1.0f;
}

Test(performer, equals_its_formula)
{
    struct performer p = { 0 };
    struct performer_buffers b;
    struct arena weights = { 0 }, buffers = { 0 };
    struct weight_plan plan = { 0 };
    const struct vit_packed widest[VIT_MATMUL_PAIRS] = { { 0 } };
    float kqv[TOKENS * 3 * DIM], out[TOKENS * DIM];

    cr_assert_eq(vit_kernels_get(NULL, &plan.kernels, NULL), VIT_OK);
    const struct carver carver = { &buffers, plan.kernels, 1, widest };
    performer_plan(&plan, 0, DIM, FEATURES, &p);
    for (int again = 0; again < 2; again++) {
        plan_carve(&plan, &weights);
        performer_carve(&carver, TOKENS, DIM, FEATURES, &b);
        cr_assert(again || (arena_allocate(&memory_of_c, &weights) &&
                            arena_allocate(&memory_of_c, &buffers)));
    }
    fill(FEATURES * DIM, p.directions, 1);
    vit_pack(&p.features.weight, 0, FEATURES, p.directions, DIM, 1);
    fill(TOKENS * 3 * DIM, kqv, 2);
    const struct exec e = { plan.kernels, NULL, NULL, b.matmul };
    performer_attention(&e, &p, TOKENS, (struct matrix){ kqv, 3 * DIM }, &b,
                        (struct matrix){ out, DIM });
    for (size_t i = 0; i < TOKENS; i++)
        for (size_t d = 0; d < DIM; d++) {
            double above = 0, below = 1e-8;
            for (size_t j = 0; j < TOKENS; j++) {
                const float *const k = kqv + j * 3 * DIM, *const q = kqv + i * 3 * DIM + DIM;
                double weight = 0;
                for (size_t m = 0; m < FEATURES; m++)
                    weight += feature(&p, q, m) * feature(&p, k, m);
                above += weight * (double)k[2 * DIM + d];
                below += weight;
            }
            cr_assert(fabs((double)out[i * DIM + d] - above / below) < 1e-5,
                      "token %zu, column %zu is %g, expected %g", i, d, (double)out[i * DIM + d],
                      above / below);
        }
    plan_free(&plan);
    arena_free(&memory_of_c, &buffers);
    arena_free(&memory_of_c, &weights);
    count_checks((size_t)TOKENS * DIM);
}
