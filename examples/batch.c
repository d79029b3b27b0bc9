/* batch.c - image files through a classifier in one forward pass: batch MODEL IMAGE... */
#include <stdio.h>
#include <stdlib.h>
#include <vit/image.h>
#include <vit/vit.h>

static struct vit_error err;

static void must(enum vit_status status)
{
    if (status != VIT_OK) {
        fprintf(stderr, "batch: %s: %s\n", vit_status_name(status), err.message);
        exit(EXIT_FAILURE);
    }
}

static float *allocate(size_t count)
{
    float *floats = calloc(count, sizeof *floats);

    if (!floats) {
        fputs("batch: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return floats;
}

/* An image file as a model's input. */
static void load(const struct vit_preprocess_config *config, const char *path, float *input)
{
    /* a server limits what a client may send; some families turn photos as their EXIF says */
    const struct vit_decode_options limits = { .size = sizeof limits,
                                               .max_bytes = 10 << 20,
                                               .max_pixels = 50 << 20,
                                               .exif_orientation = config->exif_orientation };
    struct vit_image image;

    must(vit_image_decode_file(path, &limits, &image, &err));
    must(vit_preprocess_image(config, &image, NULL, input, &err));
    vit_image_free(&image);
}

int main(int argc, char **argv)
{
    struct vit_config config = { .size = sizeof config };
    struct vit_preprocess_config preprocess = { .size = sizeof preprocess };
    struct vit_context_options options = { .size = sizeof options };
    struct vit_model *model;
    struct vit_context *context;

    if (argc < 3) {
        fputs("usage: batch MODEL IMAGE...\n", stderr);
        return EXIT_FAILURE;
    }
    const size_t batch = (size_t)argc - 2;
    must(vit_model_open(argv[1], NULL, &model, &err));
    must(vit_model_get_config(model, &config, &err));
    must(vit_model_get_preprocess_config(model, &preprocess, &err));
    options.max_batch = batch;
    must(vit_context_create(model, &options, &context, &err));

    const size_t image_floats = config.channels * config.height * config.width;
    float *images = allocate(batch * image_floats);
    float *logits = allocate(batch * config.classes);
    for (size_t i = 0; i < batch; i++)
        load(&preprocess, argv[2 + i], images + i * image_floats);
    must(vit_forward(context, batch, images, logits, &err));

    for (size_t i = 0; i < batch; i++) {
        const float *row = logits + i * config.classes;
        size_t best = 0;
        for (size_t c = 1; c < config.classes; c++)
            best = row[c] > row[best] ? c : best;
        const char *label = vit_model_label(model, best);
        printf("%s: %s\n", argv[2 + i], label ? label : "no label");
    }
    free(logits);
    free(images);
    vit_context_free(context);
    vit_model_free(model);
    return EXIT_SUCCESS;
}
