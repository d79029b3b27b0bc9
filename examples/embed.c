/* embed.c - the library in a program of your own: classify one picture that is in memory */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vit/vit.h>

/* A picture from wherever yours come from; this one is drawn by hand. */
static const char *const drawing[8] = { "  ####  ", "  #  ## ", "      # ", "    ### ",
                                        "     ## ", "      # ", "  #  ## ", "   ###  " };

int main(void)
{
    struct vit_error err = { VIT_ENOMEM, "no memory" };
    struct vit_model *model = NULL;
    struct vit_context *context = NULL;
    uint8_t rgb[8][8][3];
    const struct vit_image image = { &rgb[0][0][0], 8, 8, sizeof rgb[0], VIT_PIXEL_FORMAT_RGB };
    float *input = NULL, *logits = NULL;
    int status = EXIT_FAILURE;

    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++)
            memset(rgb[y][x], drawing[y][x] == '#' ? 255 : 0, 3);

    if (vit_model_open("models/digits", NULL, &model, &err) != VIT_OK)
        goto failed;
    const struct vit_context_options options = { .size = sizeof options, .threads = 1 };
    if (vit_context_create(model, &options, &context, &err) != VIT_OK)
        goto failed;

    struct vit_config c = { .size = sizeof c };
    struct vit_preprocess_config preprocess = { .size = sizeof preprocess };
    vit_model_get_config(model, &c, &err);
    vit_model_get_preprocess_config(model, &preprocess, &err);
    input = malloc(c.channels * c.height * c.width * sizeof *input);
    logits = malloc(c.classes * sizeof *logits);
    if (!input || !logits ||
        vit_preprocess_image(&preprocess, &image, NULL, input, &err) != VIT_OK ||
        vit_forward(context, 1, input, logits, &err) != VIT_OK)
        goto failed;

    size_t best = 0;
    for (size_t i = 1; i < c.classes; i++)
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
