/* embed.c - libvit in your own program, in C or C++: classify an image that is in memory */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <vit/vit.h>

/* Your image can come from anywhere; this one is a drawing. */
static const char *const drawing[8] = { "  ####  ", "  #  ## ", "      # ", "    ### ",
                                        "     ## ", "      # ", "  #  ## ", "   ###  " };

int main(void)
{
    /* zero, which means the defaults, except for the size of each struct */
    static struct vit_context_options options;
    static struct vit_config config;
    static struct vit_preprocess_config preprocess;
    struct vit_error err = { VIT_ENOMEM, "out of memory" };
    struct vit_model *model = NULL;
    struct vit_context *context = NULL;
    float *input = NULL, *logits = NULL;
    size_t best = 0;
    int status = EXIT_FAILURE;

    uint8_t gray[8][8];
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++)
            gray[y][x] = drawing[y][x] == '#' ? 255 : 0;
    const struct vit_image image = { gray[0], 8, 8, sizeof gray[0], VIT_PIXEL_FORMAT_GRAY };

    if (vit_model_open("models/digits", NULL, &model, &err) != VIT_OK)
        goto failed;
    options.size = sizeof options;
    options.threads = 1;
    if (vit_context_create(model, &options, &context, &err) != VIT_OK)
        goto failed;

    config.size = sizeof config;
    preprocess.size = sizeof preprocess;
    vit_model_get_config(model, &config, &err);
    vit_model_get_preprocess_config(model, &preprocess, &err);
    input = (float *)malloc(config.channels * config.height * config.width * sizeof *input);
    logits = (float *)malloc(config.classes * sizeof *logits);
    if (!input || !logits ||
        vit_preprocess_image(&preprocess, &image, NULL, input, &err) != VIT_OK ||
        vit_forward(context, 1, input, logits, &err) != VIT_OK)
        goto failed;

    for (size_t i = 1; i < config.classes; i++)
        best = logits[i] > logits[best] ? i : best;
    printf("%s\n", vit_model_label(model, best));
    status = EXIT_SUCCESS;

failed:
    if (status != EXIT_SUCCESS)
        fprintf(stderr, "embed: %s\n", err.message);
    free(input);
    free(logits);
    vit_context_free(context);
    vit_model_free(model);
    return status;
}
