/* test_sized.c - the ABI rule: structs that are shorter or longer than ours, in both directions */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/sized.h"
#include "counts.h"

/* Ours has two fields; a caller's may have one or three. */
struct ours {
    size_t size, first, second;
    unsigned char reserved[8];
};
struct longer {
    size_t size, first, second, third, fourth;
};

Test(sized, a_shorter_input_reads_as_0_after_its_end)
{
    const struct ours from = { .size = 2 * sizeof(size_t), .first = 5, .second = 9 };
    struct ours to = { .size = 1, .first = 1, .second = 1 };

    cr_assert_eq(sized_read(&to, &from, SIZED(ours), NULL), VIT_OK);
    cr_assert(to.size == sizeof to && to.first == 5 && to.second == 0);
    count_checks(2);
}

Test(sized, a_longer_input_must_be_0_after_ours)
{
    struct longer from = { .size = sizeof from, .first = 5, .second = 9 };
    struct ours to;
    struct vit_error err;

    cr_assert_eq(sized_read(&to, (void *)&from, SIZED(ours), &err), VIT_OK);
    cr_assert(to.size == sizeof to && to.first == 5 && to.second == 9);
    ((unsigned char *)&from.fourth)[sizeof from.fourth - 1] = 1;
    cr_assert_eq(sized_read(&to, (void *)&from, SIZED(ours), &err), VIT_EUNSUPPORTED);
    cr_assert_str_eq(err.message,
                     "struct ours: expected 0 after the 24 bytes that this version of the library "
                     "knows, found a field at byte 39");
    count_checks(4);
}

Test(sized, a_reserved_byte_of_an_input_must_be_0)
{
    struct ours from = { .size = sizeof from }, to;

    for (size_t i = 0; i < sizeof from.reserved; i++) {
        cr_assert_eq(sized_read(&to, &from, SIZED(ours), NULL), VIT_OK);
        from.reserved[i] = 1;
        cr_assert_eq(sized_read(&to, &from, SIZED(ours), NULL), VIT_EUNSUPPORTED);
        from.reserved[i] = 0;
        count_checks(2);
    }
}

Test(sized, an_output_gets_what_its_size_holds_and_keeps_its_size)
{
    const struct ours from = { sizeof from, 5, 9, { 7, 7, 7, 7, 7, 7, 7, 7 } };
    struct longer to;

    for (size_t fields = 1; fields <= 5; fields++) {
        memset(&to, 0x77, sizeof to);
        to.size = fields * sizeof(size_t);
        const size_t untouched = to.third;
        cr_assert_eq(sized_write(&to, &from, SIZED(ours), NULL), VIT_OK);
        cr_assert_eq(to.size, fields * sizeof(size_t));
        cr_assert_eq(to.first, fields > 1 ? 5 : untouched);
        cr_assert_eq(to.second, fields > 2 ? 9 : untouched);
        cr_assert_eq(to.third, fields > 3 ? 0 : untouched);
        cr_assert_eq(to.fourth, fields > 4 ? 0 : untouched);
        count_checks(6);
    }
}

Test(sized, a_size_that_no_version_has_is_refused)
{
    static const size_t sizes[] = { 0, 1, 7, 9, 33, SIZED_MAX + 8, SIZE_MAX, SIZE_MAX - 7 };
    struct ours object = { 0 }, other = { 0 };
    struct vit_error err;

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        object.size = sizes[i];
        cr_assert_eq(sized_read(&other, &object, SIZED(ours), &err), VIT_EINVAL, "%zu", sizes[i]);
        cr_assert_eq(sized_write(&object, &other, SIZED(ours), &err), VIT_EINVAL, "%zu", sizes[i]);
        cr_assert(strstr(err.message, "struct ours: expected size 32, found "), "%s", err.message);
        count_checks(3);
    }
}
