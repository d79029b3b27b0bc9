/* main.c - libvit beside OpenBLAS, BLIS and oneDNN, one thread, taking turns in one run */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kernel_cases.h"
#include "peers.h"
#include "vit/kernels.h"

enum { ROUNDS = 21, MOST = 4 };

/* Of this thread alone: what else the machine does meanwhile is no part of a library's speed. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *new_floats(size_t count)
{
    float *x = aligned_alloc(64, (count * sizeof *x + 63) / 64 * 64);
    if (!x) {
        fprintf(stderr, "peers: no memory for %zu floats\n", count);
        exit(2);
    }
    for (size_t i = 0; i < count; i++)
        x[i] = (float)(i * 7919 % 1009) / 504.0f - 1.0f;
    return x;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double peak(const struct vit_kernels *kernels)
{
    const size_t rounds = 20000000 / kernels->fma_peak_flops;
    const double start = seconds();
    volatile float sink = kernels->fma_peak(rounds);
    (void)sink;
    return (double)(rounds * kernels->fma_peak_flops) / (seconds() - start);
}

/* Seconds of one run of each job, and the peak, ROUNDS times in turn; then each column sorted. */
struct table {
    double time[MOST][ROUNDS], peak[ROUNDS];
};

static void take_turns(const struct vit_kernels *kernels, const struct job jobs[MOST],
                       size_t repeats, struct table *t)
{
    for (size_t j = 0; j < MOST; j++)
        if (jobs[j].run)
            jobs[j].run(jobs[j].state);
    for (size_t r = 0; r < ROUNDS; r++) {
        t->peak[r] = peak(kernels);
        for (size_t j = 0; j < MOST; j++) {
            if (!jobs[j].run)
                continue;
            const double start = seconds();
            for (size_t i = 0; i < repeats; i++)
                jobs[j].run(jobs[j].state);
            t->time[j][r] = (seconds() - start) / (double)repeats;
        }
    }
    qsort(t->peak, ROUNDS, sizeof(double), ascending);
    for (size_t j = 0; j < MOST; j++)
        qsort(t->time[j], ROUNDS, sizeof(double), ascending);
}

struct own_matmul {
    const struct vit_kernels *kernels;
    struct matmul_job job;
    float *packed;
};

static void run_own_matmul(void *state)
{
    const struct own_matmul *s = state;
    const struct matmul_job *j = &s->job;
    vit_matmul(s->kernels, NULL, j->m, j->n, j->k, j->a, j->k, s->packed, j->c, j->n, NULL);
}

static struct job own_matmul(const struct vit_kernels *kernels, const struct matmul_job *job)
{
    struct own_matmul *s = malloc(sizeof *s);
    if (!s)
        exit(2);
    *s = (struct own_matmul){ kernels, *job,
                              new_floats(vit_matmul_packed_size(kernels, job->n, job->k)) };
    vit_matmul_pack(kernels, job->n, job->k, job->w, job->k, 1, s->packed);
    return (struct job){ run_own_matmul, s };
}

struct own_rows {
    const struct vit_kernels *kernels;
    struct row_job job;
};

static void run_own_rows(void *state)
{
    const struct own_rows *s = state;
    const struct row_job *j = &s->job;
    for (size_t i = 0; i < j->rows; i++) {
        const float *x = j->x + i * j->n;
        float *y = j->y + i * j->n;
        if (j->kind == ROW_LAYERNORM)
            s->kernels->layernorm(j->n, x, j->gamma, j->beta, 1e-6f, y);
        else if (j->kind == ROW_SOFTMAX)
            s->kernels->softmax(j->n, x, y);
        else
            s->kernels->activation[VIT_GELU](j->n, x, y);
    }
}

static const struct peer *const peers[MOST - 1] = { &peer_openblas, &peer_blis, &peer_onednn };

static void print_header(const char *what, const char *unit)
{
    printf("\n%-18s %10s", what, "libvit");
    for (size_t p = 0; p < MOST - 1; p++)
        printf(" %10s", peers[p]->name);
    printf("   %s\n", unit);
}

/* Medians, libvit's best decile, and its speed over the best peer's; returns that. */
static double print_row(const char *name, const struct job jobs[MOST], const struct table *t,
                        double scale, double over_peak)
{
    double best = INFINITY;

    printf("%-18s", name);
    for (size_t j = 0; j < MOST; j++) {
        const double median = t->time[j][ROUNDS / 2];
        if (!jobs[j].run)
            printf(" %10s", "-");
        else if (over_peak > 0)
            printf(" %9.1f%%", 100 * over_peak / median / t->peak[ROUNDS / 2]);
        else
            printf(" %10.3f", scale * median);
        if (j > 0 && jobs[j].run && median < best)
            best = median;
    }
    const double ratio = best / t->time[0][ROUNDS / 2];
    if (over_peak > 0)
        printf("   best decile %.1f%%",
               100 * over_peak / t->time[0][ROUNDS / 10] / t->peak[ROUNDS - 1 - ROUNDS / 10]);
    printf("   %.2fx\n", ratio);
    return ratio;
}

static void compare_matmuls(const struct vit_kernels *kernels)
{
    double logs = 0;
    size_t count = 0;

    print_header("matmul", "share of the multiply-add peak; libvit over the best peer");
    for (size_t i = 0; i < matmul_case_count; i++) {
        const struct matmul_case *s = &matmul_cases[i];
        const struct matmul_job job = { s->m,
                                        s->n,
                                        s->k,
                                        new_floats(s->m * s->k),
                                        new_floats(s->n * s->k),
                                        new_floats(s->m * s->n) };
        const double flops = 2.0 * (double)s->m * (double)s->n * (double)s->k;
        struct job jobs[MOST] = { own_matmul(kernels, &job) };
        static struct table t;
        for (size_t p = 0; p < MOST - 1; p++)
            jobs[p + 1] = peers[p]->matmul(&job);
        take_turns(kernels, jobs, flops < 2e8 ? (size_t)(2e8 / flops) : 1, &t);
        logs += log(print_row(s->name, jobs, &t, 0, flops));
        count++;
    }
    printf("%-18s geometric mean %.2fx\n", "", exp(logs / (double)count));
}

static void compare_rows(const struct vit_kernels *kernels, const char *where, size_t rows,
                         size_t n)
{
    static const char *const names[ROW_KINDS] = { "layernorm", "softmax", "gelu" };

    print_header(where, "ns per element; libvit over the best peer");
    for (enum row_kind kind = 0; kind < ROW_KINDS; kind++) {
        const struct row_job job = {
            kind, rows, n, new_floats(rows * n), new_floats(n), new_floats(n), new_floats(rows * n)
        };
        struct own_rows own = { kernels, job };
        struct job jobs[MOST] = { { run_own_rows, &own } };
        static struct table t;
        for (size_t p = 0; p < MOST - 1; p++)
            jobs[p + 1] = peers[p]->rows(&job);
        take_turns(kernels, jobs, rows * n < 1000000 ? 1000000 / (rows * n) : 1, &t);
        print_row(names[kind], jobs, &t, 1e9 / (double)(rows * n), 0);
    }
}

int main(void)
{
    const struct vit_kernels *kernels;
    struct vit_error err;

    if (vit_kernels_get(NULL, &kernels, &err) != VIT_OK) {
        fprintf(stderr, "peers: %s\n", err.message);
        return 2;
    }
    printf("%s, one thread, medians of %d turns\n", kernels->isa, ROUNDS);
    compare_matmuls(kernels);
    compare_rows(kernels, "rows in cache", 8, 768);
    compare_rows(kernels, "rows out of cache", 16384, 768);
    return 0;
}
