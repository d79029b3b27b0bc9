/* test_check.c - the checker itself finds and names the faults of a table of kernels */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "check/check.h"
#include "compare.h"
#include "counts.h"

/* Runs a case of a kernel with a copy of the scalar table that `spoil` has changed. */
static struct check_result run_spoilt(const char *kernel, size_t index,
                                      void (*spoil)(struct vit_kernels *table))
{
    struct vit_kernels table = *scalar_level();
    struct check_case which = { .level = &table, .seed = 1, .index = index };

    for (size_t i = 0; check_kernel_at(i, &which.kernel); i++)
        if (strcmp(which.kernel.name, kernel) == 0)
            break;
    if (spoil)
        spoil(&table);
    count_checks(1);
    return check_case(&which);
}

static void expect_failure(const char *kernel, size_t index, void (*spoil)(struct vit_kernels *),
                           const char *reason)
{
    const struct check_result right = run_spoilt(kernel, index, NULL);
    const struct check_result wrong = run_spoilt(kernel, index, spoil);

    cr_assert(right.passed, "%s", right.reason);
    cr_assert_not(wrong.passed, "%s: not found", reason);
    cr_assert_not_null(strstr(wrong.reason, reason), "expected \"%s\" in: %s", reason,
                       wrong.reason);
    cr_assert_str_eq(wrong.shape, right.shape); /* the same number gives the same case */
}

/* An address that is never mapped; volatile, so that the compiler does not see the fault. */
static float *volatile nowhere = (float *)(uintptr_t)64;

/* The scalar softmax plus one fault, which the argument is. */
#define SPOILT_SOFTMAX(name, ...)                                                                  \
    static void name##_softmax(size_t rows, size_t n, const float *x, size_t ldx, float *y,        \
                               size_t ldy)                                                         \
    {                                                                                              \
        scalar_level()->softmax(rows, n, x, ldx, y, ldy);                                          \
        volatile float *const in = (volatile float *)(uintptr_t)x, *const out = y;                 \
        (void)in, (void)out;                                                                       \
        __VA_ARGS__;                                                                               \
    }                                                                                              \
    static void name(struct vit_kernels *table)                                                    \
    {                                                                                              \
        table->softmax = name##_softmax;                                                           \
    }
SPOILT_SOFTMAX(off_by_an_ulp, out[n - 1] = nextafterf(out[n - 1], 2.0f))
SPOILT_SOFTMAX(reads_past_the_end, (void)in[n])
SPOILT_SOFTMAX(reads_far_past_the_end, (void)in[n + 100])
SPOILT_SOFTMAX(reads_before_the_beginning, (void)in[-1])
SPOILT_SOFTMAX(writes_past_the_end, out[n] = 0.0f)
SPOILT_SOFTMAX(writes_to_its_input, if (x != y) in[n / 2] = 5.0f)
SPOILT_SOFTMAX(leaves_its_operands, *nowhere = 0.0f)
SPOILT_SOFTMAX(is_not_for_this_cpu, raise(SIGILL))

/* Case 14: 15 numbers around ±4. */
Test(check, a_wrong_last_bit_is_found_with_its_position)
{
    expect_failure("softmax", 14, off_by_an_ulp, "y, row 0, column 14: 0x1.");
}

Test(check, an_access_outside_an_operand_is_that_cases_failure)
{
    expect_failure("softmax", 14, reads_past_the_end, "read or wrote 0 bytes past the end of x");
    expect_failure("softmax", 14, reads_far_past_the_end,
                   "read or wrote 400 bytes past the end of x");
    expect_failure("softmax", 14, reads_before_the_beginning,
                   "read or wrote 4 bytes before the beginning of x");
    expect_failure("softmax", 14, writes_past_the_end, "memory around y was written");
    expect_failure("softmax", 14, leaves_its_operands, "belongs to no operand");
}

Test(check, a_changed_input_is_found)
{
    expect_failure("softmax", 14, writes_to_its_input, "x, an input, was changed");
}

Test(check, an_illegal_instruction_is_that_cases_failure)
{
    expect_failure("softmax", 14, is_not_for_this_cpu, "an instruction that this CPU does not");
}

static void store_a_padded_lane(const struct vit_tile *t)
{
    scalar_level()->matmul[VIT_MATMUL_F32_F32].tile(t);
    if (!t->acc_out && t->m > 1 && t->ldc > t->n)
        t->c[t->n] = 0.0f;
}

static void stores_a_padded_lane(struct vit_kernels *table)
{
    table->matmul[VIT_MATMUL_F32_F32].tile = store_a_padded_lane;
}

Test(check, a_store_between_the_rows_is_found)
{
    /* case 7: a tile of four rows, with a gap after them */
    expect_failure("matmul", 7, stores_a_padded_lane, "the gap after row 0 of ");
}

static void wrong_gelu(size_t n, const float *x, const struct vit_activation_args *args, float *y)
{
    (void)args;
    for (size_t i = 0; i < n; i++)
        y[i] = 0.5f * x[i] * (1.0f + erff(x[i] * 0.70710678f)); /* the textbook's */
}

static void cancels_in_the_tail(struct vit_kernels *table)
{
    table->activation[VIT_ACTIVATION_GELU] = wrong_gelu;
}

Test(check, an_oracle_reports_the_largest_error_and_its_argument)
{
    const struct check_result wrong = run_spoilt("gelu.oracle", 0, cancels_in_the_tail);
    const struct check_result right = run_spoilt("gelu.oracle", 0, NULL);

    cr_assert(right.passed && right.measured && right.error > 0.0 && right.error < right.bound);
    cr_assert(!wrong.passed && wrong.measured && wrong.error > wrong.bound);
    cr_assert_not_null(strstr(wrong.where, "(-"), "%s", wrong.where);
}

Test(check, the_callers_signal_handlers_are_restored)
{
    struct sigaction before, after;

    sigaction(SIGSEGV, NULL, &before);
    run_spoilt("softmax", 14, reads_past_the_end);
    sigaction(SIGSEGV, NULL, &after);
    cr_assert_eq(before.sa_handler, after.sa_handler);
}

static pthread_t checking;

static void fault_elsewhere(const struct vit_layernorm_args *args)
{
    scalar_level()->layernorm(args);
    if (!pthread_equal(pthread_self(), checking))
        *nowhere = 0.0f;
}

static void faults_on_other_threads(struct vit_kernels *table)
{
    checking = pthread_self();
    table->layernorm = fault_elsewhere;
}

/*
 * A fault on another thread cannot be handled: the checker prints the case on standard error and
 * ends.
 */
Test(check, a_fault_on_another_thread_ends_the_process, .exit_code = 2, .init = cr_redirect_stderr)
{
    run_spoilt("vit_layernorm", 7, faults_on_other_threads);
}

Test(check, every_kernel_of_the_table_is_in_the_list)
{
    const char *name, *level;
    size_t found = 0, expected = 0;
    struct check_kernel kernel;

    for (size_t i = 0; (name = vit_kernels_name_at(scalar_level(), i, &level)); i++) {
        if (strcmp(name, "fma_peak") == 0) /* a speed, no result */
            continue;
        expected++;
        for (size_t j = 0; check_kernel_at(j, &kernel); j++)
            found += strcmp(kernel.name, name) == 0;
    }
    cr_assert_eq(found, expected, "%zu of %zu", found, expected);
    count_checks(expected);
}
