/* time_to_first.c - opens a model and prints when its first logits are ready */
#include <stdio.h>
#include <stdlib.h>

#include "measure/clock.h"
#include "peers.h"
#include "vit/vit.h"

/* The peak resident set of this program. getrusage would include its parent's, from before exec. */
static long peak_bytes(void)
{
    FILE *const file = fopen("/proc/self/status", "r");
    char line[256];
    long kilobytes = 0;

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld kB", &kilobytes) == 1)
            break;
    if (!file || kilobytes == 0)
        fatal("/proc/self/status: expected a line of VmHWM, found none");
    fclose(file);
    return 1024 * kilobytes;
}

int main(int argc, char **argv)
{
    struct vit_model_options model_options = { .size = sizeof model_options };
    const struct vit_context_options options = { .size = sizeof options, .threads = 1 };
    struct vit_model *model;
    struct vit_context *context;
    struct vit_error err;
    double seconds = 0;

    if (argc != 3)
        fatal("expected a checkpoint directory and a level, found %d arguments", argc - 1);
    model_options.isa = argv[2];
    if (vit_model_open(argv[1], &model_options, &model, &err) != VIT_OK ||
        vit_context_create(model, &options, &context, &err) != VIT_OK)
        fatal("%s", err.message);
    struct vit_config c = { .size = sizeof c };
    vit_model_get_config(model, &c, NULL);
    float *const images = new_floats(c.channels * c.height * c.width);
    float *const logits = allocate(c.classes * sizeof *logits);

    for (int i = 0; i < 3; i++) {
        const double begin = now();
        if (vit_forward(context, 1, images, logits, &err) != VIT_OK)
            fatal("%s", err.message);
        seconds = now() - begin;
        if (i == 0)
            printf("first logits %g\n", (double)logits[0]);
        fflush(stdout);
    }
    printf("%.9f %ld\n", seconds, peak_bytes());
    return 0;
}
