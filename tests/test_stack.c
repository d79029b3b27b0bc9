/* test_stack.c - the stack of every part of the API stays within what vit/vit.h promises */
#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "compare.h"
#include "counts.h"
#include "model_config.h"
#include "vit/image.h"
#include "vit/vit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

enum { STACK_BYTES = 1 << 20, PAINT = 0x5a, FORWARD_BOUND = 16 << 10, FILE_BOUND = 64 << 10 };

/* A call on a stack of its own. */
struct painted {
    void (*call)(void *arg);
    void *arg;
    char *frame; /* where the call's stack begins */
};

static void *call_painted(void *arg)
{
    struct painted *const p = arg;

    p->frame = __builtin_frame_address(0);
    p->call(p->arg);
    return NULL;
}

/* The bytes of stack that a call uses: those below its frame whose paint changed. */
static size_t stack_of(void (*call)(void *arg), void *arg)
{
    struct painted p = { call, arg, NULL };
    char *const stack =
        mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;
    size_t untouched = 0;

    cr_assert(stack != MAP_FAILED);
    memset(stack, PAINT, STACK_BYTES);
    cr_assert(!pthread_attr_init(&attributes));
    cr_assert(!pthread_attr_setstack(&attributes, stack, STACK_BYTES));
    cr_assert(!pthread_create(&thread, &attributes, call_painted, &p));
    cr_assert(!pthread_join(thread, NULL));
    pthread_attr_destroy(&attributes);
    while (untouched < STACK_BYTES && stack[untouched] == PAINT)
        untouched++;
    const size_t used = (size_t)(p.frame - (stack + untouched));
    munmap(stack, STACK_BYTES);
    return used;
}

/* The largest so far, and what it was. */
struct peak {
    size_t bytes;
    char what[256];
};

static void measure(struct peak *peak, size_t bound, void (*call)(void *arg), void *arg,
                    const char *what)
{
    const size_t bytes = stack_of(call, arg);

#ifdef SANITIZED
    (void)bound; /* instrumented frames are larger */
    count_skipped("the sanitizers enlarge the stack", 1);
#else
    cr_assert_leq(bytes, bound, "%s: %zu bytes of stack", what, bytes);
    count_checks(1);
#endif
    if (bytes > peak->bytes) {
        peak->bytes = bytes;
        snprintf(peak->what, sizeof peak->what, "%s", what);
    }
}

/* With VIT_STACK=1 the tests print their peaks. */
static void report(const struct peak *peak, const char *part)
{
    if (getenv("VIT_STACK"))
        fprintf(stderr, "stack: %s: %zu bytes (%s)\n", part, peak->bytes, peak->what);
}

/* --- the forward pass */

struct task {
    void (*task)(void *arg, size_t i);
    void *arg;
    size_t i;
};

static void call_task(void *arg)
{
    const struct task *const t = arg;
    t->task(t->arg, t->i);
}

static struct peak tasks;

static void run_painted(void *user, size_t count, void (*task)(void *arg, size_t i), void *arg)
{
    for (size_t i = 0; i < count; i++)
        measure(&tasks, FORWARD_BOUND, call_task, &(struct task){ task, arg, i }, user);
}

struct pass {
    struct vit_context *context;
    enum vit_output output;
    size_t batch;
    const float *images;
    float *out;
    enum vit_status status;
};

static void call_forward(void *arg)
{
    struct pass *const p = arg;
    p->status = forward_output(p->context, p->output, 0, p->batch, p->images, p->out, NULL);
}

/* One image inside threads, then a batch across threads, then one thread. */
static void forward_passes(const struct vit_model *model, char *what, struct peak *peak)
{
    static const size_t ways[][2] = { { 1, 3 }, { 4, 3 }, { 1, 1 } };
    const struct vit_config c = model_config(model);
    const enum vit_output output =
        c.pool == VIT_POOL_NONE ? VIT_OUTPUT_LAST_HIDDEN_STATE : VIT_OUTPUT_EMBEDDING;
    size_t rows = 0, columns = 0;

    vit_output_shape(model, output, 0, &rows, &columns);
    float *const images = calloc(4 * c.channels * c.height * c.width, sizeof *images);
    float *const out = calloc(4 * rows * columns, sizeof *out);
    cr_assert(images && out);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct vit_context_options options = { .size = sizeof options,
                                                     .max_batch = ways[i][0],
                                                     .threads = ways[i][1],
                                                     .run = run_painted,
                                                     .user = what };
        struct pass pass = { .output = output, .batch = ways[i][0], .images = images, .out = out };
        cr_assert(!vit_context_create(model, &options, &pass.context, NULL));
        measure(peak, FORWARD_BOUND, call_forward, &pass, what);
        cr_assert(pass.status == VIT_OK, "%s", what);
        vit_context_free(pass.context);
    }
    free(images);
    free(out);
}

Test(stack, a_forward_pass_and_its_tasks_need_16_kib_on_every_level)
{
    const struct vit_kernels *level = scalar_level();
    const struct vit_config c = { .size = sizeof c,
                                  .height = 64,
                                  .width = 64,
                                  .channels = 3,
                                  .patch = 8,
                                  .dim = 64,
                                  .depth = 1,
                                  .heads = 4,
                                  .mlp_dim = 8192, /* every level divides so many rows of fc2 */
                                  .classes = 10,
                                  .eps = 1e-6f };
    struct peak peak = { 0 };

    for (size_t l = 0; level; level = next_level(&l, 3)) {
        const struct vit_model_options options = { .size = sizeof options, .isa = level->isa };
        struct vit_model *model;
        char what[64];
        snprintf(what, sizeof what, "a random model on %s", level->isa);
        cr_assert(!vit_model_create_random(&c, 1, &options, &model, NULL));
        forward_passes(model, what, &peak);
        vit_model_free(model);
    }
    report(&peak, "vit_forward");
    report(&tasks, "a task of vit_forward");
}

/* --- files */

/* Calls use(path, file's name) for every entry of a directory below tests/golden. */
static void each_entry(const char *directory, void (*use)(const char *path, struct peak *peak),
                       struct peak *peak)
{
    DIR *const d = opendir(directory);
    char path[1024];

    cr_assert(d, "%s", directory);
    for (const struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", directory, e->d_name);
        if (e->d_name[0] != '.')
            use(path, peak);
    }
    closedir(d);
}

struct opening {
    const char *path;
    struct vit_model *model;
    enum vit_status status;
};

static void call_open(void *arg)
{
    struct opening *const o = arg;
    o->status = vit_model_open(o->path, NULL, &o->model, NULL);
}

static struct peak golden_passes;

static void open_model(const char *path, struct peak *peak)
{
    char config[1100], what[1024];
    struct opening o = { .path = path };
    struct stat info;

    snprintf(config, sizeof config, "%s/config.json", path);
    if (stat(config, &info))
        return;
    measure(peak, FILE_BOUND, call_open, &o, path);
    cr_assert(o.status == VIT_OK, "%s", path);
    snprintf(what, sizeof what, "%s", path);
    forward_passes(o.model, what, &golden_passes);
    vit_model_free(o.model);
}

Test(stack, opening_a_model_needs_64_kib_and_a_pass_16)
{
    struct peak peak = { 0 };

    each_entry("tests/golden", open_model, &peak);
    cr_assert(peak.bytes > 0);
    report(&peak, "vit_model_open");
    report(&golden_passes, "vit_forward");
    report(&tasks, "a task of vit_forward");
}

struct decoding {
    const char *path;
    struct vit_image image;
    enum vit_status status;
};

static void call_decode(void *arg)
{
    struct decoding *const d = arg;
    d->status = vit_image_decode_file(d->path, NULL, &d->image, NULL);
}

struct preparing {
    struct vit_preprocess_config config;
    const struct vit_image *image;
    float *out;
    enum vit_status status;
};

static void call_preprocess(void *arg)
{
    struct preparing *const p = arg;
    p->status = vit_preprocess_image(&p->config, p->image, NULL, p->out, NULL);
}

static struct peak preprocessing;

static void decode(const char *path, struct peak *peak)
{
    struct decoding d = { .path = path };
    struct preparing p = { .image = &d.image,
                           .config = { .size = sizeof p.config,
                                       .channels = 3,
                                       .height = 224,
                                       .width = 224,
                                       .interpolation = VIT_INTERPOLATION_BICUBIC,
                                       .crop_mode = VIT_CROP_MODE_CENTER,
                                       .crop_pct = 0.9,
                                       .std = { 1.0f, 1.0f, 1.0f } } };

    measure(peak, FILE_BOUND, call_decode, &d, path);
    if (d.status != VIT_OK) /* a file that must be refused */
        return;
    p.out = calloc((size_t)3 * 224 * 224, sizeof *p.out);
    cr_assert(p.out);
    measure(&preprocessing, FILE_BOUND, call_preprocess, &p, path);
    cr_assert(p.status == VIT_OK, "%s", path);
    free(p.out);
    vit_image_free(&d.image);
}

Test(stack, decoding_and_preprocessing_an_image_need_64_kib)
{
    struct peak peak = { 0 };

    each_entry("tests/golden/decode", decode, &peak);
    cr_assert(preprocessing.bytes > 0);
    report(&peak, "vit_image_decode_file");
    report(&preprocessing, "vit_preprocess_image");
}
