/* blas.c - OpenBLAS and BLIS, each opened by itself: both are named cblas_sgemm */
#include <dlfcn.h>
#include <stdlib.h>

#include "peers.h"

/* The C interface of the reference BLAS: row-major, A as it is, B transposed. */
enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };
typedef void sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                   const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

struct state {
    sgemm *multiply;
    struct matmul_job job;
};

static void run(void *state)
{
    const struct state *s = state;
    const int m = (int)s->job.m, n = (int)s->job.n, k = (int)s->job.k;
    s->multiply(ROW_MAJOR, AS_IS, TRANSPOSED, m, n, k, 1.0f, s->job.a, k, s->job.w, k, 0.0f,
                s->job.c, n);
}

static struct job prepare(const char *library, const struct matmul_job *job)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    struct state *s = malloc(sizeof *s);

    if (!handle || !s)
        return (struct job){ NULL, NULL };
    s->job = *job;
    *(void **)&s->multiply = dlsym(handle, "cblas_sgemm");
    return (struct job){ s->multiply ? run : NULL, s };
}

static struct job openblas_matmul(const struct matmul_job *job)
{
    return prepare("libopenblas.so.0", job);
}

static struct job blis_matmul(const struct matmul_job *job)
{
    return prepare("libblis.so.4", job);
}

static struct job no_rows(const struct row_job *job)
{
    (void)job;
    return (struct job){ NULL, NULL };
}

const struct peer peer_openblas = { "OpenBLAS", openblas_matmul, no_rows };
const struct peer peer_blis = { "BLIS", blis_matmul, no_rows };
