/* test_parity_resize.c - the passes of a resize are exact, and stay within their operands */
#include <criterion/criterion.h>

#include "compare.h"

Test(parity, resizes_are_exact_and_stay_within_their_operands)
{
    expect_cases("resize_across");
    expect_cases("resize_down");
}
