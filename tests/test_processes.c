/* test_processes.c - a model's owners, its files, and the library in a process that unloads it */
#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"
#include "counts.h"
#include "golden_models.h"
#include "make_checkpoint.h"
#include "model_config.h"
#include "vit/vit.h"

enum { SIDE = 32, CLASSES = 10, IMAGE = 3 * SIDE * SIDE };

static struct vit_model *new_model(void)
{
    const struct vit_config config = { .size = sizeof config,
                                       .height = SIDE,
                                       .width = SIDE,
                                       .channels = 3,
                                       .patch = 8,
                                       .dim = 32,
                                       .depth = 3,
                                       .heads = 2,
                                       .mlp_dim = 64,
                                       .classes = CLASSES,
                                       .eps = 1e-6f };
    struct vit_model *model = NULL;

    cr_assert(!vit_model_create_random(&config, 1, NULL, &model, NULL));
    return model;
}

static float image[IMAGE];

static void new_logits(const struct vit_model *model, float *logits)
{
    struct vit_context *context;

    fill_pattern(IMAGE, image, PATTERN_NORMAL, 1);
    cr_assert(!vit_context_create(model, NULL, &context, NULL));
    cr_assert(!vit_forward(context, 1, image, logits, NULL));
    vit_context_free(context);
}

/* --- owners */

Test(processes, a_context_and_an_owner_keep_their_model)
{
    float expected[CLASSES], found[CLASSES];
    struct vit_model *const model = new_model(), *owner = vit_model_retain(model);
    struct vit_context *first, *second;

    new_logits(model, expected);
    cr_assert(owner == model);
    cr_assert(!vit_context_create(model, NULL, &first, NULL));
    vit_model_free(model);
    cr_assert(!vit_context_create(owner, NULL, &second, NULL));
    vit_model_free(owner);
    cr_assert(!vit_forward(first, 1, image, found, NULL));
    expect_same_bits(CLASSES, expected, found, "the owner's reference dropped");
    vit_context_free(first);
    memset(found, 0, sizeof found);
    cr_assert(!vit_forward(second, 1, image, found, NULL));
    expect_same_bits(CLASSES, expected, found, "the first context freed");
    vit_context_free(second);
}

static void *retain_and_free(void *model)
{
    for (int i = 0; i < 10000; i++)
        vit_model_free(vit_model_retain(model));
    return NULL;
}

Test(processes, threads_retain_and_free_at_once)
{
    float before[CLASSES], after[CLASSES];
    struct vit_model *const model = new_model();
    pthread_t threads[4];

    new_logits(model, before);
    for (size_t i = 0; i < 4; i++)
        cr_assert(!pthread_create(&threads[i], NULL, retain_and_free, model));
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    new_logits(model, after);
    expect_same_bits(CLASSES, before, after, "retained by four threads");
    vit_model_free(model);
}

/* --- one context, two threads */

struct shared {
    struct vit_context *context;
    sem_t inside, leave;
    bool waited;
    float logits[CLASSES];
    enum vit_status status;
};

static bool wait_inside(void *user)
{
    struct shared *const s = user;

    if (!s->waited) {
        s->waited = true;
        sem_post(&s->inside);
        sem_wait(&s->leave);
    }
    return false;
}

static void *forward_first(void *arg)
{
    struct shared *const s = arg;

    s->status = vit_forward(s->context, 1, image, s->logits, NULL);
    return NULL;
}

Test(processes, a_second_thread_in_a_context_is_refused_and_disturbs_nothing)
{
    struct shared s = { .waited = false };
    const struct vit_context_options options = {
        .size = sizeof options, .threads = 1, .cancel = wait_inside, .user = &s
    };
    struct vit_model *const model = new_model();
    float expected[CLASSES], other[CLASSES] = { 7.0f };
    struct vit_error err = { .message = "" };
    pthread_t thread;

    new_logits(model, expected);
    cr_assert(!sem_init(&s.inside, 0, 0) && !sem_init(&s.leave, 0, 0));
    cr_assert(!vit_context_create(model, &options, &s.context, NULL));
    cr_assert(!pthread_create(&thread, NULL, forward_first, &s));
    sem_wait(&s.inside);
    cr_assert_eq(vit_forward(s.context, 1, image, other, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "in progress"), "%s", err.message);
    cr_assert(other[0] == 7.0f);
    sem_post(&s.leave);
    pthread_join(thread, NULL);
    cr_assert_eq(s.status, VIT_OK);
    expect_same_bits(CLASSES, expected, s.logits, "the first call");
    cr_assert(!vit_forward(s.context, 1, image, other, NULL));
    expect_same_bits(CLASSES, expected, other, "a call after it");
    vit_context_free(s.context);
    vit_model_free(model);
}

/* --- hooks that do not return */

static jmp_buf outside;

static bool leave(void *user)
{
    (void)user;
    longjmp(outside, 1);
}

Test(processes, a_context_whose_hook_was_left_by_longjmp_refuses_every_call)
{
    const struct vit_context_options options = { .size = sizeof options,
                                                 .threads = 1,
                                                 .cancel = leave };
    struct vit_model *const model = new_model();
    struct vit_context *context;
    struct vit_error err = { .message = "" };
    volatile int left = 0;
    float logits[CLASSES];

    cr_assert(!vit_context_create(model, &options, &context, NULL));
    if (!setjmp(outside))
        vit_forward(context, 1, image, logits, NULL);
    else
        left++;
    cr_assert_eq(left, 1, "expected that the hook is called once, found %d calls", left);
    cr_assert_eq(vit_forward(context, 1, image, logits, &err), VIT_EINVAL);
    cr_assert(strstr(err.message, "in progress"), "%s", err.message);
    vit_context_free(context);
    vit_model_free(model);
}

/* --- files */

static size_t descriptors(void)
{
    DIR *const d = opendir("/proc/self/fd");
    size_t count = 0;

    cr_assert(d);
    while (readdir(d))
        count++;
    closedir(d);
    return count;
}

Test(processes, an_open_model_keeps_no_file_open)
{
    glob_t found = golden_models();

    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *const path = found.gl_pathv[i];
        struct vit_model *model;
        const size_t before = descriptors();
        cr_assert(!vit_model_open(path, NULL, &model, NULL), "%s", path);
        cr_assert_eq(descriptors(), before, "%s", path);
        vit_model_free(model);
    }
    count_checks(found.gl_pathc);
    globfree(&found);
}

/* A failure at each step of opening the files of weights. */
Test(processes, a_refused_model_leaves_no_file_open)
{
    static const char index[] =
        "{\"weight_map\":{\"a\":\"a.safetensors\",\"b\":\"b.safetensors\"}}";
    const struct made_directory shards = make_directory(), folder = make_directory();
    const struct made_directory broken = make_directory();
    const struct made_tensor a = { .name = "a", .rank = 1, .shape = { 2 } };
    const char *const paths[] = { shards.path, folder.path, broken.path, "tests", "none" };
    struct vit_model *model;

    make_text(&shards, "model.safetensors.index.json", index);
    make_tensors(&shards, "a.safetensors", &a, 1);
    cr_assert(!mkdir(made_path(&folder, "model.safetensors"), 0700));
    make_text(&broken, "x.npz", "not an archive");
    const size_t before = descriptors();
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        cr_assert_neq(vit_model_open(paths[i], NULL, &model, NULL), VIT_OK, "%s", paths[i]);
        cr_assert_eq(descriptors(), before, "%s", paths[i]);
    }
    rmdir(made_path(&folder, "model.safetensors"));
    remove_directory(&broken);
    remove_directory(&folder);
    remove_directory(&shards);
    count_checks(sizeof paths / sizeof *paths);
}

/* --- dlclose */

Test(processes, a_process_unloads_the_library_after_two_threads_have_run)
{
    const char *const build = getenv("VIT_BUILD");
    char command[512];

    snprintf(command, sizeof command, "'%s/tests/dlopen/run' '%s/libvit.so'",
             build ? build : "build", build ? build : "build");
    cr_assert_eq(system(command), 0, "%s", command);
    count_checks(1);
}
