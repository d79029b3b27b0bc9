/* session.h - one run of the comparison on one level: the libraries, and their results */
#ifndef VIT_BENCH_PEERS_SESSION_H
#define VIT_BENCH_PEERS_SESSION_H

#include <jansson.h>

#include "measure/peak.h"
#include "peers.h"

enum { MAX_ROUNDS = 999, MAX_MODELS = 8 };

struct session {
    struct machine machine;
    const struct peer *peers[PEERS]; /* NULL: missing */
    const char *models[MAX_MODELS];  /* of the forward passes */
    size_t model_count;
    size_t rounds;
    json_t *results; /* an array */
    json_t *facts;   /* thread scaling of the peak, libraries, missing libraries */
};

/*
 * The jobs for one piece of work, indexed by peer (run is NULL if there is none), and their
 * results.
 */
struct turns {
    struct job jobs[PEERS];
    size_t repeats[PEERS];
    double seconds[PEERS][MAX_ROUNDS]; /* of one run; sorted after the last turn */
    double peak[MAX_ROUNDS];           /* operations per second; sorted after the last turn */
    size_t rounds;
    double processor_share; /* of libvit's turns: the share in which its first thread ran */
};

/* Prepares a piece of work with every peer that is present and supports it. */
void turns_prepare(struct turns *turns, const struct session *session, enum group_bit group,
                   const struct work *work);

/*
 * Rounds in which the peak and then each job is measured. With several threads, each turn begins
 * when the threads of the one before have stopped spinning.
 */
void turns_take(struct turns *turns, size_t rounds, size_t threads, struct peak *peak);
void turns_close(struct turns *turns);

double sorted_median(const double *sorted, size_t count);
double sorted_decile(const double *sorted, size_t count); /* the smallest tenth ends here */
void sort_numbers(double *numbers, size_t count);

/* One row of a table, and its values for the JSON file. */
struct row {
    enum group_bit group;
    const char *name;
    const char *label;     /* printed instead of the name; or NULL */
    size_t threads, batch; /* batch 0: no forward pass */
    double operations;     /* of one run; 0: multiply-adds do not limit its speed */
    double elements;       /* of one run; 0: no row operation */
};

/* Prints the header: the peers of this group, and the unit of their figures. */
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
