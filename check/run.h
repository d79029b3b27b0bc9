/* run.h - a case under way: its operands between guard pages, its random numbers, its verdict */
#ifndef VIT_CHECK_RUN_H
#define VIT_CHECK_RUN_H

#include "check/check.h"
#include "check/guard.h"
#include "check/test_data.h"

enum { CHECK_MOST_OPERANDS = 32, CHECK_MOST_THREADS = 3 };

/* [rows][columns], row stride ld; what lies between the rows stays as it was. */
struct check_operand {
    const char *name;
    struct guard guard;
    size_t rows, columns, ld;
    float *kept; /* what an input held, NULL for an output */
};

struct check_run {
    const struct check_case *which;
    const struct vit_kernels *level, *scalar;
    enum guard_side side;
    uint64_t state; /* of the case's random numbers */
    size_t threads[CHECK_MOST_THREADS], thread_counts;
    volatile bool elsewhere; /* other threads compute: a fault cannot be jumped out of */
    struct check_operand operands[CHECK_MOST_OPERANDS];
    size_t count;
    struct check_result result;
};

/* A random number below n. */
size_t check_draw(struct check_run *c, size_t n);

/* Adds to the case's words. */
void check_shape(struct check_run *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The first failure is kept. */
void check_fail(struct check_run *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An array that must stay as it is, each row filled by the pattern. */
const float *check_input(struct check_run *c, const char *name, size_t rows, size_t columns,
                         size_t ld, enum pattern pattern);
/* One that is written to; the bytes that no one wrote are GUARD_FILL. */
float *check_output(struct check_run *c, const char *name, size_t rows, size_t columns, size_t ld);
/* One that is read and written, beginning as a copy of rows of the same columns. */
float *check_inout(struct check_run *c, const char *name, size_t rows, size_t columns, size_t ld,
                   const float *from, size_t ld_from);

/* From here on it is an input. */
void check_freeze(struct check_run *c, const float *at);

/* Fails unless both are the same bits, any NaN equal to any other. */
void check_equal(struct check_run *c, const char *name, size_t rows, size_t columns,
                 const float *expected, size_t ld_expected, const float *found, size_t ld_found);

/*
 * Calls operate(arg, parallel) in each way that threads can be had: none, and of each of the case's
 * thread counts the tasks in reverse on this thread, then on OpenMP's. `cut`: there is work enough
 * for the operation to be cut at all; without it the first way is the only one.
 */
void check_each_way(struct check_run *c, bool cut,
                    void (*operate)(void *arg, const struct vit_parallel *parallel), void *arg);

/* What an oracle found; fails if the error is above the bound. */
void check_measured(struct check_run *c, double error, double bound, const char *unit,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The cases, by file. */
void check_rows(struct check_run *c, size_t index);
void check_tile(struct check_run *c, size_t index);
void check_tile_row(struct check_run *c, size_t index);
void check_pack(struct check_run *c, size_t index);
void check_matmul(struct check_run *c, size_t index);
void check_layernorm(struct check_run *c, size_t index);
void check_elementwise(struct check_run *c, size_t index);
void check_attention(struct check_run *c, size_t index);
void check_attention_weights(struct check_run *c, size_t index);

#endif
