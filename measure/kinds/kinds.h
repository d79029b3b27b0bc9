/* kinds.h - the kernels that can be measured: operands, operations, bytes, checks, shapes */
#ifndef VIT_MEASURE_KINDS_KINDS_H
#define VIT_MEASURE_KINDS_KINDS_H

#include <stdbool.h>

#include "measure/bandwidth.h"
#include "vit/kernels.h"

enum { MAX_DIMENSIONS = 3 };

/* What is measured. A number is 0 where it does not apply. */
struct bench {
    const struct bench_kind *kind;
    const struct vit_kernels *level;
    const void *subject; /* which of the kind's kernels */
    size_t dimensions[MAX_DIMENSIONS];
    size_t threads;
    /* of one iteration */
    double operations; /* a multiply-add counts as two: gives GFLOP_per_s, peak_share */
    const struct vit_matmul_kernel *matmul; /* whose peak is the limit; NULL: float32's */
    double bytes;    /* operands read once and results written once: intensity, GB_per_s */
    double elements; /* gives ns_per_element */
    double images;   /* gives ms_per_image */
    double memory;   /* bytes that prepare allocates */
    double checked;  /* bytes that check allocates besides, at most */
    /* the memory whose bandwidth is a limit of this work; NULL: it is none */
    struct stream (*stream)(void *work);
};

/* How work of a kind is done. Functions that can fail return NULL, or the reason of the failure. */
struct bench_kind {
    /* allocates and fills *work; after a failure it may be incomplete, and `release` frees it */
    const char *(*prepare)(const struct bench *bench, void **work);
    /* one iteration, which is timed */
    void (*run)(void *work);
    /* after one run: compares samples of its result with scalar's bits (operands.h) */
    const char *(*check)(void *work);
    void (*release)(void *work); /* NULL is allowed */
};

/* A shape that `make bench` measures. */
struct kernel_case {
    char name[64];
    size_t dimensions[MAX_DIMENSIONS];
};

/* A kind of kernels whose shapes have the same dimensions. */
struct kernel_kind {
    struct bench_kind work;
    const char *shape, *example; /* "MxNxK", "197x768x768" */
    const char *measures;        /* for --help: what is timed, and relative to what */
    size_t dimension_count;
    /* kernel i of this kind: its name, such as "layernorm", and its subject; false past the last */
    bool (*kernel_at)(size_t i, char name[64], const void **subject);
    /* shape i of `make bench`, false past the last */
    bool (*case_at)(size_t i, struct kernel_case *c);
    /* fills in the numbers of an iteration, from level, subject, dimensions and threads */
    void (*count)(struct bench *bench);
};

/* A kernel as `libvit bench` and `make bench` name it. */
struct kernel {
    const struct kernel_kind *kind;
    const void *subject;
    char name[64];
};

/* Kernel i, false past the last. */
bool kernel_at(size_t i, struct kernel *kernel);

/* A kind's case_at where its cases are a table. */
bool kernel_case_at(const struct kernel_case *cases, size_t count, size_t i, struct kernel_case *c);

/* A kernel's work on dimensions [dimension_count], each at least 1. */
struct bench kernel_bench(const struct kernel *kernel, const struct vit_kernels *level,
                          const size_t *dimensions, size_t threads);

/* The kinds, in the order in which they are listed: kinds.c. */
extern const struct kernel_kind matmul_kind, pack_kind, rows_kind, attention_kind, resize_kind;

/* The threads of an operation, for a work that stores the struct. */
struct vit_parallel bench_parallel(size_t threads);

#endif
