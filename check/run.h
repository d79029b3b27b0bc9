/* run.h - a running case: its operands between guard pages, its random numbers, its result */
#ifndef VIT_CHECK_RUN_H
#define VIT_CHECK_RUN_H

#include "check/check.h"
#include "check/guard.h"
#include "check/test_data.h"

enum { CHECK_MOST_OPERANDS = 32, CHECK_MOST_THREADS = 3 };

/* `rows` rows of row_bytes bytes, stride_bytes apart; the gaps must stay unchanged. */
struct check_operand {
    const char *name;
    struct guard guard;
    size_t rows, row_bytes, stride_bytes;
    void *kept; /* a copy of an input; NULL for an output */
};

struct check_run {
    const struct check_case *which;
    const struct vit_kernels *level, *scalar;
    enum guard_side side;
    uint64_t state; /* of the case's random numbers */
    size_t threads[CHECK_MOST_THREADS], thread_counts;
    volatile bool elsewhere; /* other threads compute: a fault in them cannot be handled by a
                                jump */
    struct check_operand operands[CHECK_MOST_OPERANDS];
    size_t count;
    struct check_result result;
};

/* A random number below n. */
size_t check_draw(struct check_run *c, size_t n);

/* Adds to the description of the case. */
void check_shape(struct check_run *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Records a failure; only the first one counts. */
void check_fail(struct check_run *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* An array that must stay unchanged; the pattern fills each row. */
const float *check_input(struct check_run *c, const char *name, size_t rows, size_t columns,
                         size_t ld, enum pattern pattern);
/* An array that the kernel writes; bytes that it does not write stay GUARD_FILL. */
float *check_output(struct check_run *c, const char *name, size_t rows, size_t columns, size_t ld);
/* An array that the kernel reads and writes, initially a copy of rows with the same columns. */
float *check_inout(struct check_run *c, const char *name, size_t rows, size_t columns, size_t ld,
                   const float *from, size_t ld_from);

/* The same as check_output, for rows of bytes that begin at a multiple of `alignment`. */
void *check_bytes(struct check_run *c, const char *name, size_t rows, size_t row_bytes,
                  size_t stride_bytes, size_t alignment);

/* Makes an array an input: from here on it must stay unchanged. */
void check_freeze(struct check_run *c, const void *at);

/* Fails unless both have the same bits; all NaNs are equal. */
void check_equal(struct check_run *c, const char *name, size_t rows, size_t columns,
                 const float *expected, size_t ld_expected, const float *found, size_t ld_found);

/*
 * Calls operate(arg, parallel) without threads, and for each of the case's thread counts with tasks
 * in reverse order on this thread and with OpenMP's threads. `cut`: there is enough work to divide
 * among threads; otherwise only the first call is made.
 */
void check_each_way(struct check_run *c, bool cut,
                    void (*operate)(void *arg, const struct vit_parallel *parallel), void *arg);

/* Records the error that an oracle found; fails if it exceeds the bound. */
void check_measured(struct check_run *c, double error, double bound, const char *unit,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The cases, by file. */
void check_rows(struct check_run *c, size_t index);
void check_tile(struct check_run *c, size_t index);
void check_tile_row(struct check_run *c, size_t index);
void check_pack(struct check_run *c, size_t index);
void check_matmul(struct check_run *c, size_t index);
void check_zero_matmul(struct check_run *c, size_t index);
void check_layernorm(struct check_run *c, size_t index);
void check_local_response(struct check_run *c, size_t index);
void check_elementwise(struct check_run *c, size_t index);
void check_attention(struct check_run *c, size_t index);
void check_attention_weights(struct check_run *c, size_t index);
void check_resize_across(struct check_run *c, size_t index);
void check_resize_down(struct check_run *c, size_t index);
void check_zero_sizes(struct check_run *c, size_t index);

#endif
