/* demo.c - classifies the held-out digits of models/digits and compares with PyTorch */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <vit/image.h>
#include <vit/inspect.h>
#include <vit/kernels.h>

#define DIRECTORY "models/digits"

enum { BATCH = 32, CLASSES = 10, PIXELS = 8 * 8, MAX_DIGITS = 4096, SHOWN = 3, BEST = 3 };

static struct digit {
    char path[256];
    size_t truth, pytorch, found[BEST]; /* classes */
    float probability[BEST];
} digits[MAX_DIGITS];

static struct vit_error err;

static void must(enum vit_status status)
{
    if (status) {
        fprintf(stderr, "demo: %s\n", err.message);
        exit(EXIT_FAILURE);
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* expected.txt: a comment, then lines "test/TRUTH/NAME.png CLASS" with PyTorch's CLASS. */
static size_t read_expected(void)
{
    FILE *const file = fopen(DIRECTORY "/expected.txt", "r");
    char line[256], name[128];
    size_t count = 0;

    while (file && count < MAX_DIGITS && fgets(line, sizeof line, file)) {
        struct digit *const d = &digits[count];
        if (sscanf(line, "%127s %zu", name, &d->pytorch) == 2 &&
            sscanf(name, "test/%zu/", &d->truth) == 1)
            count += snprintf(d->path, sizeof d->path, DIRECTORY "/%s", name) > 0;
    }
    if (file)
        fclose(file);
    return count;
}

static void classify(const struct vit_model *model, struct vit_context *context, size_t count)
{
    struct vit_preprocess_config config = { .size = sizeof config };
    float images[BATCH][PIXELS], logits[BATCH][CLASSES];
    size_t batch;

    must(vit_model_get_preprocess_config(model, &config, &err));
    for (size_t first = 0; first < count; first += batch) {
        batch = count - first < BATCH ? count - first : BATCH;
        for (size_t i = 0; i < batch; i++) {
            struct vit_image image;
            must(vit_image_decode_file(digits[first + i].path, NULL, &image, &err));
            must(vit_preprocess_image(&config, &image, NULL, images[i], &err));
            vit_image_free(&image);
        }
        must(vit_forward(context, batch, images[0], logits[0], &err));
        for (size_t i = 0; i < batch; i++)
            must(vit_top_k(model, BEST, logits[i], digits[first + i].found,
                           digits[first + i].probability, &err));
    }
}

/* The image as characters, and beside it the three most probable classes. */
static void show(const struct vit_model *model, const struct digit *d)
{
    static const char shades[] = " .:-=+*#%@";
    struct vit_image image;

    must(vit_image_decode_file(d->path, NULL, &image, &err));
    printf("%s\n", d->path);
    for (size_t y = 0; y < image.height; y++) {
        fputs("    ", stdout);
        for (size_t x = 0; x < 2 * image.width; x++) /* a character is half as wide as high */
            putchar(shades[image.pixels[y * image.stride + x / 2 * 3] * (sizeof shades - 1) / 256]);
        if (y >= 2 && y < 2 + BEST) {
            const char *const label = vit_model_label(model, d->found[y - 2]);
            printf("    %-6s %5.1f %%", label ? label : "?", 100 * (double)d->probability[y - 2]);
        }
        putchar('\n');
    }
    vit_image_free(&image);
}

int main(void)
{
    const struct vit_context_options options = { .size = sizeof options, .max_batch = BATCH };
    struct vit_model *model;
    struct vit_context *context;
    size_t correct = 0, pytorch = 0, same = 0;

    must(vit_model_open(DIRECTORY, NULL, &model, &err));
    must(vit_context_create(model, &options, &context, &err));
    struct vit_config config = { .size = sizeof config };
    must(vit_model_get_config(model, &config, &err));
    const size_t count = read_expected();
    if (count == 0 || config.classes != CLASSES ||
        config.channels * config.height * config.width != PIXELS) {
        fputs("demo: " DIRECTORY ": expected a model of ten digits and expected.txt\n", stderr);
        return EXIT_FAILURE;
    }
    const double begin = seconds();
    classify(model, context, count);
    const double rate = (double)count / (seconds() - begin);

    for (size_t i = 0; i < SHOWN; i++) /* spread over the ten digits */
        show(model, &digits[count * (2 * i + 1) / (2 * SHOWN)]);
    for (size_t i = 0; i < count; i++) {
        correct += digits[i].found[0] == digits[i].truth;
        pytorch += digits[i].pytorch == digits[i].truth;
        same += digits[i].found[0] == digits[i].pytorch;
    }
    printf("\n%zu of %zu correct (%.1f %%), PyTorch: %zu of %zu\n", correct, count,
           100.0 * (double)correct / (double)count, pytorch, count);
    printf("%zu of %zu predictions are PyTorch's\n%.0f images/s (%s, %zu threads)\n", same, count,
           rate, vit_model_kernels(model)->isa, vit_context_threads(context));
    vit_context_free(context);
    vit_model_free(model);
    return same == count && (double)correct >= 0.97 * (double)count ? EXIT_SUCCESS : EXIT_FAILURE;
}
