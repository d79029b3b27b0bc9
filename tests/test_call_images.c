/* test_call_images.c - calls image by image: pointers, statuses, cancellation of single images */
#include <stdatomic.h>
#include <string.h>

#include "alloc_counter.h"
#include "call_pixels.h"
#include "compare.h"
#include "counts.h"
#include "serial_run.h"

enum { IMAGE = 3 * HEIGHT * WIDTH };

static const struct vit_config config = { BASE, .patch = 8 };

static struct fixture {
    struct vit_model *model;
    struct batch batch;
    float expected[BATCH * CLASSES]; /* one image at a time */
} f;

static void begin(void)
{
    struct vit_context *context;

    cr_assert_eq(vit_model_create_random(&config, 3, NULL, &f.model, NULL), VIT_OK);
    fill_batch(&f.batch, 3, HEIGHT, WIDTH, VIT_PIXEL_FORMAT_RGB, 0);
    context = new_context(f.model, 1);
    for (size_t i = 0; i < BATCH; i++)
        cr_assert_eq(
            vit_forward(context, 1, f.batch.floats + i * IMAGE, f.expected + i * CLASSES, NULL),
            VIT_OK);
    vit_context_free(context);
}

static void end(void)
{
    free_batch(&f.batch);
    vit_model_free(f.model);
}

TestSuite(call_images, .init = begin, .fini = end);

/* A call for the logits of the fixture's images, by pointers in another order. */
struct scattered {
    float images[BATCH][IMAGE], logits[BATCH][CLASSES];
    const float *image_list[BATCH];
    float *data_list[BATCH];
    struct vit_error errors[BATCH];
    struct vit_output_request request;
    struct vit_call call;
};

static void scatter(struct scattered *s)
{
    memset(s->logits, 0, sizeof s->logits);
    for (size_t i = 0; i < BATCH; i++) {
        const size_t place = (3 * i + 1) % BATCH;
        memcpy(s->images[place], f.batch.floats + i * IMAGE, sizeof s->images[place]);
        s->image_list[i] = s->images[place];
        s->data_list[i] = s->logits[place];
        memset(&s->errors[i], 0x5a, sizeof s->errors[i]);
    }
    s->request = (struct vit_output_request){ .size = sizeof s->request,
                                              .output = VIT_OUTPUT_LOGITS,
                                              .data_list = s->data_list };
    s->call = (struct vit_call){ .size = sizeof s->call,
                                 .batch = BATCH,
                                 .image_list = s->image_list,
                                 .outputs = &s->request,
                                 .output_count = 1,
                                 .image_errors = s->errors };
}

static void expect_image(const struct scattered *s, size_t i, const char *what)
{
    cr_assert_eq(s->errors[i].status, VIT_OK, "%s, image %zu: %s", what, i, s->errors[i].message);
    expect_same_bits(CLASSES, f.expected + i * CLASSES, s->data_list[i], "%s, image %zu", what, i);
}

static void expect_status(const struct scattered *s, size_t i, enum vit_status status,
                          const char *words)
{
    cr_assert_eq(s->errors[i].status, status, "image %zu: %s", i, s->errors[i].message);
    cr_assert(strstr(s->errors[i].message, words), "\"%s\" does not contain \"%s\"",
              s->errors[i].message, words);
    count_checks(2);
}

Test(call_images, and_outputs_may_be_anywhere)
{
    static struct scattered s;

    for (size_t threads = 1; threads <= 4; threads++) {
        struct vit_context *const context = new_context(f.model, threads);
        for (size_t batch = 1; batch <= BATCH; batch++) {
            scatter(&s);
            s.call.batch = batch;
            const size_t before = watched_allocations();
            cr_assert_eq(vit_forward_call(context, &s.call, NULL), VIT_OK);
            cr_assert_eq(watched_allocations(), before, "a call allocates");
            for (size_t i = 0; i < batch; i++)
                expect_image(&s, i, "scattered");
            for (size_t i = batch; i < BATCH; i++)
                cr_assert_eq(s.errors[i].status, 0x5a5a5a5a, "a status behind the batch");
        }
        vit_context_free(context);
    }
    count_checks(8);
}

/* Two of five images are at fault: three threads compute the others in one round. */
Test(call_images, at_fault_have_a_status_and_the_others_are_computed)
{
    static struct scattered s;
    struct serial_run run = { 0 };
    const struct vit_context_options options = {
        .size = sizeof options, .max_batch = BATCH, .threads = 3, .run = run_serially, .user = &run
    };
    struct vit_context *one = new_context(f.model, 1), *three;

    cr_assert_eq(vit_context_create(f.model, &options, &three, NULL), VIT_OK);
    for (size_t bad = 0; bad + 1 < BATCH; bad++)
        for (size_t c = 0; c < 2; c++) {
            struct vit_image pixels[BATCH];
            memcpy(pixels, f.batch.pixels, sizeof pixels);
            pixels[bad].width++;
            pixels[bad + 1].stride = 1;
            scatter(&s);
            s.call.image_list = NULL;
            s.call.pixels = pixels;
            s.call.preprocess = &f.batch.config;
            run = (struct serial_run){ 0 };
            cr_assert_eq(vit_forward_call(c ? three : one, &s.call, NULL), VIT_OK);
            if (c)
                cr_assert(run.calls == 1 && run.tasks == 3, "%zu calls, %zu tasks", run.calls,
                          run.tasks);
            expect_status(&s, bad, VIT_EIMAGE, "expected the model's 32x48, found 32x49");
            expect_status(&s, bad + 1, VIT_EIMAGE, "expected a stride of at least 144");
            for (size_t i = 0; i < BATCH; i++)
                if (i != bad && i != bad + 1)
                    expect_image(&s, i, "beside images at fault");
            for (size_t i = 0; i < CLASSES; i++)
                cr_assert(s.data_list[bad][i] == 0, "an image at fault has an output");
        }
    vit_context_free(one);
    vit_context_free(three);
    count_checks(2 * (BATCH - 1));
}

Test(call_images, all_at_fault_is_a_call_that_computes_nothing)
{
    static struct scattered s;
    struct vit_context *const context = new_context(f.model, 2);
    struct vit_image pixels[BATCH];

    memcpy(pixels, f.batch.pixels, sizeof pixels);
    for (size_t i = 0; i < BATCH; i++)
        pixels[i].height = 0;
    scatter(&s);
    s.call.image_list = NULL;
    s.call.pixels = pixels;
    s.call.preprocess = &f.batch.config;
    cr_assert_eq(vit_forward_call(context, &s.call, NULL), VIT_OK);
    for (size_t i = 0; i < BATCH; i++)
        expect_status(&s, i, VIT_EIMAGE, "expected the model's 32x48, found 0x48");
    vit_context_free(context);
}

/* --- canceling */

struct canceling {
    unsigned images; /* bits */
    atomic_size_t asked[BATCH];
};

static bool cancel_some(void *user, size_t image)
{
    struct canceling *const c = user;

    atomic_fetch_add(&c->asked[image], 1);
    return c->images >> image & 1;
}

Test(call_images, are_canceled_one_by_one)
{
    static struct scattered s;

    for (size_t threads = 1; threads <= 3; threads++) {
        struct vit_context *const context = new_context(f.model, threads);
        for (unsigned images = 0; images < 1u << BATCH; images++) {
            struct canceling c = { .images = images };
            scatter(&s);
            s.call.cancel_image = cancel_some;
            s.call.user = &c;
            cr_assert_eq(vit_forward_call(context, &s.call, NULL), VIT_OK);
            for (size_t i = 0; i < BATCH; i++) {
                cr_assert_eq(c.asked[i], config.depth);
                if (images >> i & 1)
                    expect_status(&s, i, VIT_ECANCELED, "canceled by a cancel hook");
                else
                    expect_image(&s, i, "beside canceled ones");
            }
        }
        vit_context_free(context);
    }
    count_checks(3 * 32 * BATCH);
}

static bool cancel_at_third(void *user)
{
    return ++*(int *)user >= 3;
}

Test(call_images, that_were_complete_when_the_call_was_canceled_have_their_outputs)
{
    static struct scattered s;
    int asked = 0;
    const struct vit_context_options options = { .size = sizeof options,
                                                 .max_batch = BATCH,
                                                 .threads = 1,
                                                 .cancel = cancel_at_third,
                                                 .user = &asked };
    struct vit_context *context;
    struct vit_error err;

    cr_assert_eq(vit_context_create(f.model, &options, &context, NULL), VIT_OK);
    scatter(&s);
    cr_assert_eq(vit_forward_call(context, &s.call, &err), VIT_ECANCELED);
    expect_image(&s, 0, "complete");
    expect_image(&s, 1, "complete");
    for (size_t i = 2; i < BATCH; i++)
        expect_status(&s, i, VIT_ECANCELED, "canceled by a cancel hook");
    cr_assert_eq(asked, 3);
    vit_context_free(context);
    count_checks(2);
}

/* --- errors */

static void expect_refused(struct vit_context *context, const struct scattered *s,
                           const char *words)
{
    struct vit_error err = { 0 };

    cr_assert_eq(vit_forward_call(context, &s->call, &err), VIT_EINVAL, "%s: %s", words,
                 err.message);
    cr_assert(strstr(err.message, words), "\"%s\" does not contain \"%s\"", err.message, words);
    cr_assert_eq(s->errors[0].status, 0x5a5a5a5a, "a call that fails changes a status");
    count_checks(3);
}

Test(call_images, lists_that_contradict_a_call_are_refused)
{
    static struct scattered s;
    struct vit_context *const context = new_context(f.model, 1);

    scatter(&s);
    s.image_list[4] = NULL;
    expect_refused(context, &s, "image_list[4]: expected an image, found NULL");
    scatter(&s);
    s.data_list[3] = NULL;
    expect_refused(context, &s, "output logits: data_list[3]: expected data, found NULL");
    scatter(&s);
    s.request.data = s.logits[0];
    expect_refused(context, &s, "output logits: expected data, found data_list too");
    scatter(&s);
    s.call.images = s.images[0];
    expect_refused(context, &s, "images, image_list and pixels: expected one of them, found two");
    s.call.pixels = f.batch.pixels;
    expect_refused(context, &s, "found three");
    scatter(&s);
    s.call.cancel_image = cancel_some;
    s.call.image_errors = NULL;
    expect_refused(context, &s, "cancel_image: expected image_errors too, found NULL");
    vit_context_free(context);
}
