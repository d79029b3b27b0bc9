/* test_observe.c - the observer of a call: parts in order, on a clock of the test's own */
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "call_pixels.h"
#include "compare.h"
#include "counts.h"

/*
 * The library's clock, by the linker's --wrap: a nanosecond passes with each look at it, so a part
 * takes one on a single thread.
 */
static atomic_size_t looks;

uint64_t __real_clock_nanoseconds(void);
uint64_t __wrap_clock_nanoseconds(void);
uint64_t __wrap_clock_nanoseconds(void)
{
    return atomic_fetch_add(&looks, 1);
}

enum { DEPTH = 3, MAX_PARTS = DEPTH + 3 };

struct seen {
    size_t count[BATCH]; /* each image has one thread at a time */
    struct vit_observation parts[BATCH][MAX_PARTS];
};

static void observe(void *user, const struct vit_observation *o)
{
    struct seen *const s = user;

    if (o->image < BATCH && s->count[o->image] < MAX_PARTS)
        s->parts[o->image][s->count[o->image]++] = *o;
}

static struct vit_model *new_model(void)
{
    struct vit_config config = { BASE, .patch = 8 };
    struct vit_model *model = NULL;

    config.depth = DEPTH;
    cr_assert_eq(vit_model_create_random(&config, 3, NULL, &model, NULL), VIT_OK);
    return model;
}

/* Computes one output of a batch, and what the observer sees of it. */
static void compute(struct vit_context *context, size_t batch, enum vit_output output, size_t block,
                    struct seen *seen)
{
    static float images[BATCH * 3 * HEIGHT * WIDTH], out[BATCH * 40 * 40 * 72];
    const struct vit_output_request request = {
        .size = sizeof request, .output = output, .block = block, .data = out
    };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = batch,
                                   .images = images,
                                   .outputs = &request,
                                   .output_count = 1,
                                   .user = seen,
                                   .observe = seen ? observe : NULL };
    struct vit_error err;

    if (seen)
        memset(seen, 0, sizeof *seen);
    cr_assert_eq(vit_forward_call(context, &call, &err), VIT_OK, "%s", err.message);
}

static void expect_part(const struct seen *s, size_t image, size_t i, enum vit_stage stage,
                        size_t block)
{
    const struct vit_observation *const o = &s->parts[image][i];

    cr_assert(o->size == sizeof *o && o->image == image && o->stage == stage && o->block == block,
              "image %zu, part %zu: stage %d, block %zu", image, i, (int)o->stage, o->block);
    count_checks(1);
}

Test(observe, each_image_has_its_parts_in_order)
{
    static struct seen s;
    struct vit_model *const model = new_model();

    for (size_t threads = 1; threads <= 3; threads++) {
        struct vit_context *const context = new_context(model, threads);
        for (size_t batch = 1; batch <= BATCH; batch++) {
            compute(context, batch, VIT_OUTPUT_LOGITS, 0, &s);
            for (size_t i = 0; i < BATCH; i++) {
                cr_assert_eq(s.count[i], i < batch ? DEPTH + 2 : 0);
                if (i >= batch)
                    continue;
                expect_part(&s, i, 0, VIT_STAGE_EMBED, 0);
                for (size_t b = 0; b < DEPTH; b++)
                    expect_part(&s, i, 1 + b, VIT_STAGE_BLOCK, b);
                expect_part(&s, i, DEPTH + 1, VIT_STAGE_HEAD, 0);
            }
        }
        vit_context_free(context);
    }
    vit_model_free(model);
    count_checks(3 * BATCH * BATCH);
}

Test(observe, the_time_is_that_of_the_part_alone)
{
    static struct seen s;
    struct vit_model *const model = new_model();
    struct vit_context *const context = new_context(model, 1);

    compute(context, BATCH, VIT_OUTPUT_LOGITS, 0, &s);
    for (size_t i = 0; i < BATCH; i++)
        for (size_t part = 0; part < DEPTH + 2; part++)
            cr_assert_eq(s.parts[i][part].nanoseconds, 1, "image %zu, part %zu: %zu", i, part,
                         (size_t)s.parts[i][part].nanoseconds);
    const size_t before = atomic_load(&looks);
    compute(context, BATCH, VIT_OUTPUT_LOGITS, 0, NULL);
    cr_assert_eq(atomic_load(&looks), before, "without an observer the clock is read");
    vit_context_free(context);
    vit_model_free(model);
    count_checks(BATCH * (DEPTH + 2) + 1);
}

Test(observe, parts_that_no_request_needs_do_not_come)
{
    static const struct {
        enum vit_output output;
        size_t block, parts;
    } cases[] = {
        { VIT_OUTPUT_PATCH_EMBEDDING, 0, 1 },
        { VIT_OUTPUT_ATTENTION, 1, 3 },
        { VIT_OUTPUT_BLOCK, DEPTH - 1, DEPTH + 1 },
        { VIT_OUTPUT_LAST_HIDDEN_STATE, 0, DEPTH + 2 },
    };
    static struct seen s;
    struct vit_model *const model = new_model();
    struct vit_context *const context = new_context(model, 1);

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        compute(context, 1, cases[i].output, cases[i].block, &s);
        cr_assert_eq(s.count[0], cases[i].parts, "%zu: %zu", i, s.count[0]);
    }
    vit_context_free(context);
    vit_model_free(model);
    count_checks(4);
}

Test(observe, the_clock_of_the_library_goes_forward)
{
    const uint64_t first = __real_clock_nanoseconds();
    uint64_t last = first;

    while (last == first)
        last = __real_clock_nanoseconds();
    cr_assert_gt(last, first);
    count_checks(1);
}
