/* test_stack.c - the stack of opening and of forward passes stays within what vit/vit.h promises */
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"
#include "model_config.h"
#include "paint.h"
#include "vit/inspect.h"
#include "vit/vit.h"

/* --- the forward pass */

static struct painter forward_tasks;

struct pass {
    struct vit_context *context;
    enum vit_output output;
    size_t batch;
    const float *images;
    const struct vit_image *pixels;                 /* in place of images */
    const struct vit_preprocess_config *preprocess; /* of pixels */
    float *out;
    enum vit_status status;
};

static void call_forward(void *arg)
{
    struct pass *const p = arg;
    const struct vit_output_request request = { .size = sizeof request,
                                                .output = p->output,
                                                .data = p->out };
    const struct vit_call call = { .size = sizeof call,
                                   .batch = p->batch,
                                   .images = p->images,
                                   .outputs = &request,
                                   .output_count = 1,
                                   .pixels = p->pixels,
                                   .preprocess = p->preprocess };

    p->status = vit_forward_call(p->context, &call, NULL);
}

/* Floats, and pixels if the model has 1 or 3 channels, in a context of this pass. */
static void forward_kinds(const struct vit_config *c, struct pass pass, const char *what,
                          struct peak *peak)
{
    static uint8_t bytes[1 << 18];
    const struct vit_image image = { bytes, c->height, c->width, c->width * 3,
                                     VIT_PIXEL_FORMAT_RGB };
    const struct vit_image pixels[] = { image, image, image, image };
    const struct vit_preprocess_config config = { .size = sizeof config,
                                                  .channels = c->channels,
                                                  .std = { 1, 1, 1 } };

    paint_call(peak, STACK_OF_FORWARD, call_forward, &pass, what);
    cr_assert(pass.status == VIT_OK, "%s", what);
    if (c->channels != 1 && c->channels != 3)
        return;
    cr_assert(c->height * image.stride <= sizeof bytes);
    pass.images = NULL;
    pass.pixels = pixels;
    pass.preprocess = &config;
    paint_call(peak, STACK_OF_FORWARD, call_forward, &pass, what);
    cr_assert(pass.status == VIT_OK, "%s, pixels", what);
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
    forward_tasks.what = what;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct vit_context_options options = { .size = sizeof options,
                                                     .max_batch = ways[i][0],
                                                     .threads = ways[i][1],
                                                     .run = paint_run,
                                                     .user = &forward_tasks };
        struct pass pass = { .output = output, .batch = ways[i][0], .images = images, .out = out };
        cr_assert(!vit_context_create(model, &options, &pass.context, NULL));
        forward_kinds(&c, pass, what, peak);
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

    for (size_t l = 0; level; level = next_level(&l, 9))
        for (int p = VIT_PRECISION_FLOAT32; p <= VIT_PRECISION_INT8; p++) {
            const struct vit_model_options options = { .size = sizeof options,
                                                       .isa = level->isa,
                                                       .precision = (enum vit_precision)p };
            struct vit_model *model;
            char what[64];
            snprintf(what, sizeof what, "a random model on %s in %s", level->isa,
                     vit_value_name("precision", p));
            cr_assert(!vit_model_create_random(&c, 1, &options, &model, NULL));
            forward_passes(model, what, &peak);
            vit_model_free(model);
        }
    paint_report(&peak, "vit_forward");
    paint_report(&forward_tasks.peak, "a task of vit_forward");
}

/* --- files */

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
    paint_call(peak, STACK_OF_FILE, call_open, &o, path);
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
    paint_report(&peak, "vit_model_open");
    paint_report(&golden_passes, "vit_forward");
    paint_report(&forward_tasks.peak, "a task of vit_forward");
}

/* Hostile weights beside a valid config.json. */
static void open_hostile(const char *path, struct peak *peak)
{
    char directory[] = "/tmp/vit-stack-XXXXXX", link[64], config[64], target[PATH_MAX];
    struct opening o = { .path = directory };

    cr_assert(mkdtemp(directory));
    snprintf(link, sizeof link, "%s/model.safetensors", directory);
    snprintf(config, sizeof config, "%s/config.json", directory);
    cr_assert(realpath(path, target) && symlink(target, link) == 0);
    cr_assert(realpath("tests/golden/timm-vit/config.json", target) &&
              symlink(target, config) == 0);
    paint_call(peak, STACK_OF_FILE, call_open, &o, path);
    cr_assert(o.status != VIT_OK, "%s", path);
    unlink(link);
    unlink(config);
    rmdir(directory);
}

/* Valid weights beside a config.json that is nested so deep. */
static void open_nested(size_t depth, struct peak *peak)
{
    char directory[] = "/tmp/vit-stack-XXXXXX", link[64], config[64], target[PATH_MAX];
    struct opening o = { .path = directory };

    cr_assert(mkdtemp(directory));
    snprintf(link, sizeof link, "%s/model.safetensors", directory);
    snprintf(config, sizeof config, "%s/config.json", directory);
    cr_assert(realpath("tests/golden/timm-vit/model.safetensors", target) &&
              symlink(target, link) == 0);
    FILE *const file = fopen(config, "w");
    cr_assert(file);
    for (size_t i = 0; i < depth; i++)
        fputs(i % 2 ? "[" : "{\"a\":", file);
    fclose(file);
    paint_call(peak, STACK_OF_FILE, call_open, &o, "a nested config.json");
    cr_assert(o.status != VIT_OK);
    unlink(link);
    unlink(config);
    rmdir(directory);
}

Test(stack, opening_a_hostile_file_needs_64_kib)
{
    static const size_t depths[] = { 8, 30, 500, 2040, 100000 };
    struct peak peak = { 0 };

    each_entry("tests/hostile", open_hostile, &peak);
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++)
        open_nested(depths[i], &peak);
    cr_assert(peak.bytes > 0);
    paint_report(&peak, "vit_model_open of a hostile file");
}
