/* cases_rows.c - the row operations: any length and kind of number, out of place and in place */
#include "check/kernel_cases.h"
#include "check/run.h"

/*
 * 130, 9 and 7 have no common factor: all lengths to 130 are combined with all patterns. Every
 * ninth row is long, because some faults affect one number in 100,000.
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
    const bool several = index % 3 == 1; /* no common factor with 130 and 7 */
    struct rows r = { .rows = 1, .n = n, .ldx = n, .ldy = n };

    if (several) {
        r.rows = 2 + check_draw(c, 8);
        r.ldx += check_draw(c, 4);
        r.ldy += check_draw(c, 4);
        check_shape(c, "%zu rows, ", r.rows);
    }
    check_shape(c, "n %zu, %s", n, pattern_name(pattern));
    r.x = check_input(c, "x", r.rows, n, r.ldx, pattern);
    r.gamma = check_input(c, "gamma", 1, n, n, PATTERN_NORMAL);
    r.beta = check_input(c, "beta", 1, n, n, PATTERN_NORMAL);
    float *expected = check_output(c, "scalar's y", r.rows, n, r.ldy);
    float *y = check_output(c, "y", r.rows, n, r.ldy);
    float *xy = check_inout(c, "x in place", r.rows, n, r.ldx, r.x, r.ldx);

    r.y = expected;
    row->run(c->scalar, &r);
    r.y = y;
    row->run(c->level, &r);
    check_equal(c, "y", r.rows, n, expected, r.ldy, y, r.ldy);
    r.x = r.y = xy;
    const size_t ldy = r.ldy;
    r.ldy = r.ldx;
    row->run(c->level, &r);
    check_equal(c, "y in place", r.rows, n, expected, ldy, xy, r.ldx);
}
