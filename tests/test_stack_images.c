/* test_stack_images.c - the stack of decoding and preprocessing stays within vit/vit.h's bound */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "paint.h"
#include "vit/image.h"
#include "vit/parallel.h"
#include "vit/vit.h"

struct decoding {
    const char *path;
    struct vit_image image;
    enum vit_status status;
};

static void call_decode(void *arg)
{
    const struct vit_decode_options options = { .size = sizeof options, .exif_orientation = true };
    struct decoding *const d = arg;
    d->status = vit_image_decode_file(d->path, &options, &d->image, NULL);
}

struct preparing {
    struct vit_preprocess_config config;
    const struct vit_preprocess_options *options;
    const struct vit_image *image;
    float *out;
    enum vit_status status;
};

static void call_preprocess(void *arg)
{
    struct preparing *const p = arg;
    p->status = vit_preprocess_image(&p->config, p->image, p->options, p->out, NULL);
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

    paint_call(peak, STACK_OF_FILE, call_decode, &d, path);
    if (d.status != VIT_OK) /* a file that must be refused */
        return;
    p.out = calloc((size_t)3 * 224 * 224, sizeof *p.out);
    cr_assert(p.out);
    paint_call(&preprocessing, STACK_OF_FILE, call_preprocess, &p, path);
    cr_assert(p.status == VIT_OK, "%s", path);
    free(p.out);
    vit_image_free(&d.image);
}

Test(stack, decoding_and_preprocessing_an_image_need_64_kib)
{
    struct peak peak = { 0 };

    each_entry("tests/golden/decode", decode, &peak);
    each_entry("tests/golden/preprocess-exif", decode, &peak);
    cr_assert(preprocessing.bytes > 0);
    paint_report(&peak, "vit_image_decode_file");
    paint_report(&preprocessing, "vit_preprocess_image");
}

/* Every way from pixels to an input, on the calling thread alone and in tasks. */
static void preprocess_each_way(const struct vit_image *image, float *out, struct painter *painter,
                                struct peak *peak)
{
    const struct vit_parallel parallel = { paint_run, painter, 3 };
    const struct vit_preprocess_options in_tasks = { .size = sizeof in_tasks,
                                                     .parallel = &parallel };

    for (unsigned way = 0; way < 32; way++) {
        struct preparing p = { .config = { .size = sizeof p.config,
                                           .channels = way & 1 ? 3 : 1,
                                           .height = 224,
                                           .width = way & 2 ? 224 : 160,
                                           .interpolation = way & 4 ? VIT_INTERPOLATION_BICUBIC
                                                                    : VIT_INTERPOLATION_BILINEAR,
                                           .crop_mode = way & 8 ? VIT_CROP_MODE_CENTER
                                                                : VIT_CROP_MODE_SQUASH,
                                           .crop_pct = 0.9,
                                           .std = { 1.0f, 1.0f, 1.0f } },
                               .options = way & 16 ? &in_tasks : NULL,
                               .image = image,
                               .out = out };
        char what[64];
        snprintf(what, sizeof what, "format %d, way %u", (int)image->format, way);
        painter->what = what;
        paint_call(peak, STACK_OF_FILE, call_preprocess, &p, what);
        cr_assert(p.status == VIT_OK, "%s", what);
    }
}

Test(stack, preprocessing_needs_64_kib_and_its_tasks_16)
{
    static uint8_t pixels[300][400][4];
    float *const out = calloc((size_t)3 * 224 * 224, sizeof *out);
    struct painter painter = { .what = NULL };
    struct peak peak = { 0 };

    cr_assert(out);
    for (int format = VIT_PIXEL_FORMAT_RGB; format <= VIT_PIXEL_FORMAT_GRAY; format++) {
        const struct vit_image image = { &pixels[0][0][0], 300, 400, sizeof pixels[0], format };
        preprocess_each_way(&image, out, &painter, &peak);
    }
    free(out);
    cr_assert(peak.bytes > 0 && painter.peak.bytes > 0);
    paint_report(&peak, "vit_preprocess_image");
    paint_report(&painter.peak, "a task of vit_preprocess_image");
}
