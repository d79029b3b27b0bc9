// shim.cc - Google Benchmark behind the C interface of shim.h
#include "shim.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <ctime>

namespace
{

// Of this thread alone: what else the machine does meanwhile is no part of a kernel's speed.
double seconds()
{
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// The best of a few short bursts, in operations per second.
double peak_rate(const bench &b)
{
    const size_t rounds = static_cast<size_t>(1e7 / b.peak_flops) + 1;
    double best = 0.0;
    for (int i = 0; i < 5; i++) {
        const double start = seconds();
        benchmark::DoNotOptimize(b.peak(rounds));
        best = std::max(best, static_cast<double>(rounds) * b.peak_flops / (seconds() - start));
    }
    return best;
}

void measure(benchmark::State &state, const bench &b)
{
    double peak = peak_rate(b);
    const double start = seconds();
    for (auto _ : state)
        b.run(b.arg);
    const double each = (seconds() - start) / static_cast<double>(state.iterations());
    peak = std::max(peak, peak_rate(b));

    if (b.flops > 0) {
        state.counters["GFLOP_per_s"] = b.flops / each * 1e-9;
        state.counters["peak_share"] = b.flops / each / peak;
    }
    if (b.elements > 0)
        state.counters["ns_per_element"] = each / b.elements * 1e9;
}

} // namespace

void bench_register(const bench *b)
{
    benchmark::RegisterBenchmark(b->name, [b = *b](benchmark::State &state) { measure(state, b); });
}

int bench_main(int argc, char **argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
