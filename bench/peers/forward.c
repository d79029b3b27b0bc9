/* forward.c - the group forward: whole forward passes on the same random weights */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "session.h"
#include "vit/inspect.h"

enum { CLASSES = 1000 };
static const size_t batches[] = { 1, 8 };
enum { BATCHES = sizeof batches / sizeof *batches };

/* Sums in another order differ in the last bits, over twelve to twenty-four blocks. */
static const double logits_tolerance = 1e-4;

/* Ends the program unless all results agree: only equal work can be compared. */
static void compare_logits(const struct turns *t, const struct work *work)
{
    const size_t count = work->batch * CLASSES;
    float *const own = allocate(count * sizeof *own), *const other = allocate(count * sizeof *own);

    t->jobs[0].logits(t->jobs[0].state, own);
    for (size_t p = 1; p < PEERS; p++) {
        if (!t->jobs[p].run)
            continue;
        t->jobs[p].logits(t->jobs[p].state, other);
        const double apart = difference(count, own, other);
        if (!(apart < logits_tolerance))
            fatal("%s: %s, batch %zu: expected logits within %g of libvit's largest, found %g",
                  all_peers[p]->name, work->model, work->batch, logits_tolerance, apart);
        printf("%-22s %s's logits are within %.1e of libvit's, relative to the largest\n", "",
               all_peers[p]->name, apart);
    }
    free(own);
    free(other);
}

/* Medians of libvit's seconds and of the peak, for the speed of two threads over one. */
struct medians {
    double seconds, peak;
};

static struct medians compare(const struct session *session, const struct work *work,
                              double operations)
{
    static struct turns turns;
    struct peak peak = peak_prepare(session->machine.kernels, work->threads);
    char label[64];
    const struct row row = { .group = DOES_FORWARD,
                             .name = work->model,
                             .label = label,
                             .threads = work->threads,
                             .batch = work->batch,
                             .operations = operations * (double)work->batch };

    snprintf(label, sizeof label, "batch %zu, %zu thread%s", work->batch, work->threads,
             work->threads == 1 ? "" : "s");
    turns_prepare(&turns, session, row.group, work);
    compare_logits(&turns, work);
    turns_take(&turns, session->rounds, work->threads, &peak);
    turns_close(&turns);
    report_row(session, &row, &turns);
    return (struct medians){ sorted_median(turns.seconds[0], turns.rounds),
                             sorted_median(turns.peak, turns.rounds) };
}

static double operations_of(const char *model)
{
    struct vit_config config = { .size = sizeof config };
    double flops;
    struct vit_error err;

    if (vit_config_from_name(model, &config, &err) != VIT_OK ||
        vit_config_flops(&config, &flops, &err) != VIT_OK)
        fatal("%s", err.message);
    return flops;
}

static void measure_model(const struct session *session, const char *model)
{
    const double operations = operations_of(model);

    models_make(&(struct work){ .kind = WORK_FORWARD, .model = model });
    report_header(
        DOES_FORWARD, model,
        "ms per image, libvit over each; libvit's share of the peak: median, best decile");
    for (size_t b = 0; b < BATCHES; b++) {
        struct medians m[2];
        for (size_t threads = 1; threads <= session->machine.cpu_count; threads++) {
            const struct work work = {
                .kind = WORK_FORWARD, .model = model, .batch = batches[b], .threads = threads
            };
            m[threads - 1] = compare(session, &work, operations);
        }
        if (session->machine.cpu_count > 1)
            printf("%-22s two threads over one: libvit %.2f, multiply-adds alone %.2f\n", "",
                   m[0].seconds / m[1].seconds, m[1].peak / m[0].peak);
    }
}

void measure_forward(struct session *session)
{
    if (session->machine.cpu_count < 2)
        printf("\ntwo threads are not measured: this process may use one processor\n");
    for (size_t i = 0; i < session->model_count; i++)
        measure_model(session, session->models[i]);
}
