#!/usr/bin/python3
"""results.py - what `make bench` and `make bench-peers` measured, as one flat list

Usage: results.py BENCH.json PEERS.json RESULTS.json

The context of both runs, and of every measurement the run it is from ("bench" or "peers"), the
library, libvit's level, group, case, threads, batch, and its numbers to four digits. Times of
different runs are not to be compared: their ratios to the peak of their run are.
"""
import json
import os
import statistics
import sys

CONTEXT = {
    "bench": ("date", "cpu", "commit", "version", "compiler", "flags", "levels", "default_level",
              "threads", "OMP_PROC_BIND"),
    "peers": ("date", "cpu", "commit", "compiler", "flags", "rounds", "libraries", "missing"),
}
COUNTERS = ("GFLOP_per_s", "peak_share", "GB_per_s", "bandwidth_share", "ns_per_element",
            "ms_per_image")
MAKE = {
    "bench": "make bench BENCH=--benchmark_out=%s",
    "peers": "make bench-peers, which writes %s",
}


class Unusable(Exception):
    """A file that is missing or is not what it should be; the message is a sentence."""


def read(path, run, what):
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        return report["context"], report[what]
    except FileNotFoundError:
        raise Unusable(f"{path} is missing; it comes from: {MAKE[run] % path}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{path} is not a report of the benchmarks ({error!r}); "
                       f"it comes from: {MAKE[run] % path}") from None


def medians(benchmarks):
    """Name and counters of each benchmark that ran; of its repetitions the medians."""
    runs, aggregates = {}, {}
    for b in benchmarks:
        if b.get("error_occurred"):
            raise Unusable(f"the benchmark {b['name']} failed: {b['error_message']}")
        if b["run_type"] == "iteration":
            runs.setdefault(b["run_name"], []).append(b)
        elif b["aggregate_name"] == "median":
            aggregates.setdefault(b["run_name"], []).append(b)
    for name, found in (runs or aggregates).items():
        yield name, {c: statistics.median(b[c] for b in found) for c in COUNTERS if c in found[0]}


def of_bench(benchmarks):
    """From names such as avx512/matmul/vit_b/qkv, avx2/gelu/in_cache and
    avx2/forward/vit_base_patch16_224/batch:8/threads:2."""
    for name, counters in medians(benchmarks):
        level, group, case = name.split("/", 2)
        result = {"run": "bench", "library": "libvit", "level": level, "group": group,
                  "case": case, "threads": 1, "batch": 1}
        if group == "forward":
            result["case"], batch, threads = case.split("/")
            result["batch"] = int(batch.removeprefix("batch:"))
            result["threads"] = int(threads.removeprefix("threads:"))
        elif "ns_per_element" in counters:
            result["group"], result["case"] = "rows", f"{group}/{case}"
        yield result | counters


def rounded(result):
    return {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in result.items()}


def merge(bench_path, peers_path):
    bench_context, benchmarks = read(bench_path, "bench", "benchmarks")
    peers_context, peers = read(peers_path, "peers", "results")
    results = list(of_bench(benchmarks)) + [{"run": "peers"} | r for r in peers]
    return {
        "context": {
            "bench": {k: bench_context[k] for k in CONTEXT["bench"] if k in bench_context},
            "peers": {k: peers_context[k] for k in CONTEXT["peers"] if k in peers_context},
        },
        "results": [rounded(r) for r in results],
    }


def write(merged, path):
    context = json.dumps(merged["context"], indent=1)
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in merged["results"])
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:  # a line each, for diff
        file.write(f'{{"context": {context},\n"results": [\n{lines}\n]}}\n')


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1])
    try:
        write(merge(sys.argv[1], sys.argv[2]), sys.argv[3])
    except Unusable as unusable:
        sys.exit(f"results.py: {unusable}")


if __name__ == "__main__":
    main()
