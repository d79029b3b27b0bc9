/* shim.h - Google Benchmark, which is C++, as C sees it */
#ifndef VIT_BENCH_SHIM_H
#define VIT_BENCH_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Google Benchmark's State: one run of a benchmark, of as many iterations as it decides. */
struct bench_run;

/* Registers a benchmark; the name is copied. Only when its turn comes is `measure` called. */
void bench_register(const char *name, void (*measure)(struct bench_run *run, void *arg), void *arg);

/*
 * How many iterations to do now, at most `most`; 0 when there have been enough. Google Benchmark's
 * clock runs from the first call to the one that says 0, save between pause and resume.
 */
size_t bench_next(struct bench_run *run, size_t most);
void bench_pause(struct bench_run *run);
void bench_resume(struct bench_run *run);

/*
 * A number of this run's line in the report; a NaN does not apply to it and is left out, save from
 * CSV, where the first line's names make the header and no later line may have another.
 */
void bench_counter(struct bench_run *run, const char *name, double value);

/* Reports an error in place of a result, and makes bench_main fail; the run must then end. */
void bench_fail(struct bench_run *run, const char *why);

/* A line of the report's context. */
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
