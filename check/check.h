/* check.h - every kernel against scalar and scalar against double precision, case by case */
#ifndef VIT_CHECK_CHECK_H
#define VIT_CHECK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vit/kernels.h"

struct check_run;
struct row_case;

/*
 * What is checked, and how many cases of it there are unless somebody says otherwise. A case
 * follows from the kernel, the level, the seed and the case's number alone. Numbers go through all
 * shapes first; the rest is drawn.
 */
struct check_kernel {
    const char *name;
    const char *claim; /* what its cases show */
    size_t cases;
    bool oracle; /* of scalar alone, against double precision; the number of cases is fixed */
    void (*run)(struct check_run *c, size_t index);
    const struct row_case *row; /* of the row operations, which share one run */
    enum vit_matmul_pair pair;  /* of the matmul kernels, which share theirs */
};

/* Kernel i; false past the last. */
bool check_kernel_at(size_t i, struct check_kernel *kernel);

struct check_result {
    bool passed;
    char shape[160];  /* the case in words: "m 3, n 17, k 5, bias, gelu" */
    char reason[240]; /* why it failed */
    bool measured;    /* by an oracle: */
    double error, bound;
    const char *unit; /* of both */
    char where[64];   /* the error was largest */
};

/* Which case, of what. */
struct check_case {
    const struct vit_kernels *level;
    struct check_kernel kernel;
    uint64_t seed;
    size_t index;
    size_t threads; /* of operations over whole tensors; 0: 1, 2 and 7 in turn */
};

/*
 * Runs one case. Every operand lies between pages that no one may touch, once flush against each;
 * an access to them ends the case, not the process, unless a thread of OpenMP made it: then the
 * case is named on standard error and the process ends. Not thread-safe: it takes SIGSEGV, SIGBUS
 * and SIGILL over while it runs.
 */
struct check_result check_case(const struct check_case *which);

/* "avx2/matmul/1/12", which names a case for --repro. */
#define CHECK_NAME_BYTES 96
void check_case_name(const struct check_case *which, char name[CHECK_NAME_BYTES]);

#endif
