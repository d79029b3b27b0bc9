/* session.h - one run of the comparison on one level: who takes part, and what comes out */
#ifndef VIT_BENCH_PEERS_SESSION_H
#define VIT_BENCH_PEERS_SESSION_H

#include <jansson.h>

#include "measure/peak.h"
#include "peers.h"

enum { MOST_ROUNDS = 999, MOST_MODELS = 8 };

struct session {
    struct place place;
    const struct peer *peers[PEERS]; /* NULL: missing */
    const char *models[MOST_MODELS]; /* of the forward passes */
    size_t model_count;
    size_t rounds;
    json_t *results; /* an array */
    json_t *facts;   /* what threads alone can do, libraries, what is missing */
};

/* Jobs of the peers for one piece of work, each in its peer's place, run NULL where there is none;
   and what their turns gave. */
struct turns {
    struct job jobs[PEERS];
    size_t repeats[PEERS];
    double seconds[PEERS][MOST_ROUNDS]; /* of one run; sorted when all turns are taken */
    double peak[MOST_ROUNDS];           /* operations a second; likewise */
    size_t rounds;
    double processor_share; /* of libvit's turns, that its first thread was let run */
};

/* Prepares a piece of work with every peer that is there and can do it. */
void turns_prepare(struct turns *turns, const struct session *session, enum group_bit group,
                   const struct work *work);

/*
 * Rounds in which the peak and then each job is measured. With several threads, each turn begins
 * when the threads of the one before have stopped spinning.
 */
void turns_take(struct turns *turns, size_t rounds, size_t threads, struct peak *peak);
void turns_close(struct turns *turns);

double sorted_median(const double *sorted, size_t count);
double sorted_decile(const double *sorted, size_t count); /* a tenth is no greater */
void sort_numbers(double *numbers, size_t count);

/* One row of a table, and what it holds for the JSON file. */
struct row {
    enum group_bit group;
    const char *name;
    const char *label;     /* printed in place of the name; or NULL */
    size_t threads, batch; /* batch 0: no forward pass */
    double operations;     /* of one run; 0: its speed is not a matter of multiply-adds */
    double elements;       /* of one run; 0: no row operation */
};

/* Of the peers that do what this group of tables is about; unit is what their figures are. */
void report_header(enum group_bit group, const char *what, const char *unit);

/*
 * Prints every peer's figure: share of the peak in %, ns per element, or, of a forward pass,
 * milliseconds an image; and libvit's speed over the best peer's, which it returns.
 */
double report_row(const struct session *session, const struct row *row, const struct turns *turns);

/* The groups of measurements. */
void measure_matmul(struct session *session);
void measure_rows(struct session *session);
void measure_forward(struct session *session);
void measure_start(struct session *session);

#endif
