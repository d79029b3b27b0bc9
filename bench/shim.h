/* shim.h - Google Benchmark, which is C++, as C sees it */
#ifndef VIT_BENCH_SHIM_H
#define VIT_BENCH_SHIM_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench {
    const char *name;       /* copied */
    void (*run)(void *arg); /* what is timed, once an iteration */
    void *arg;
    double flops;    /* of one iteration; 0: not a matter of multiply-adds */
    double elements; /* of one iteration; 0: not a row operation */
    /* the yardstick: `rounds` rounds of independent multiply-adds, peak_flops operations each */
    float (*peak)(size_t rounds);
    double peak_flops;
};

/*
 * Registers a benchmark, whose counters are GFLOP_per_s and peak_share (of the multiply-add peak
 * measured just before and just after, in the same run), or ns_per_element.
 */
void bench_register(const struct bench *bench);

/* Runs what was registered, under Google Benchmark's own command line. */
int bench_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
