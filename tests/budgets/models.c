/* models.c - hostile files: what opening a model costs, for each byte of its distinct files */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/budgets/counters.h"
#include "tests/budgets/hostile.h"
#include "vit/vit.h"

/*
 *   models           each kind of file at two sizes, checked
 *   models SCALE     each kind SCALE times as large, printed with its seconds
 */
enum { MEMORY = 16, WORK = 4 }; /* bytes for each byte of the files: docs/correctness.md */

static size_t cases, wrong;

static void fault(const char *name, const char *what, double found, double most)
{
    printf("models: %s: %s: expected at most %.2f for each byte, found %.2f\n", name, what, most,
           found);
    wrong++;
}

/* Opens the model in the directory; 0 if it costs more than the promise. */
static struct costs measure(const char *directory, enum vit_status expected, double *seconds)
{
    struct vit_model *model = NULL;
    struct vit_error err = { 0 };
    const clock_t begin = clock();

    costs_start();
    const enum vit_status status = vit_model_open(directory, NULL, &model, &err);
    const struct costs costs = costs_stop();
    *seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    vit_model_free(model);
    if (status != expected) {
        printf("models: %s: expected %s, found %s: %s\n", directory, vit_status_name(expected),
               vit_status_name(status), err.message);
        wrong++;
    }
    return costs;
}

struct ratios {
    double read, unpacked, parsed, compared, memory;
};

/* One kind of file at one size. */
static struct ratios run(const struct hostile *kind, size_t size, bool print)
{
    char directory[] = "/tmp/vit-budget-XXXXXX";
    double seconds;

    if (!mkdtemp(directory)) {
        perror("models");
        exit(2);
    }
    const double bytes = (double)kind->make(directory, size);
    const struct costs c = measure(directory, kind->status, &seconds);
    const struct ratios r = { (double)c.read / bytes, (double)c.unpacked / bytes,
                              (double)c.parsed / bytes, (double)c.compared / bytes,
                              (double)c.memory / bytes };
    hostile_remove(directory);
    if (print)
        printf("%-22s %10.0f bytes: %5.2f s of CPU, %6.1f MB; read %.2f, unpacked %.2f, parsed "
               "%.2f, compared %.2f, memory %.2f for each byte\n",
               kind->name, bytes, seconds, (double)c.memory / 1e6, r.read, r.unpacked, r.parsed,
               r.compared, r.memory);
    return r;
}

/* The files are small: of the 64 MB, what a model of a few blocks takes. */
static void check(const struct hostile *kind, size_t size, const struct ratios *r)
{
    const struct {
        const char *what;
        double found, most;
    } limits[] = { { "bytes read", r->read, WORK },
                   { "bytes unpacked", r->unpacked, WORK },
                   { "bytes parsed", r->parsed, WORK },
                   { "bytes compared", r->compared, WORK },
                   { "memory", r->memory, MEMORY } };
    char name[80];

    snprintf(name, sizeof name, "%s, size %zu", kind->name, size);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].found > limits[i].most)
            fault(name, limits[i].what, limits[i].found, limits[i].most);
    cases++;
}

/* Work for each byte does not grow with the file: by a quarter at most, for n log n. */
static void compare(const struct hostile *kind, const struct ratios *small,
                    const struct ratios *large)
{
    const double before = small->read + small->unpacked + small->parsed + small->compared;
    const double after = large->read + large->unpacked + large->parsed + large->compared;

    if (after > 1.25 * before + 0.1)
        fault(kind->name, "work at four times the size", after, 1.25 * before + 0.1);
}

int main(int argc, char **argv)
{
    const size_t scale = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;

    for (const struct hostile *kind = hostiles; kind->name; kind++) {
        if (argc > 1) {
            run(kind, scale * kind->size, true);
            continue;
        }
        const struct ratios small = run(kind, kind->size, false);
        const struct ratios large = run(kind, 4 * kind->size, false);
        check(kind, kind->size, &small);
        check(kind, 4 * kind->size, &large);
        compare(kind, &small, &large);
    }
    if (argc == 1)
        printf("models: %zu cases, %zu faults\n", cases, wrong);
    return wrong > 0 || (argc == 1 && cases == 0);
}
