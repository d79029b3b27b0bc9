/* peers.h - libvit and its peers as the comparison sees them: work, and jobs that do it */
#ifndef VIT_BENCH_PEERS_PEERS_H
#define VIT_BENCH_PEERS_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vit_kernels;

enum work_kind { WORK_MATMUL, WORK_LAYERNORM, WORK_SOFTMAX, WORK_GELU, WORK_FORWARD, WORK_KINDS };
extern const char *const work_names[WORK_KINDS]; /* "matmul", …, as child processes are told */

/* What every library is given alike; all arrays are dense, and the libraries share them. */
struct work {
    enum work_kind kind;
    size_t m, n, k; /* matmul: y[m][n] = x[m][k] · w[n][k]ᵀ; rows: y[m][n] from x[m][n] */
    const float *x, *w;
    const float *gamma, *beta; /* [n], of LayerNorm, whose eps is 1e-6 */
    float *y;
    const char *model;     /* forward: an architecture's name */
    size_t batch, threads; /* of the forward pass; all else runs on one thread */
};

/* A piece of work that a library has been prepared for. */
struct job {
    double (*run)(void *state, size_t repeats); /* seconds that `repeats` runs take */
    void (*logits)(void *state, float *logits); /* forward: [batch][1000] of the last run */
    void (*close)(void *state);                 /* NULL: kept until the program ends */
    void *state;
};

/* Where and on what the comparison runs. */
struct place {
    const char *build;                 /* the build folder */
    const struct vit_kernels *kernels; /* libvit's, of the level that all are held to */
    bool best;                         /* that level is the best of this machine */
    int cpus[2];                       /* processors that one and two threads are bound to */
    size_t cpu_count;                  /* 1 if this process may use no more */
};

enum { TEXT_SIZE = 256 };

enum group_bit { DOES_MATMUL = 1, DOES_ROWS = 2, DOES_FORWARD = 4 };

struct peer {
    const char *name;
    /* Finds the library and writes its version to text; false: it is missing, and text says why. */
    bool (*open)(const struct place *place, char *text);
    /* Weights are packed here where the library can. False: not on this level. */
    bool (*prepare)(const struct work *work, struct job *job);
    unsigned does;  /* of enum group_bit; it is asked for nothing else */
    bool elsewhere; /* in a process of its own: it reads and writes none of the work's arrays */
};

extern const struct peer peer_libvit, peer_openblas, peer_blis, peer_onednn, peer_onnxruntime,
    peer_pytorch;

enum { PEERS = 6 };
extern const struct peer *const all_peers[PEERS]; /* libvit is the first */

/*
 * Starts make_model.py, which writes the models that forward passes and ONNX Runtime run; false:
 * there is no Python for it, and text says why. Then the file or folder for a piece of work.
 */
bool models_open(const struct place *place, char *text);
void models_make(const struct work *work);

/* Seconds that `repeats` calls take by the clock on the wall. */
double time_calls(void (*call)(void *state), void *state, size_t repeats);

/* Says what went wrong, and ends the program. */
#ifdef __GNUC__
__attribute__((noreturn, format(printf, 1, 2)))
#endif
void fatal(const char *format, ...);

/* On a cache line, much of it in huge pages, as libvit keeps its weights; never NULL. */
void *allocate(size_t bytes);

/* Floats whose value at i is (i · 7919 mod 1009)/504 − 1; the child processes make the same. */
float *new_floats(size_t count);

/* The largest difference of two results, as a share of the first's largest number. */
double difference(size_t count, const float *a, const float *b);

#ifdef __cplusplus
}
#endif
#endif
