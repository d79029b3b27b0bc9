/* test_allocator.c - the caller's memory: what is asked for is announced, released, or refused */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_counter.h"
#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "packed_model.h"
#include "vit/inspect.h"
#include "vit/vit.h"

enum { IMAGE = DIVISIBLE_IMAGE, CLASSES = DIVISIBLE_CLASSES, MAX_BLOCKS = 64 };

/* Remembers each block; fails at call `fail_at`. */
struct ledger {
    size_t calls, fail_at, bytes, count;
    bool wrong; /* a release of something else, or an alignment that is no power of two */
    struct {
        void *memory;
        size_t bytes;
    } blocks[MAX_BLOCKS];
};

/* Filled with a pattern: nothing may count on zeros. */
static void *allocate(void *user, size_t alignment, size_t bytes)
{
    struct ledger *const l = user;
    void *memory;

    l->wrong = l->wrong || bytes == 0 || alignment < 16 || alignment > (size_t)2 << 20 ||
               (alignment & (alignment - 1)) != 0;
    if (l->calls++ == l->fail_at || l->count == MAX_BLOCKS ||
        posix_memalign(&memory, alignment, bytes))
        return NULL;
    memset(memory, 0xa5, bytes);
    l->blocks[l->count].memory = memory;
    l->blocks[l->count++].bytes = bytes;
    l->bytes += bytes;
    return memory;
}

static void release(void *user, void *memory, size_t bytes)
{
    struct ledger *const l = user;
    size_t i = 0;

    while (i < l->count && l->blocks[i].memory != memory)
        i++;
    if (i == l->count || l->blocks[i].bytes != bytes) {
        l->wrong = true;
        return;
    }
    free(memory);
    l->bytes -= bytes;
    l->blocks[i] = l->blocks[--l->count];
}

static struct vit_allocator hooks_of(struct ledger *ledger)
{
    *ledger = (struct ledger){ .fail_at = SIZE_MAX };
    return (struct vit_allocator){ .size = sizeof(struct vit_allocator),
                                   .allocate = allocate,
                                   .release = release,
                                   .user = ledger };
}

static void expect_released(const struct ledger *l)
{
    cr_assert(!l->wrong && l->count == 0 && l->bytes == 0, "%zu blocks of %zu bytes left", l->count,
              l->bytes);
    count_checks(1);
}

/* A context of the model takes what is announced, and gives the bits of one without hooks. */
static void check_context(const struct vit_model *model, size_t max_batch, size_t threads)
{
    struct ledger ledger;
    const struct vit_allocator hooks = hooks_of(&ledger);
    const struct vit_context_options options = {
        .size = sizeof options, .max_batch = max_batch, .threads = threads, .allocator = &hooks
    };
    struct vit_context *context;
    size_t announced;
    struct vit_error err;

    cr_assert_eq(vit_context_bytes(model, &options, &announced, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(ledger.calls, 0, "measuring takes the caller's memory");
    cr_assert_eq(vit_context_create(model, &options, &context, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(ledger.bytes, announced, "batch %zu, %zu threads: %zu bytes, announced %zu",
                 max_batch, threads, ledger.bytes, announced);
    vit_context_free(context);
    expect_released(&ledger);
    count_checks(3);
}

static void check_model(const struct vit_config *config, struct vit_model_options options,
                        const char *directory)
{
    struct ledger ledger;
    const struct vit_allocator hooks = hooks_of(&ledger);
    struct vit_model *model;
    size_t announced;
    struct vit_error err;

    options.size = sizeof options;
    options.allocator = &hooks;
    cr_assert_eq(vit_model_bytes(config, &options, &announced, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(ledger.calls, 0, "measuring takes the caller's memory");
    if (directory)
        cr_assert_eq(vit_model_open(directory, &options, &model, &err), VIT_OK, "%s", err.message);
    else
        cr_assert_eq(vit_model_create_random(config, 1, &options, &model, &err), VIT_OK, "%s",
                     err.message);
    cr_assert_eq(ledger.bytes, announced, "%zu bytes, announced %zu", ledger.bytes, announced);
    for (size_t threads = 1; threads <= 4; threads += 3)
        for (size_t max_batch = 1; max_batch <= 5; max_batch++)
            check_context(model, max_batch, threads);
    vit_model_free(model);
    expect_released(&ledger);
    count_checks(3);
}

Test(allocator, is_asked_for_the_bytes_that_are_announced)
{
    static const char *const directories[] = { "models/digits", "tests/golden/t2t-performer",
                                               "tests/golden/timm-siglip-map",
                                               "tests/golden/google-npz" };
    struct vit_config config = divisible_config(3);

    for (int p = 0; p <= VIT_PRECISION_INT8; p++)
        check_model(&config, (struct vit_model_options){ .precision = (enum vit_precision)p },
                    NULL);
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
        config = (struct vit_config){ .size = sizeof config };
        cr_assert_eq(vit_config_from_directory(directories[i], NULL, &config, NULL), VIT_OK);
        check_model(&config, (struct vit_model_options){ .keep = NULL }, directories[i]);
        check_model(&config, (struct vit_model_options){ .isa = "scalar" }, directories[i]);
    }
}

/* The size that is requested, in the configuration or in the options. */
Test(allocator, is_asked_for_the_bytes_of_the_requested_size)
{
    const struct vit_model_options large = { .size = sizeof large, .height = 96, .width = 64 };
    const char *const directory = "tests/golden/timm-vit";
    struct vit_config config = { .size = sizeof config }, own = { .size = sizeof own };
    size_t announced, stored;

    cr_assert_eq(vit_config_from_directory(directory, NULL, &own, NULL), VIT_OK);
    cr_assert_eq(vit_config_from_directory(directory, &large, &config, NULL), VIT_OK);
    cr_assert(config.height == 96 && config.width == 64);
    cr_assert_eq(vit_model_bytes(&own, NULL, &stored, NULL), VIT_OK);
    cr_assert_eq(vit_model_bytes(&own, &large, &announced, NULL), VIT_OK);
    cr_assert_gt(announced, stored);
    check_model(&config, large, directory);
    check_model(&own, large, directory);
    count_checks(4);
}

/* What the allocator is asked for with a file of packed weights at a size; *announced before. */
static size_t taken_beside(const char *directory, const char *packed, size_t size,
                           size_t *announced)
{
    struct ledger ledger;
    const struct vit_allocator hooks = hooks_of(&ledger);
    const struct vit_model_options options = {
        .size = sizeof options, .height = size, .width = size, .packed = packed, .allocator = &hooks
    };
    struct vit_config config = { .size = sizeof config };
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_config_from_directory(directory, NULL, &config, NULL), VIT_OK);
    cr_assert_eq(vit_model_bytes(&config, &options, announced, &err), VIT_OK, "%s", err.message);
    cr_assert_eq(vit_model_open(directory, &options, &model, &err), VIT_OK, "%s", err.message);
    const size_t taken = ledger.bytes;
    check_context(model, 2, 2);
    expect_same_model(
        opened(&(struct packed_case){ .directory = directory, .height = size, .width = size }),
        model, directory);
    expect_released(&ledger);
    return taken;
}

/* A table of positions is mapped too at the size that it has; else it is computed. */
Test(allocator, is_not_asked_for_weights_that_are_mapped)
{
    const char *const directory = "tests/golden/timm-vit";
    struct made_directory scratch = make_directory();
    char packed[300];
    struct vit_config config = { .size = sizeof config };
    size_t whole, announced;

    snprintf(packed, sizeof packed, "%s", made_path(&scratch, "model.packed"));
    save_packed(&(struct packed_case){ .directory = directory }, packed);
    cr_assert_eq(vit_config_from_directory(directory, NULL, &config, NULL), VIT_OK);
    cr_assert_eq(vit_model_bytes(&config, NULL, &whole, NULL), VIT_OK);
    const size_t table =
        config.height / config.patch * (config.width / config.patch) * config.dim * sizeof(float);
    size_t taken = taken_beside(directory, packed, 0, &announced);
    cr_assert_eq(taken + table, announced, "%zu bytes and %zu, announced %zu", taken, table,
                 announced);
    cr_assert_lt(announced, whole / 2, "%zu of %zu bytes", announced, whole);
    taken = taken_beside(directory, packed, 96, &announced);
    cr_assert_eq(taken, announced, "%zu bytes, announced %zu", taken, announced);
    remove_directory(&scratch);
    count_checks(3);
}

Test(allocator, replaces_malloc_for_weights_and_activations)
{
    struct ledger ledger;
    const struct vit_allocator hooks = hooks_of(&ledger);
    const struct vit_model_options options = { .size = sizeof options, .allocator = &hooks };
    const struct vit_context_options context_options = { .size = sizeof context_options,
                                                         .threads = 1,
                                                         .allocator = &hooks };
    const struct vit_config config = divisible_config(12);
    float images[IMAGE], expected[CLASSES], found[CLASSES];
    struct vit_model *model, *other;
    struct vit_context *context;

    fill_pattern(IMAGE, images, PATTERN_NORMAL, 1);
    const size_t before = watched_bytes();
    cr_assert_eq(vit_model_create_random(&config, 1, &options, &model, NULL), VIT_OK);
    cr_assert_lt(watched_bytes() - before, ledger.bytes / 2);
    const size_t loaded = watched_bytes();
    cr_assert_eq(vit_context_create(model, &context_options, &context, NULL), VIT_OK);
    cr_assert_eq(watched_bytes(), loaded);
    const size_t calls = ledger.calls;
    cr_assert_eq(vit_forward(context, 1, images, found, NULL), VIT_OK);
    cr_assert_eq(ledger.calls, calls, "a forward pass allocates");
    vit_context_free(context);
    vit_model_free(model);
    expect_released(&ledger);
    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &other, NULL), VIT_OK);
    cr_assert_eq(vit_context_create(other, NULL, &context, NULL), VIT_OK);
    cr_assert_eq(vit_forward(context, 1, images, expected, NULL), VIT_OK);
    expect_same_bits(CLASSES, expected, found, "memory of the caller");
    vit_context_free(context);
    vit_model_free(other);
    count_checks(3);
}

Test(allocator, that_fails_is_no_memory_and_nothing_is_left)
{
    const struct vit_config config = divisible_config(2);
    struct ledger ledger;
    const struct vit_allocator hooks = hooks_of(&ledger);
    const struct vit_model_options options = { .size = sizeof options, .allocator = &hooks };
    const struct vit_context_options context_options = {
        .size = sizeof context_options, .max_batch = 3, .threads = 3, .allocator = &hooks
    };
    enum vit_status status = VIT_ENOMEM;
    struct vit_error err;
    size_t point = 0;

    for (; status; point++) {
        struct vit_model *model = NULL;
        struct vit_context *context = NULL;
        hooks_of(&ledger);
        ledger.fail_at = point;
        if (!(status = vit_model_create_random(&config, 1, &options, &model, &err)))
            status = vit_context_create(model, &context_options, &context, &err);
        cr_assert(status == VIT_OK || status == VIT_ENOMEM, "%zu: %s", point, err.message);
        vit_context_free(context);
        vit_model_free(model);
        expect_released(&ledger);
    }
    cr_assert_gt(point, 8);
    count_checks(1);
}

static void expect_refused(struct vit_allocator hooks, enum vit_status expected, const char *words)
{
    const struct vit_config config = divisible_config(1);
    const struct vit_model_options options = { .size = sizeof options, .allocator = &hooks };
    const struct vit_context_options context_options = { .size = sizeof context_options,
                                                         .allocator = &hooks };
    struct vit_model *model;
    struct vit_context *context;
    struct vit_error err;

    cr_assert_eq(vit_model_create_random(&config, 1, &options, &model, &err), expected);
    cr_assert(strstr(err.message, words), "%s", err.message);
    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_context_create(model, &context_options, &context, &err), expected);
    cr_assert(strstr(err.message, words), "%s", err.message);
    vit_model_free(model);
    count_checks(4);
}

Test(allocator, has_both_hooks)
{
    struct ledger ledger;
    struct vit_allocator hooks = hooks_of(&ledger);

    hooks.release = NULL;
    expect_refused(hooks, VIT_EINVAL,
                   "struct vit_allocator: expected both hooks, found no release");
    hooks = hooks_of(&ledger);
    hooks.allocate = NULL;
    expect_refused(hooks, VIT_EINVAL, "expected both hooks, found no allocate");
    hooks = hooks_of(&ledger);
    hooks.size = 7;
    expect_refused(hooks, VIT_EINVAL, "struct vit_allocator: expected size 40, found 7");
    hooks = hooks_of(&ledger);
    hooks.reserved[1] = 1;
    expect_refused(hooks, VIT_EUNSUPPORTED, "struct vit_allocator: expected 0 after the 32 bytes");
}

Test(allocator, bytes_that_do_not_fit_are_no_memory)
{
    struct vit_config config = divisible_config(1);
    struct vit_model *model;
    const struct vit_context_options options = { .size = sizeof options,
                                                 .threads = 1024,
                                                 .max_batch = SIZE_MAX };
    size_t bytes = 0;
    struct vit_error err;

    cr_assert_eq(vit_model_create_random(&config, 1, NULL, &model, NULL), VIT_OK);
    cr_assert_eq(vit_context_bytes(model, &options, &bytes, &err), VIT_OK, "%s", err.message);
    cr_assert_gt(bytes, 1024 * 1024, "1024 images at once");
    vit_model_free(model);
    config.mlp_dim = (size_t)1 << 60;
    cr_assert_eq(vit_model_bytes(&config, NULL, &bytes, &err), VIT_EINVAL, "%s", err.message);
    count_checks(3);
}

Test(allocator, reserved_bytes_of_options_are_zero)
{
    const struct vit_config config = divisible_config(1);
    struct vit_model_options options = { .size = sizeof options };
    struct vit_model *model;
    struct vit_error err;

    options.zeros[2] = 3;
    cr_assert_eq(vit_model_create_random(&config, 1, &options, &model, &err), VIT_EUNSUPPORTED);
    cr_assert(strstr(err.message, "expected 0 after digest, found 3"), "%s", err.message);
    count_checks(2);
}
