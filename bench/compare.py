#!/usr/bin/python3
"""compare.py - interleaves two builds of the benchmarks: is the new one faster or slower?

Each round runs a benchmark in a process of the base and in a process of the new build, one right
after the other, in alternating order. The ratio of their times is taken within the round, so that
what the machine does over minutes cancels. The result is the median of the rounds' ratios with a
confidence interval; it prints "slower" or "faster" only if the interval excludes 1.
"""
import argparse
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time

# Counters of a benchmark in order of preference, and whether more is faster. Each is a median over
# the process's run, where Google Benchmark's own times are means.
SPEEDS = (("ms_per_image", False), ("GFLOP_per_s", True), ("ns_per_element", False),
          ("GB_per_s", True))

# Names that changed: base to new.
RENAMED = {"softmax_exp": "exp_sub_max"}

CONFIDENCE = 0.95


class Failed(Exception):
    """A benchmark that cannot run; the message is a sentence."""


def interval_rank(rounds, confidence=CONFIDENCE):
    """The largest k such that the k-th smallest and k-th largest of `rounds` values enclose the
    median of their distribution with the given confidence, or 0 if no k does (fewer than 6 rounds
    at 95 %). The number of values below the median is binomial (rounds, 1/2)."""
    tail, k = 0.0, 0
    while 2 * k < rounds:
        tail += math.comb(rounds, k) / 2**rounds
        if 1 - 2 * tail < confidence:
            break
        k += 1
    return k


def summarize(ratios):
    """Median, interval and verdict of the ratios new / base of times."""
    ordered = sorted(ratios)
    k = interval_rank(len(ordered))
    low, high = (ordered[k - 1], ordered[-k]) if k else (ordered[0], ordered[-1])
    verdict = "same"
    if k and low > 1:
        verdict = "slower"
    elif k and high < 1:
        verdict = "faster"
    elif not k:
        verdict = "unknown"
    return {"ratio": statistics.median(ordered), "low": low, "high": high, "verdict": verdict}


def speed_of(report):
    """(unit, value, seconds-like time) of the one benchmark in Google Benchmark's JSON."""
    runs = [b for b in report["benchmarks"] if b.get("run_type", "iteration") == "iteration"]
    if len(runs) != 1:
        raise Failed(f"expected one benchmark, found {len(runs)}")
    if runs[0].get("error_occurred"):
        raise Failed(runs[0]["error_message"])
    for unit, more_is_faster in SPEEDS:
        value = runs[0].get(unit)
        if isinstance(value, (int, float)) and math.isfinite(value) and value > 0:
            return unit, value, 1 / value if more_is_faster else value
    return "real_time", runs[0]["real_time"], runs[0]["real_time"]


def pair(base_names, new_names, renamed):
    """[(name in base, name in new)], names of the base alone, names of the new build alone."""
    def after(name):
        return "/".join(renamed.get(part, part) for part in name.split("/"))

    news = set(new_names)
    pairs = [(name, after(name)) for name in base_names if after(name) in news]
    paired = {new for _, new in pairs}
    return (pairs, [n for n in base_names if after(n) not in news],
            [n for n in new_names if n not in paired])


def threads_of(name):
    found = re.search(r"/threads:(\d+)", name)
    return int(found[1]) if found else 1


def selected(name, args):
    return (re.search(args.filter, name) is not None and
            (not args.isa or name.split("/")[0] == args.isa) and
            (not args.threads or threads_of(name) == args.threads))


class Build:
    """One of the two builds."""

    def __init__(self, program):
        self.program = program

    def run(self, options, cpus=None, checked=True):
        # A build whose benchmarks know VIT_BENCH_CHECK skips the comparison with scalar, which the
        # first round has made.
        environment = dict(os.environ, **({} if checked else {"VIT_BENCH_CHECK": "0"}))
        bind = (lambda: os.sched_setaffinity(0, cpus)) if cpus else None
        done = subprocess.run([self.program] + options, env=environment, preexec_fn=bind,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0 and not done.stdout.strip():
            raise Failed(f"{self.program}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def names(self):
        return self.run(["--benchmark_list_tests"]).split()

    def measure(self, name, seconds, cpus, checked):
        out = self.run([f"--benchmark_filter=^{re.escape(name)}$", "--benchmark_format=json",
                        f"--benchmark_min_time={seconds}"], cpus, checked)
        return json.loads(out)


def best_level(build):
    """The level that a build chooses on this machine, from the context of any report."""
    report = build.measure(build.names()[0], 0.001, None, True)
    return report["context"]["default_level"], report["context"]


def compare(base, new, names, args):
    """The result of one benchmark after args.rounds rounds."""
    cores = sorted(os.sched_getaffinity(0))
    count = min(threads_of(names[1]), len(cores))
    cpus = set(cores[-count:])  # the first core often serves interrupts
    ratios, values, unit = [], ([], []), None
    for r in range(args.rounds):
        times = [0.0, 0.0]
        for side in ((0, 1) if r % 2 == 0 else (1, 0)):
            time.sleep(args.pause)
            report = (base, new)[side].measure(names[side], args.min_time, cpus, r == 0)
            unit, value, times[side] = speed_of(report)
            values[side].append(value)
        ratios.append(times[1] / times[0])
    return {"name": names[1], "base_name": names[0], "unit": unit,
            "base": statistics.median(values[0]), "new": statistics.median(values[1]),
            **summarize(ratios), "ratios": ratios}


def line_of(result):
    return (f"{result['name']:<48} {result['base']:>10.4g} {result['new']:>10.4g} "
            f"{result['unit']:<14} {result['ratio']:.3f}  "
            f"{result['low']:.3f}-{result['high']:.3f}  "
            f"{'' if result['verdict'] == 'same' else result['verdict']}")


def parse(argv):
    parser = argparse.ArgumentParser(prog="compare.py", description=__doc__.split("\n\n")[0])
    parser.add_argument("base", help="the benchmarks of the base (build/bench/run there)")
    parser.add_argument("new", help="the benchmarks of the new build")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--filter", default="", help="regular expression of the names")
    parser.add_argument("--isa", help='instruction set, or "all" (default: what the CPU runs best)')
    parser.add_argument("--threads", type=int, help="only benchmarks of that many threads")
    parser.add_argument("--min-time", type=float, default=0.05, help="seconds of a process's run")
    parser.add_argument("--pause", type=float, default=0.05, help="seconds before each process")
    parser.add_argument("--fail-above", type=float, metavar="PERCENT",
                        help="exit with 1 if a benchmark is slower by more than PERCENT")
    parser.add_argument("--json", metavar="FILE", help="write every ratio there")
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error(f"--rounds: expected at least 1, found {args.rounds}")
    return args


def main(argv):
    args = parse(argv)
    base, new = Build(args.base), Build(args.new)
    level, context = best_level(new)
    args.isa = {None: level, "all": None}.get(args.isa, args.isa)
    pairs, gone, added = pair(base.names(), new.names(), RENAMED)
    pairs = [names for names in pairs if selected(names[1], args)]
    gone = [name for name in gone if selected(name, args)]
    added = [name for name in added if selected(name, args)]
    if not pairs:
        raise Failed("no benchmark of both builds has such a name")

    k = interval_rank(args.rounds)
    print(f"{len(pairs)} benchmarks, {args.rounds} rounds; ratio of times new/base: median, "
          f"{'95 % interval' if k else 'min-max (6 rounds give a 95 % interval)'}")
    print(f"{'':<48} {'base':>10} {'new':>10}")
    results, failures = [], []
    for names in pairs:
        try:
            results.append(compare(base, new, names, args))
            print(line_of(results[-1]), flush=True)
        except Failed as failed:
            failures.append({"name": names[1], "why": str(failed)})
            print(f"{names[1]:<48} failed: {failed}", flush=True)
    for names, where in ((gone, "base"), (added, "new build")):
        if names:
            print(f"only in the {where}: {' '.join(names)}")
    slower = [r for r in results if r["verdict"] == "slower"]
    print(f"{len(slower)} slower, {sum(r['verdict'] == 'faster' for r in results)} faster, "
          f"{sum(r['verdict'] == 'same' for r in results)} the same, {len(failures)} failed")
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump({"context": context | {"rounds": args.rounds, "confidence": CONFIDENCE},
                       "results": results, "failures": failures,
                       "only_in_base": gone, "only_in_new": added}, file, indent=1)
            file.write("\n")
    above = args.fail_above is not None and [r for r in slower
                                             if r["ratio"] > 1 + args.fail_above / 100]
    return 1 if failures or above else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failed_:
        sys.exit(f"compare.py: {failed_}")
