/* peers.h - the interface of the compared libraries: a piece of work, and a job that runs it */
#ifndef VIT_BENCH_PEERS_PEERS_H
#define VIT_BENCH_PEERS_PEERS_H

#include <stdbool.h>
#include <stddef.h>

#include "vit/vit.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vit_kernels;

enum work_kind {
    WORK_MATMUL,
    WORK_LAYERNORM,
    WORK_SOFTMAX,
    WORK_GELU,
    WORK_ATTENTION,
    WORK_FORWARD,
    WORK_KINDS
};
extern const char *const work_names[WORK_KINDS]; /* "matmul", …, as in requests to child
                                                    processes */

/* The same input for every library; all arrays are dense, and the libraries share them. */
struct work {
    enum work_kind kind;
    /*
     * matmul: y[m][n] = x[m][k] · w[n][k]ᵀ; rows: y[m][n] from x[m][n]; attention: y[m][n][k] of m
     * tokens, n heads and k columns from x[m][3][n][k].
     */
    size_t m, n, k;
    const float *x, *w;
    const float *gamma, *beta; /* [n], of LayerNorm, whose eps is 1e-6 */
    float *y;
    const char *model;     /* forward: an architecture's name */
    size_t batch, threads; /* of the forward pass; all else runs on one thread */
    /* of a matmul or a forward pass: what libvit computes it in, and the peers that can */
    enum vit_precision precision;
};

/* What a matmul in float16 or int8 multiplies; work_normal defines both. */
enum inputs { INPUTS_NORMAL, INPUTS_OUTLIERS, INPUTS_KINDS };
extern const char *const inputs_names[INPUTS_KINDS]; /* "normal", "outliers" */

/* A piece of work that a library has been prepared for. */
struct job {
    double (*run)(void *state, size_t repeats); /* seconds that `repeats` runs take */
    /* the first numbers of the last run's result; NULL: they are in the work's y */
    void (*result)(void *state, size_t count, float *y);
    /* changes the inputs; NULL: it reads the work's x */
    void (*fill)(void *state, enum inputs inputs);
    void (*close)(void *state); /* NULL: kept until the program ends */
    void *state;
};

/* Where and on what the comparison runs. */
struct machine {
    const char *build;                 /* the build directory */
    const struct vit_kernels *kernels; /* libvit's kernels of the level that all libraries are
                                          limited to */
    bool best;                         /* that level is the best of this machine */
    int cpus[2];                       /* processors that one and two threads are bound to */
    size_t cpu_count;                  /* 1 if this process may use no more */
    bool one_core;                     /* there is one, or both are threads of one core */
};

enum { TEXT_SIZE = 256 };

enum group_bit {
    DOES_MATMUL = 1,
    DOES_ROWS = 2,
    DOES_FORWARD = 4,
    DOES_ATTENTION = 8,
    DOES_FLOAT16 = 16,     /* matmul */
    DOES_INT8 = 32,        /* matmul, the quantizing of x included */
    DOES_FORWARD_INT8 = 64 /* whose linear layers are int8 */
};

struct peer {
    const char *name;
    /*
     * Finds the library and writes its version to text; false: it is missing, and text is the
     * reason.
     */
    bool (*open)(const struct machine *machine, char *text);
    /* Weights are packed here where the library can. False: not on this level. */
    bool (*prepare)(const struct work *work, struct job *job);
    unsigned does;         /* of enum group_bit: the groups that it takes part in */
    bool elsewhere;        /* runs in a separate process, without the arrays of the work */
    bool unheld;           /* cannot be limited to a level: always uses the best of the machine */
    const struct peer *of; /* this is another way to use that library, which comes before it */
};

/* libvit_float32 computes in float32 whatever the work's precision is. */
extern const struct peer peer_libvit, peer_openblas, peer_blis, peer_onednn, peer_onnxruntime,
    peer_pytorch, peer_libvit_float32, peer_ort_per_channel, peer_ort_7_bits;

enum { PEERS = 9 };
extern const struct peer *const all_peers[PEERS]; /* libvit is the first */

/*
 * Starts make_model.py, which writes the models that forward passes and ONNX Runtime run; false:
 * Python cannot run it, and text is the reason. Then: the file or directory for a piece of work.
 */
bool models_open(const struct machine *machine, char *text);
void models_make(const struct work *work);

/* Real seconds that `repeats` calls take. */
double time_calls(void (*call)(void *state), void *state, size_t repeats);

/* Prints an error and ends the program. */
#ifdef __GNUC__
__attribute__((noreturn, format(printf, 1, 2)))
#endif
void fatal(const char *format, ...);

/*
 * Allocates as libvit allocates its weights: aligned to a cache line, in huge pages where possible.
 * Never returns NULL.
 */
void *allocate(size_t bytes);

/*
 * Number i of a sequence: the sum of 12 random bytes, less its mean, over 256. It is almost normal,
 * with a deviation of 1, and exact in every language.
 */
float work_normal(size_t i);

/* x[m][k], normal; with outliers, 20 times as large in columns 77, 77 + 192, … */
void fill_inputs(size_t m, size_t k, enum inputs inputs, float *x);

/* w[n][k], normal, over 3: so that float16 rounds them */
void fill_weights(size_t n, size_t k, float *w);

/* Sets float i to (i · 7919 mod 1009)/504 − 1, as the child processes do. */
float *new_floats(size_t count);

/* The largest difference of two results, as a share of the first's largest number. */
double difference(size_t count, const float *a, const float *b);

/* The root mean square of y − exact, over that of exact. */
double rms_error(size_t count, const double *exact, const float *y);

#ifdef __cplusplus
}
#endif
#endif
