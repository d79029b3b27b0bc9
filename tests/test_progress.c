/* test_progress.c - the progress of loading: every number once, the end at the end, cancellation */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "counts.h"
#include "golden_models.h"
#include "model_config.h"
#include "packed_model.h"
#include "vit/inspect.h"
#include "vit/vit.h"

struct seen {
    size_t calls, cancel_at, done, total;
    size_t repeats; /* calls with the same `done` as the last one */
    bool wrong, ended;
};

static bool note(void *user, size_t done, size_t total)
{
    struct seen *const s = user;

    s->wrong = s->wrong || s->ended || done < s->done || done > total || total == 0 ||
               (s->calls > 0 && total != s->total);
    s->repeats += s->calls > 0 && done == s->done;
    s->done = done;
    s->total = total;
    s->ended = done == total;
    return s->calls++ == s->cancel_at;
}

static enum vit_status open_noted(const char *directory, size_t cancel_at, struct seen *seen,
                                  struct vit_model **model, struct vit_error *err)
{
    const struct vit_model_options options = { .size = sizeof options,
                                               .progress = note,
                                               .user = seen };

    *seen = (struct seen){ .cancel_at = cancel_at };
    *model = NULL;
    return vit_model_open(directory, &options, model, err);
}

static void expect_whole(const struct seen *s, const struct vit_model *model, const char *name)
{
    cr_assert(!s->wrong && s->ended, "%s: %zu of %zu after %zu calls", name, s->done, s->total,
              s->calls);
    cr_assert_eq(s->total, vit_model_parameter_count(model), "%s: %zu", name, s->total);
    cr_assert_gt(s->calls, 5);
    count_checks(3);
}

/* Performers read their random features twice; other families split tensors or pack them apart. */
Test(progress, counts_each_parameter_once_in_every_golden_case)
{
    glob_t found = golden_models();

    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *const path = found.gl_pathv[i];
        struct seen s;
        struct vit_model *model;
        struct vit_error err;
        cr_assert_eq(open_noted(path, SIZE_MAX, &s, &model, &err), VIT_OK, "%s", err.message);
        expect_whole(&s, model, path);
        vit_model_free(model);
    }
    globfree(&found);
    count_checks(1);
}

Test(progress, of_a_resized_or_random_model_ends_too)
{
    struct vit_config config = divisible_config(3);
    struct seen s = { .cancel_at = SIZE_MAX };
    struct vit_model_options options = {
        .size = sizeof options, .progress = note, .user = &s, .height = 96, .width = 64
    };
    struct vit_model *model;
    struct vit_error err;

    cr_assert_eq(vit_model_open("tests/golden/timm-vit", &options, &model, &err), VIT_OK, "%s",
                 err.message);
    expect_whole(&s, model, "resized");
    vit_model_free(model);
    s = (struct seen){ .cancel_at = SIZE_MAX };
    options.height = options.width = 0;
    config.registers = 3;
    cr_assert_eq(vit_model_create_random(&config, 1, &options, &model, &err), VIT_OK, "%s",
                 err.message);
    expect_whole(&s, model, "random");
    vit_model_free(model);
    const size_t total = s.total;
    s = (struct seen){ .cancel_at = SIZE_MAX };
    config.registers = 0;
    cr_assert_eq(vit_model_create_random(&config, 1, &options, &model, &err), VIT_OK, "%s",
                 err.message);
    cr_assert_eq(total - s.total, 2 * 3 * config.dim, /* each has a position */
                 "%zu and %zu numbers", total, s.total);
    vit_model_free(model);
    count_checks(1);
}

/* Nothing is read; the end alone is told, and can still be refused. */
Test(progress, of_packed_weights_is_their_end)
{
    const char *const directory = "tests/golden/timm-vit";
    struct made_directory scratch = make_directory();
    struct seen s = { .cancel_at = SIZE_MAX };
    struct vit_model_options options = { .size = sizeof options, .progress = note, .user = &s };
    char packed[300];
    struct vit_model *model = NULL;
    struct vit_error err;

    snprintf(packed, sizeof packed, "%s", made_path(&scratch, "model.packed"));
    save_packed(&(struct packed_case){ .directory = directory }, packed);
    options.packed = packed;
    cr_assert_eq(vit_model_open(directory, &options, &model, &err), VIT_OK, "%s", err.message);
    cr_assert(!s.wrong && s.ended && s.calls == 1, "%zu calls", s.calls);
    cr_assert_eq(s.total, vit_model_parameter_count(model));
    vit_model_free(model);
    model = NULL;
    s = (struct seen){ .cancel_at = 0 };
    cr_assert_eq(vit_model_open(directory, &options, &model, &err), VIT_ECANCELED);
    cr_assert_null(model);
    remove_directory(&scratch);
    count_checks(5);
}

Test(progress, that_cancels_leaves_nothing_at_any_call)
{
    const char *const directory = "tests/golden/t2t-performer";
    struct vit_model *model;
    struct vit_error err;
    struct seen s;

    cr_assert_eq(open_noted(directory, SIZE_MAX, &s, &model, &err), VIT_OK);
    vit_model_free(model);
    cr_assert_gt(s.repeats, 0, "random features that are read again count again");
    const size_t calls = s.calls;
    for (size_t at = 0; at < calls; at++) {
        cr_assert_eq(open_noted(directory, at, &s, &model, &err), VIT_ECANCELED, "call %zu", at);
        cr_assert_eq(err.status, VIT_ECANCELED);
        cr_assert(strstr(err.message, "canceled by the progress hook"), "%s", err.message);
        cr_assert(!model && s.calls == at + 1);
    }
    count_checks(4 * calls + 1);
}
