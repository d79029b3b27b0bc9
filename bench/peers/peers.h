/* peers.h - other libraries' matmul and row operations, as the comparison runs them */
#ifndef VIT_BENCH_PEERS_H
#define VIT_BENCH_PEERS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One piece of work that a library has been prepared for. */
struct job {
    void (*run)(void *state);
    void *state;
};

/* c[m][n] = a[m][k] · w[n][k]ᵀ, all dense. */
struct matmul_job {
    size_t m, n, k;
    const float *a, *w;
    float *c;
};

enum row_kind { ROW_LAYERNORM, ROW_SOFTMAX, ROW_GELU, ROW_KINDS };

/* y[rows][n] from x[rows][n]; gamma[n] and beta[n] for LayerNorm. */
struct row_job {
    enum row_kind kind;
    size_t rows, n;
    const float *x, *gamma, *beta;
    float *y;
};

/*
 * A library: what it cannot do, or is not installed for, is a job whose run is NULL. Weights are
 * packed in the preparation where the library can; jobs live as long as the program.
 */
struct peer {
    const char *name;
    struct job (*matmul)(const struct matmul_job *job);
    struct job (*rows)(const struct row_job *job);
};

extern const struct peer peer_openblas, peer_blis, peer_onednn;

#ifdef __cplusplus
}
#endif
#endif
