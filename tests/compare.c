/* compare.c - assertions on equal bits, the levels of this machine, and the cases of check/ */
#include "compare.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check/check.h"
#include "counts.h"

void expect_same_bits(size_t n, const float *expected, const float *found, const char *format, ...)
{
    char what[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);

    const size_t i = first_difference(n, expected, found);
    if (i < n)
        cr_assert_fail("%s: element %zu is %a, expected %a", what, i, (double)found[i],
                       (double)expected[i]);
    count_checks(n);
}

const struct vit_kernels *scalar_level(void)
{
    const struct vit_kernels *kernels = NULL;
    cr_assert(vit_kernels_get("scalar", &kernels, NULL) == VIT_OK);
    return kernels;
}

const struct vit_kernels *next_level(size_t *i, size_t checks)
{
    const struct vit_kernels *kernels = NULL;
    const char *name;
    int usable;

    while ((name = vit_isa_level(++*i, &usable))) {
        if (usable) {
            cr_assert(vit_kernels_get(name, &kernels, NULL) == VIT_OK);
            return kernels;
        }
        char why[64];
        snprintf(why, sizeof why, "%s: this CPU lacks it", name);
        count_skipped(why, checks);
    }
    return NULL;
}

void expect_cases(const char *name)
{
    struct check_case which = { .seed = 1 };
    char reproduce[CHECK_NAME_BYTES];
    size_t i = 0, level = 0;

    while (check_kernel_at(i, &which.kernel) && strcmp(which.kernel.name, name) != 0)
        i++;
    cr_assert_not_null(which.kernel.name, "%s", name);
    const size_t cases = which.kernel.cases;
    for (which.level = scalar_level(); which.level; which.level = next_level(&level, cases)) {
        if (!check_applies(&which.kernel, which.level))
            continue;
        for (which.index = 0; which.index < cases; which.index++) {
            const struct check_result result = check_case(&which);
            check_case_name(&which, reproduce);
            cr_assert(result.passed, "%s, %s: %s", reproduce, result.shape, result.reason);
        }
        count_checks(cases);
        if (which.kernel.oracle)
            return;
    }
}
