/* report.c - prints the rows of tables, and adds them to the JSON file */
#include <math.h>
#include <stdio.h>

#include "session.h"

/*
 * If the thread had less of a processor than this, the row prints the share: times are real time.
 */
static const double min_share = 0.97;

void report_header(enum group_bit group, const char *what, const char *unit)
{
    printf("\n%-22s", what);
    for (size_t p = 0; p < PEERS; p++)
        if (all_peers[p]->does & group)
            printf(" %12s", all_peers[p]->name);
    printf("   %s\n", unit);
}

static const char *group_name(enum group_bit group)
{
    return group == DOES_MATMUL ? "matmul" : group == DOES_ROWS ? "rows" : "forward";
}

static double best_peak(const struct turns *t)
{
    return t->peak[t->rounds - 1 - t->rounds / 10];
}

/* A result without a level has the machine's best level: the schema that the plots read. */
static json_t *result(const struct session *session, const struct row *row, const struct turns *t,
                      size_t p)
{
    const double median = sorted_median(t->seconds[p], t->rounds);
    const double decile = sorted_decile(t->seconds[p], t->rounds);
    json_t *const o =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:f, s:f}", "group", group_name(row->group), "case",
                  row->name, "library", all_peers[p]->name, "threads", (json_int_t)row->threads,
                  "batch", (json_int_t)(row->batch ? row->batch : 1), "seconds_median", median,
                  "seconds_best_decile", decile);

    if (p == 0 || !session->machine.best)
        json_object_set_new(o, "level", json_string(session->machine.kernels->isa));
    if (p == 0)
        json_object_set_new(o, "processor_share", json_real(t->processor_share));
    if (row->operations > 0) {
        const double peak = sorted_median(t->peak, t->rounds);
        json_object_set_new(o, "peak_share_median", json_real(row->operations / median / peak));
        json_object_set_new(o, "peak_share_best_decile",
                            json_real(row->operations / decile / best_peak(t)));
        json_object_set_new(o, "peak_gflops", json_real(1e-9 * peak));
    }
    if (row->elements > 0)
        json_object_set_new(o, "ns_per_element", json_real(1e9 * median / row->elements));
    return o;
}

static void print_figure(const struct row *row, const struct turns *t, size_t p)
{
    const double median = sorted_median(t->seconds[p], t->rounds);

    if (row->elements > 0)
        printf(" %12.3f", 1e9 * median / row->elements);
    else if (row->batch > 0 && p == 0)
        printf(" %12.1f", 1e3 * median / (double)row->batch);
    else if (row->batch > 0)
        printf(" %6.1f %4.2fx", 1e3 * median / (double)row->batch,
               median / sorted_median(t->seconds[0], t->rounds));
    else
        printf(" %11.1f%%", 100 * row->operations / median / sorted_median(t->peak, t->rounds));
}

double report_row(const struct session *session, const struct row *row, const struct turns *t)
{
    const double own = sorted_median(t->seconds[0], t->rounds);
    double best = INFINITY;

    printf("%-22s", row->label ? row->label : row->name);
    for (size_t p = 0; p < PEERS; p++) {
        if (!(all_peers[p]->does & row->group))
            continue;
        if (!t->jobs[p].run) {
            printf(" %12s", session->peers[p] ? "-" : "missing");
            continue;
        }
        const double median = sorted_median(t->seconds[p], t->rounds);
        print_figure(row, t, p);
        if (p > 0 && median < best)
            best = median;
        json_array_append_new(session->results, result(session, row, t, p));
    }
    if (row->operations > 0 && row->batch > 0)
        printf("   %5.1f%%", 100 * row->operations / own / sorted_median(t->peak, t->rounds));
    if (row->operations > 0)
        printf("   %5.1f%%",
               100 * row->operations / sorted_decile(t->seconds[0], t->rounds) / best_peak(t));
    if (isfinite(best) && row->batch == 0)
        printf("   %.2fx", best / own);
    if (t->processor_share < min_share)
        printf("   other programs had the processor for %.0f%%", 100 * (1 - t->processor_share));
    putchar('\n');
    fflush(stdout);
    return best / own;
}
