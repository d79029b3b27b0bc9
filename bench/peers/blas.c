/* blas.c - OpenBLAS and BLIS, loaded separately: both export cblas_sgemm */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "peers.h"

/* The C interface of the reference BLAS: row-major, both operands as they are. */
enum { ROW_MAJOR = 101, AS_IS = 111 };
typedef void sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

static sgemm *openblas_sgemm, *blis_sgemm;

struct state {
    sgemm *multiply;
    struct work work;
    float *w; /* [k][n] */
};

static void call(void *state)
{
    const struct state *const s = state;
    const int m = (int)s->work.m, n = (int)s->work.n, k = (int)s->work.k;

    s->multiply(ROW_MAJOR, AS_IS, AS_IS, m, n, k, 1.0f, s->work.x, k, s->w, n, 0.0f, s->work.y, n);
}

static double run(void *state, size_t repeats)
{
    return time_calls(call, state, repeats);
}

static void close(void *state)
{
    free(((struct state *)state)->w);
    free(state);
}

/*
 * This interface cannot pack weights. Both are at least as fast with [k][n] as with [n][k]; BLIS is
 * up to a third faster.
 */
static bool prepare(sgemm *multiply, const struct work *work, struct job *job)
{
    struct state *const s = allocate(sizeof *s);
    *s = (struct state){ multiply, *work, allocate(work->n * work->k * sizeof(float)) };
    for (size_t i = 0; i < work->k; i++)
        for (size_t j = 0; j < work->n; j++)
            s->w[i * work->n + j] = work->w[j * work->k + i];
    *job = (struct job){ .run = run, .close = close, .state = s };
    return true;
}

/* A function of a library; *function may have any function type. */
static bool find(void *library, const char *name, void *function)
{
    *(void **)function = dlsym(library, name);
    return *(void **)function != NULL;
}

static bool open_openblas(const struct machine *machine, char *text)
{
    void *const library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    const char *(*config)(void), *(*core)(void);
    char version[32] = "";

    (void)machine;
    if (!library || !find(library, "cblas_sgemm", &openblas_sgemm) ||
        !find(library, "openblas_get_config", &config) ||
        !find(library, "openblas_get_corename", &core)) {
        snprintf(text, TEXT_SIZE, "%s", dlerror());
        return false;
    }
    sscanf(config(), "OpenBLAS %31s", version);
    snprintf(text, TEXT_SIZE, "%s %s", version, core());
    return true;
}

static bool open_blis(const struct machine *machine, char *text)
{
    void *const library = dlopen("libblis.so.4", RTLD_NOW | RTLD_LOCAL);
    const char *(*version)(void), *(*name)(int id);
    void (*init)(void);
    int (*id)(void);

    (void)machine;
    if (!library || !find(library, "cblas_sgemm", &blis_sgemm) ||
        !find(library, "bli_init", &init) || !find(library, "bli_arch_query_id", &id) ||
        !find(library, "bli_arch_string", &name) ||
        !find(library, "bli_info_get_version_str", &version)) {
        snprintf(text, TEXT_SIZE, "%s", dlerror());
        return false;
    }
    init(); /* otherwise BLIS has no configuration yet and ends the program */
    snprintf(text, TEXT_SIZE, "%s %s", version(), name(id()));
    return true;
}

static bool prepare_openblas(const struct work *work, struct job *job)
{
    return prepare(openblas_sgemm, work, job);
}

static bool prepare_blis(const struct work *work, struct job *job)
{
    return prepare(blis_sgemm, work, job);
}

const struct peer peer_openblas = {
    .name = "OpenBLAS", .open = open_openblas, .prepare = prepare_openblas, .does = DOES_MATMUL
};
const struct peer peer_blis = {
    .name = "BLIS", .open = open_blis, .prepare = prepare_blis, .does = DOES_MATMUL
};
