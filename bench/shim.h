/* shim.h - a C interface to Google Benchmark, which is C++ */
#ifndef VIT_BENCH_SHIM_H
#define VIT_BENCH_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Google Benchmark's State: one run of a benchmark; it decides the number of iterations. */
struct bench_run;

/* Registers a benchmark and copies its name. `measure` is called when the benchmark runs. */
void bench_register(const char *name, void (*measure)(struct bench_run *run, void *arg), void *arg);

/*
 * The number of iterations to run now, at most `most`; 0: enough. Google Benchmark's clock runs
 * from the first call to the one that returns 0, except between pause and resume.
 */
size_t bench_next(struct bench_run *run, size_t max);
void bench_pause(struct bench_run *run);
void bench_resume(struct bench_run *run);

/*
 * Sets a number of this run in the report. NaN does not apply and is left out, except in CSV, where
 * every line needs the columns of the first.
 */
void bench_counter(struct bench_run *run, const char *name, double value);

/* Reports an error instead of a result and makes bench_main fail; the run must end then. */
void bench_fail(struct bench_run *run, const char *why);

/* Adds a line to the context of the report. */
void bench_context(const char *key, const char *value);

/*
 * Runs what was registered, under Google Benchmark's own command line. Returns the exit status: 1
 * if a benchmark failed, 2 for an argument it does not know.
 */
int bench_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
