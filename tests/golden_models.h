/* golden_models.h - the directories of tests/golden that hold a model */
#ifndef VIT_TESTS_GOLDEN_MODELS_H
#define VIT_TESTS_GOLDEN_MODELS_H

#include <criterion/criterion.h>
#include <glob.h>
#include <string.h>

/* The paths are gl_pathv[0 .. gl_pathc); globfree() frees them. */
static inline glob_t golden_models(void)
{
    glob_t found;

    cr_assert_eq(glob("tests/golden/*/config.json", 0, NULL, &found), 0);
    cr_assert_gt(found.gl_pathc, 30);
    for (size_t i = 0; i < found.gl_pathc; i++)
        *strrchr(found.gl_pathv[i], '/') = '\0';
    return found;
}

#endif
