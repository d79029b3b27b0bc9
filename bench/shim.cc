// shim.cc - Google Benchmark behind the C interface of shim.h
#include "shim.h"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdlib>
#include <cstring>

static bool failed;
static bool csv;

// --benchmark_format=csv, --benchmark_out_format=csv, or either from the environment
static bool wants_csv(int argc, char **argv)
{
    for (const char *name : { "BENCHMARK_FORMAT", "BENCHMARK_OUT_FORMAT" }) {
        const char *const value = std::getenv(name);
        if (value && std::strcmp(value, "csv") == 0)
            return true;
    }
    for (int i = 1; i < argc; i++)
        if (std::strstr(argv[i], "format=csv"))
            return true;
    return false;
}

static benchmark::State &state(bench_run *run)
{
    return *reinterpret_cast<benchmark::State *>(run);
}

void bench_register(const char *name, void (*measure)(bench_run *run, void *arg), void *arg)
{
    benchmark::RegisterBenchmark(name, [measure, arg](benchmark::State &s) {
        measure(reinterpret_cast<bench_run *>(&s), arg);
    });
}

// Not more than requested: all repetitions must have the same number.
size_t bench_next(bench_run *run, size_t max)
{
    benchmark::State &s = state(run);
    const size_t left = static_cast<size_t>(s.max_iterations - s.iterations());
    const size_t count = std::max<size_t>(1, std::min(max, left));
    return s.KeepRunningBatch(static_cast<benchmark::IterationCount>(count)) ? count : 0;
}

void bench_pause(bench_run *run)
{
    state(run).PauseTiming();
}

void bench_resume(bench_run *run)
{
    state(run).ResumeTiming();
}

void bench_counter(bench_run *run, const char *name, double value)
{
    if (csv || !std::isnan(value))
        state(run).counters[name] = value;
}

void bench_fail(bench_run *run, const char *why)
{
    failed = true;
    state(run).SkipWithError(why);
}

void bench_context(const char *key, const char *value)
{
    benchmark::AddCustomContext(key, value);
}

int bench_main(int argc, char **argv)
{
    csv = wants_csv(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return failed ? 1 : 0;
}
