#!/usr/bin/python3
"""results.py - merges the results of `make bench` and `make bench-peers` into one flat list

Usage: results.py BENCH.json PEERS.json RESULTS.json|DIRECTORY/

In a directory the file is VERSION-CPU.json, such as 0.2.0-zen4.json.

The output has the context of both runs and, for every measurement, its run ("bench" or "peers"),
library, level (of libvit), group, case, threads, batch, and its values to four digits. Do not
compare times of different runs; compare their ratios to the peak of the same run.
"""
import json
import os
import re
import statistics
import sys

CONTEXT = {
    "bench": ("date", "cpu", "caches", "commit", "version", "compiler", "flags", "levels",
              "default_level", "threads", "OMP_PROC_BIND"),
    "peers": ("date", "cpu", "caches", "commit", "version", "compiler", "flags", "rounds",
              "libraries", "missing"),
}
COUNTERS = ("GFLOP_per_s", "peak_share", "GB_per_s", "bandwidth_share", "ns_per_element",
            "ms_per_image")
MAKE = {
    "bench": "make bench BENCH=--benchmark_out=%s",
    "peers": "make bench-peers, which writes %s",
}


class Unusable(Exception):
    """A file that is missing or malformed; the message names it."""


def read(path, run, what):
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        return report["context"], report[what]
    except FileNotFoundError:
        raise Unusable(f"{path}: no such file; make it with: {MAKE[run] % path}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{path}: expected a report of the benchmarks, found {error!r}; "
                       f"make it with: {MAKE[run] % path}") from None


def medians(benchmarks):
    """The name and counters of each benchmark: the medians of its repetitions."""
    runs, aggregates = {}, {}
    for b in benchmarks:
        if b.get("error_occurred"):
            raise Unusable(f"{b['name']}: failed: {b['error_message']}")
        if b["run_type"] == "iteration":
            runs.setdefault(b["run_name"], []).append(b)
        elif b["aggregate_name"] == "median":
            aggregates.setdefault(b["run_name"], []).append(b)
    for name, found in (runs or aggregates).items():
        yield name, {c: statistics.median(b[c] for b in found) for c in COUNTERS if c in found[0]}


def of_bench(benchmarks):
    """Results from names such as avx512/matmul/vit_b/qkv, avx2/gelu/in_cache and
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


def short_name(cpu):
    """"zen4" from "Zen 4 (AuthenticAMD, family 25, model 0x11, AMD EPYC)", as vit_cpu_name writes
    it; of a microarchitecture that it does not know: vendor, family and model."""
    name = cpu.split(" (")[0]
    if name.startswith("unknown"):
        name = " ".join(cpu.split("(", 1)[1].rstrip(")").split(", ")[:3])
    name = re.sub(r"\s+(?=\d)", "", name.lower().replace("+", "plus"))
    return re.sub(r"[^a-z0-9]+", "-", name).strip("-")


def history_name(context):
    """VERSION-CPU.json; both runs must be of that version and that CPU."""
    bench, peers = context["bench"], context["peers"]
    for fact in ("cpu", "version"):
        if bench.get(fact) != peers.get(fact):
            raise Unusable(f"{fact}: expected the same in both files, found {bench.get(fact)} and "
                           f"{peers.get(fact)}")
    return f"{bench['version']}-{short_name(bench['cpu'])}.json"


def merge(bench_path, peers_path):
    bench_context, benchmarks = read(bench_path, "bench", "benchmarks")
    peers_context, peers = read(peers_path, "peers", "results")
    results = list(of_bench(benchmarks)) + [{"run": "peers"} | r for r in peers]
    return {
        "context": {
            "bench": {k: bench_context[k] for k in CONTEXT["bench"] if k in bench_context},
            "peers": {k: v for k, v in peers_context.items()
                      if k in CONTEXT["peers"] or k.startswith("libraries_")},
        },
        "results": [rounded(r) for r in results],
    }


def write(merged, path):
    context = json.dumps(merged["context"], indent=1)
    lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in merged["results"])
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:  # one line each, for diff
        file.write(f'{{"context": {context},\n"results": [\n{lines}\n]}}\n')


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__.split("\n\n")[1])
    try:
        merged, path = merge(sys.argv[1], sys.argv[2]), sys.argv[3]
        if path.endswith("/"):
            path += history_name(merged["context"])
            print(path)
        write(merged, path)
    except Unusable as unusable:
        sys.exit(f"results.py: {unusable}")


if __name__ == "__main__":
    main()
