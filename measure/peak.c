/* peak.c - the multiply-add rate of the CPU with all operands in registers */
#include "measure/peak.h"

#include <stdbool.h>

#include "measure/clock.h"

/*
 * Long compared with the microseconds between the starts of the threads, short compared with the
 * forward passes between the bursts.
 */
static const double burst_seconds = 3e-3;

/* The best of a few bursts counts: a peak that is too low makes every share too high. */
enum { BURSTS = 4 };

struct peak peak_prepare(const struct vit_kernels *kernels, size_t threads)
{
    return peak_prepare_matmul(kernels, NULL, threads);
}

struct peak peak_prepare_matmul(const struct vit_kernels *kernels,
                                const struct vit_matmul_kernel *kernel, size_t threads)
{
    const bool own = kernel && kernel->peak;
    struct peak peak = { .run = own ? kernel->peak : kernels->fma_peak,
                         .operations = own ? kernel->peak_ops : kernels->fma_peak_flops,
                         .threads = threads,
                         .rounds = 64 };
    volatile float sink = peak.run(peak.rounds); /* wakes the vector units */
    double elapsed = 0;

    while (elapsed < burst_seconds) {
        peak.rounds *= 2;
        const double begin = thread_now();
        sink = peak.run(peak.rounds);
        elapsed = thread_now() - begin;
    }
    (void)sink;
    return peak;
}

static void burst(void *arg, size_t thread)
{
    const struct peak *const peak = arg;
    volatile float sink = peak->run(peak->rounds);

    (void)thread;
    (void)sink;
}

double peak_measure(struct peak *peak)
{
    const double operations =
        (double)peak->threads * (double)peak->rounds * (double)peak->operations;
    double (*const clock)(void) = peak->threads > 1 ? now : thread_now;
    double best = 0;

    for (int i = 0; i < BURSTS; i++) {
        const double begin = clock();
        if (peak->threads > 1) /* the threads of the forward pass, with their CPU binding */
            vit_parallel_openmp(NULL, peak->threads, burst, peak);
        else
            burst(peak, 0);
        const double rate = operations / (clock() - begin);
        best = rate > best ? rate : best;
    }
    return best;
}
