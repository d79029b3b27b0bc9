/* session.h - one level: the libraries, and the measurements that requests ask for */
#ifndef VIT_BENCH_PEERS_SESSION_H
#define VIT_BENCH_PEERS_SESSION_H

#include <jansson.h>

#include "measure/peak.h"
#include "peers.h"

enum { MAX_ROUNDS = 999, QUIET = 0, BESIDE = 1, STATES = 2 };

struct session {
    struct machine machine;
    const struct peer *peers[PEERS]; /* NULL: missing, or not asked for */
    bool beside;                     /* there is a neighbor: every turn has both states */
};

/*
 * The jobs for one piece of work, indexed by peer (run is NULL if there is none), and their
 * results, in the order of the rounds.
 */
struct turns {
    struct job jobs[PEERS];
    size_t repeats[PEERS];
    double seconds[STATES][PEERS][MAX_ROUNDS]; /* of one run */
    double peak[STATES][MAX_ROUNDS];           /* operations per second */
    size_t rounds;
    const struct vit_matmul_kernel *kernel; /* whose multiply-adds the peak is; NULL: float32's */
    double processor_share; /* of libvit's turns: the share in which its first thread ran */
};

/* Prepares a piece of work with every peer that is present, supports it and is in the list. */
void turns_prepare(struct turns *turns, const struct session *session, enum group_bit group,
                   const struct work *work, const json_t *libraries);

/*
 * Rounds in which the peak and then each job is measured, quiet and then, with a neighbor, beside
 * it. With several threads, each turn begins when the threads of the one before have stopped
 * spinning.
 */
void turns_take(struct turns *turns, const struct session *session, size_t rounds, size_t threads);
void turns_close(struct turns *turns);

/* Longer than the idle threads of OpenMP, OpenBLAS and ONNX Runtime spin. */
void let_threads_sleep(void);

/* Numbers as an array, and what turns measured as an object. */
json_t *numbers(const double *values, size_t count);
json_t *turns_answer(const struct turns *turns, const struct session *session);

/* The answer to a request (bench/peers/tables.py); what is wrong with one ends the program. */
json_t *answer_kernel(const struct session *session, const json_t *request);
json_t *answer_forward(const struct session *session, const json_t *request);
json_t *answer_scaling(const struct session *session, const json_t *request);
json_t *answer_start(const struct session *session, const json_t *request);

/* A number, a text and the precision of a request; float32 if it names none. */
size_t request_size(const json_t *request, const char *name);
enum vit_precision request_precision(const json_t *request);
const char *request_text(const json_t *request, const char *name);
size_t request_rounds(const json_t *request);

#endif
