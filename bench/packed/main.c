/* main.c - the time to open a model, from its checkpoint and from a file of packed weights */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure/clock.h"
#include "vit/inspect.h"
#include "vit/kernels.h"

/*
 *   run MODEL [ROUNDS]   in each precision: medians of interleaved rounds (9), and their ratio
 */
enum { MAX_ROUNDS = 99 };

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *seconds, size_t count)
{
    qsort(seconds, count, sizeof *seconds, compare);
    return seconds[count / 2];
}

static struct vit_model *open_model(const char *directory, const struct vit_model_options *options)
{
    struct vit_model *model;
    struct vit_error err;

    if (vit_model_open(directory, options, &model, &err)) {
        fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
    return model;
}

/* What it takes to open the model, without freeing it. */
static double seconds_to_open(const char *directory, const struct vit_model_options *options)
{
    const double begin = now();
    struct vit_model *const model = open_model(directory, options);
    const double seconds = now() - begin;

    vit_model_free(model);
    return seconds;
}

static void measure(const char *directory, enum vit_precision precision, size_t rounds)
{
    struct vit_model_options unpacked = { .size = sizeof unpacked, .precision = precision };
    struct vit_model_options packed = unpacked;
    char path[] = "/tmp/vit-packed-XXXXXX";
    double of_unpacked[MAX_ROUNDS], of_packed[MAX_ROUNDS];
    struct vit_error err;
    const int fd = mkstemp(path);
    struct vit_model *const model = open_model(directory, &unpacked);

    if (fd < 0 || vit_model_save_packed(model, path, &err)) {
        fprintf(stderr, "%s: cannot be written\n", path);
        exit(1);
    }
    close(fd);
    vit_model_free(model);
    packed.packed = path;
    for (size_t i = 0; i < rounds; i++) {
        of_unpacked[i] = seconds_to_open(directory, &unpacked);
        of_packed[i] = seconds_to_open(directory, &packed);
    }
    unlink(path);
    const double a = median(of_unpacked, rounds), b = median(of_packed, rounds);
    printf("%-8s  checkpoint %9.3f ms  packed %7.3f ms  ratio %.0f\n",
           vit_value_name("precision", (int)precision), 1e3 * a, 1e3 * b, a / b);
}

int main(int argc, char **argv)
{
    const size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 9;
    char cpu[256];

    if (argc < 2 || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "expected MODEL, and 1 to %d rounds\n", MAX_ROUNDS);
        return 2;
    }
    vit_cpu_name(cpu, sizeof cpu);
    printf("%s: %s, files in the page cache, median of %zu rounds\n", cpu, argv[1], rounds);
    for (int p = 0; vit_value_name("precision", p); p++)
        measure(argv[1], (enum vit_precision)p, rounds);
    return 0;
}
