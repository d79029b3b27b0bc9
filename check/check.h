/* check.h - compares every kernel with scalar, and scalar with double precision, case by case */
#ifndef VIT_CHECK_CHECK_H
#define VIT_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/kernels.h"

struct check_run;
struct row_case;

/*
 * One check and its default number of cases. A case depends on the kernel, the level, the seed and
 * the case's number alone: the number enumerates shapes, everything else is drawn at random.
 */
struct check_kernel {
    const char *name;
    const char *claim; /* what its cases prove */
    size_t cases;
    bool oracle; /* compares only scalar, with double precision; the number of cases is fixed */
    void (*run)(struct check_run *c, size_t index);
    const struct row_case *row; /* for row operations, which share one run function */
    enum vit_matmul_pair pair;  /* for matmul kernels, which share one too */
};

/* Check i; false past the last. */
bool check_kernel_at(size_t i, struct check_kernel *kernel);

/*
 * Whether a level has a kernel of its own that the check calls; otherwise the check has the result
 * of the level that it extends.
 */
bool check_applies(const struct check_kernel *kernel, const struct vit_kernels *level);

struct check_result {
    bool passed;
    char shape[160];  /* the case in words: "m 3, n 17, k 5, bias, gelu" */
    char reason[240]; /* why it failed */
    bool measured;    /* by an oracle: */
    double error, bound;
    const char *unit; /* of both */
    char where[64];   /* the argument of the largest error */
};

/* Identifies a case. */
struct check_case {
    const struct vit_kernels *level;
    struct check_kernel kernel;
    uint64_t seed;
    size_t index;
    size_t threads; /* for operations over whole tensors; 0: 1, 2 and 7 in turn */
};

/*
 * Runs one case twice, with every operand directly before and directly after a guard page. An
 * access to a guard page fails the case. If a thread of OpenMP made it, the process exits after it
 * has named the case on standard error. Not thread-safe: it handles SIGSEGV, SIGBUS and SIGILL
 * while it runs.
 */
struct check_result check_case(const struct check_case *which);

/* "avx2/matmul/1/12", which names a case for --repro. */
#define CHECK_NAME_BYTES 96
void check_case_name(const struct check_case *which, char name[CHECK_NAME_BYTES]);

#endif
