/* cases_rows.c - the row operations: any length and kind of number, out of place and in place */
#include "check/kernel_cases.h"
#include "check/run.h"

/*
 * 130, 9 and 7 have no common factor: all lengths to 130 meet all patterns, whole vectors and
 * tails; each ninth row is a long one.
 */
static size_t row_length(struct check_run *c, size_t index)
{
    return index % 9 == 8 ? 129 + check_draw(c, 8000) : 1 + index % 130;
}

void check_rows(struct check_run *c, size_t index)
{
    const struct row_case *const row = c->which->kernel.row;
    const enum pattern pattern = (enum pattern)(index % PATTERNS);
    const size_t n = row_length(c, index);

    check_shape(c, "n %zu, %s", n, pattern_name(pattern));
    const float *x = check_input(c, "x", 1, n, n, pattern);
    const float *gamma = check_input(c, "gamma", 1, n, n, PATTERN_NORMAL);
    const float *beta = check_input(c, "beta", 1, n, n, PATTERN_NORMAL);
    float *expected = check_output(c, "scalar's y", 1, n, n);
    float *y = check_output(c, "y", 1, n, n);
    float *xy = check_inout(c, "x in place", 1, n, n, x, n);

    row->run(c->scalar, n, x, gamma, beta, expected);
    row->run(c->level, n, x, gamma, beta, y);
    check_equal(c, "y", 1, n, expected, n, y, n);
    row->run(c->level, n, xy, gamma, beta, xy);
    check_equal(c, "y in place", 1, n, expected, n, xy, n);
}
