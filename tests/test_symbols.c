/* test_symbols.c - what the objects and the libraries export, according to nm */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "vit/kernels.h"

/* Counts the lines of a command's output, and those of them that begin with `prefix`. */
static void count_lines(const char *format, const char *file, const char *prefix, size_t *lines,
                        size_t *matching)
{
    char command[512], line[512];
    const char *build = getenv("VIT_BUILD");

    snprintf(command, sizeof command, format, build ? build : "build", file);
    FILE *f = popen(command, "r");
    cr_assert(f, "%s", command);
    *lines = *matching = 0;
    while (fgets(line, sizeof line, f)) {
        ++*lines;
        *matching += strncmp(line, prefix, strlen(prefix)) == 0;
    }
    cr_assert_eq(pclose(f), 0, "%s", command);
}

Test(symbols, each_kernel_object_exports_its_one_function)
{
    size_t lines, matching;
    const char *isa;
    int usable;

    for (size_t i = 0; (isa = vit_isa_level(i, &usable)); i++) {
        char file[64], prefix[64];
        snprintf(file, sizeof file, "*/%s", isa); /* an extension is in another level's directory */
        snprintf(prefix, sizeof prefix, "vit_register_%s ", isa);
        count_lines("nm -P -g --defined-only %s/kernels/%s.o", file, prefix, &lines, &matching);
        cr_assert_eq(lines, 1, "%s", isa);
        cr_assert_eq(matching, 1, "%s", isa);
        count_checks(1);
    }
}

Test(symbols, the_libraries_export_nothing_but_vit)
{
    size_t lines, matching;

    count_lines("nm -P -D --defined-only %s/%s", "libvit.so", "vit_", &lines, &matching);
    cr_assert_eq(lines, matching);
    cr_assert_gt(matching, 20);
    count_checks(lines);
    count_lines("nm -P -D --defined-only %s/%s", "libvit-image.so", "vit_", &lines, &matching);
    cr_assert_eq(lines, matching);
    cr_assert_gt(matching, 10);
    count_checks(lines);
    count_lines("nm -P -g --defined-only %s/%s", "vit-image.o", "vit_", &lines, &matching);
    cr_assert_eq(lines, matching);
    cr_assert_gt(matching, 10);
    count_checks(lines);
    count_lines("nm -P -g --defined-only %s/%s", "vit.o", "vit_", &lines, &matching);
    cr_assert_eq(lines, matching);
    cr_assert_gt(matching, 20);
    count_checks(lines);
}

Test(symbols, the_image_library_needs_nothing_of_libvit)
{
    size_t lines, matching;

    count_lines("nm -P -D --undefined-only %s/%s", "libvit-image.so", "vit_", &lines, &matching);
    cr_assert_gt(lines, 10);
    cr_assert_eq(matching, 0);
    count_checks(lines);
}

/* The names of its list that a library does not export, and the other way round. */
Test(symbols, the_debian_package_lists_what_the_libraries_export)
{
    static const char *const libraries[] = { "libvit.so", "libvit-image.so" };
    size_t lines, matching;

    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        char command[400];
        snprintf(command, sizeof command,
                 "{ nm -P -D --defined-only %%s/%%s | sed 's/ .*//'; sed -n '/^%s/,/^lib/"
                 "s/^ \\(vit_[a-z0-9_]*\\)@.*/\\1/p' packaging/debian/libvit0.2.symbols; } | "
                 "sort | uniq -c | grep -v '^ *2 ' || :",
                 libraries[i]);
        count_lines(command, libraries[i], " ", &lines, &matching);
        cr_assert_eq(lines, 0, "%s and packaging/debian/libvit0.2.symbols: found %zu names in one",
                     libraries[i], lines);
        count_checks(1);
    }
}
