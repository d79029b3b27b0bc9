#!/usr/bin/python3
"""run.py - bench-peers: measures libvit beside other libraries, table by table, and judges

Every row is stored as soon as it is measured, in BUILD/bench-peers. A cut run goes on with
--resume: it takes the stored rows of the same program, CPU, level and settings, and measures the
others. Without --resume the chosen tables are measured anew. A part with another key (the programs,
which hold the library, and scripts; CPU; level; settings; versions of the libraries) is never used.
"""
import argparse
import datetime
import json
import os
import subprocess
import sys
import time

import judge
import report
import store
import tables

MINUTES = 45
SCRIPTS = ("pytorch.py", "onnxruntime.mjs", "make_model.py")


class Failed(Exception):
    """What ends the run; the message is a sentence."""


class Measurer:
    """A process of bench/peers/run, on one level, with the libraries of one table."""

    def __init__(self, args, level, without):
        command = [args.program, "--isa", level, "--build", args.build,
                   "--without", ",".join(without)]
        if args.neighbor:
            command += ["--neighbor", args.neighbor]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.facts = self.read()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"the measuring process ended with status {self.process.wait()}")
        return json.loads(line)

    def ask(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process.stdout.close()


def minutes(seconds):
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


class Clock:
    """The time that a level may take."""

    def __init__(self, limit):
        self.end = time.monotonic() + 60 * limit

    def has(self, seconds):
        return time.monotonic() + seconds <= self.end


def usable_libraries(facts, row):
    """Rows of a forward pass need models that Python writes."""
    return facts["models"] is True or row.request["kind"] not in ("forward", "scaling", "start")


def measure_table(args, level, table, part, clock):
    """Measures the rows that are not stored, while there is time. The facts of the machine come
    with the first."""
    todo = [r for r in table.rows if part.get(r) is None]
    if not todo or not clock.has(0):
        return
    with Measurer(args, level, table.without) as measurer:
        peak = measurer.facts["peak"]
        for row in todo:
            if not usable_libraries(measurer.facts, row):
                print(f"{row.case}: missing: its model needs Python: {measurer.facts['models']}")
            elif clock.has(row.seconds(peak, args.neighbor)):
                part.put(row, measurer.ask(row.request), measurer.facts)
            if args.progress:
                print(f"{row.case:60}", end="\r", file=sys.stderr, flush=True)


def open_parts(args, level, chosen, key):
    """The part of each table: with --resume its stored rows, else without any."""
    parts = {}
    for table in chosen:
        part = store.Part(args.store, level, table.name, key, args.neighbor)
        refused = part.load() if args.resume else part.remove()
        if refused:
            print(f"not used: {refused}; measured anew")
            part.remove()
        parts[table.name] = part
    return parts


def print_plan(level, chosen, parts, peak, beside):
    rows = sum(len(t.rows) for t in chosen)
    stored = sum(part.get(r) is not None for t in chosen for part in [parts[t.name]]
                 for r in t.rows)
    left = {t.name: sum(r.seconds(peak, beside) for r in t.rows if parts[t.name].get(r) is None)
            for t in chosen}
    print(f"\n{level}: {rows} rows, {stored} of them stored; about {minutes(sum(left.values()))}:",
          ", ".join(f"{name} {minutes(s)}" for name, s in left.items()), flush=True)


def answers_of(chosen, parts):
    found = {}
    for table in chosen:
        some = {r.case: parts[table.name].get(r) for r in table.rows}
        found[table.name] = {case: a for case, a in some.items() if a is not None}
    return found


def merged_facts(chosen, parts):
    """What all tables of a level have in common, with the libraries of all of them."""
    merged = None
    for table in chosen:
        facts = parts[table.name].facts
        if facts and merged is None:
            merged = json.loads(json.dumps(facts))
        elif facts:
            merged["libraries"].update(facts["libraries"])
            merged["unheld"] = sorted({*merged["unheld"], *facts["unheld"]})
            merged["missing"] = sorted({*merged["missing"], *facts["missing"]})
    return merged


def measure_level(args, level, chosen, key, facts):
    """Measures and prints one level's tables; returns its facts and answers."""
    parts = open_parts(args, level, chosen, key)
    clock = Clock(args.minutes)
    print_plan(level, chosen, parts, facts["peak"], args.neighbor)
    for table in chosen:
        measure_table(args, level, table, parts[table.name], clock)
        answers = answers_of([table], parts)[table.name]
        report.print_table(table, answers, report.rounds_text(table),
                           unlike=None if facts.get("held", True) else level)
        sys.stdout.flush()
    return merged_facts(chosen, parts), answers_of(chosen, parts)


def print_agreement(args, level, chosen, key, answers):
    """How far libvit over the best peer differs between this run and the runs stored elsewhere."""
    for table in chosen:
        runs = [answers[table.name]]
        for directory in args.agree.split(","):
            part = store.Part(directory, level, table.name, key, args.neighbor)
            refused = part.load()
            if refused:
                print(f"not compared: {refused}")
            runs.append(answers_of([table], {table.name: part})[table.name])
        text = report.agreement(table, runs)
        if text:
            print(text)


def print_summary(args, chosen, facts, answers):
    print()
    for line in report.machine_lines(facts):
        print(line)
    found = (judge.kept_verdicts(chosen, answers, args.neighbor, facts) if args.neighbor
             else judge.verdicts(chosen, answers, facts))
    for verdict in found:
        print(verdict.text())
    wanted = sum(len(t.rows) for t in chosen)
    there = sum(len(a) for a in answers.values())
    print(f"{there} of {wanted} rows measured" +
          ("" if there == wanted else "; the same command with --resume measures the others"))
    return there == wanted


def describe(args, level):
    """The facts of the machine and of all libraries."""
    with Measurer(args, level, ()) as measurer:
        return measurer.facts


def parse(argv):
    parser = argparse.ArgumentParser(prog="bench-peers", description=__doc__.split("\n\n")[1])
    parser.add_argument("--build", default="build")
    parser.add_argument("--isa", help="the level; by default every level but scalar")
    parser.add_argument("--only", help="tables: linear, heads, odd (matmul: these three), "
                                       "attention, rows, forward, scaling, start, int8, "
                                       "float16, forward_int8, scaling_int8 (lower: these four)")
    parser.add_argument("--rounds", type=int, help="in place of 15, and 5 for the slowest")
    parser.add_argument("--models", help="of the tables forward, scaling and start")
    parser.add_argument("--batch", type=int, choices=tables.BATCHES,
                        help="of the table forward; by default both")
    parser.add_argument("--neighbor", choices=("read", "write", "compute"),
                        help="measure quiet and beside it: linear layers and a forward pass")
    parser.add_argument("--resume", action="store_true", help="take the stored rows")
    parser.add_argument("--minutes", type=float, default=MINUTES,
                        help="start no row that would end later, on each level (45)")
    parser.add_argument("--store", help="where rows are stored; default BUILD/bench-peers")
    parser.add_argument("--agree", metavar="STORE,...",
                        help="compare with the runs that --store put there")
    parser.add_argument("--json", help="every median; default BUILD/bench-peers.json")
    args = parser.parse_args(argv)
    if args.rounds is not None and not 1 <= args.rounds <= 999:
        parser.error(f"--rounds: expected 1 to 999, found {args.rounds}")
    for name in args.models.split(",") if args.models else []:
        if name not in tables.MODELS:
            parser.error(f"--models: expected some of {', '.join(tables.MODELS)}, found {name}")
    args.program = os.path.join(args.build, "bench/peers/run")
    args.store = args.store or os.path.join(args.build, "bench-peers")
    name = f"bench-peers-{args.neighbor}.json" if args.neighbor else "bench-peers.json"
    args.json = args.json or os.path.join(args.build, name)
    args.progress = sys.stderr.isatty()
    return args


def programs(args):
    """All that runs when a row is measured. Two hold the library, so another build has others; the
    scripts run ONNX Runtime and PyTorch, and write the models."""
    here = os.path.dirname(os.path.abspath(__file__))
    found = {"program": args.program, "first": os.path.join(args.build, "bench/peers/first")}
    found |= {name: os.path.join(here, name) for name in SCRIPTS}
    return {name: store.digest(path) for name, path in found.items()}


def choose_levels(args):
    done = subprocess.run([args.program, "--levels"], capture_output=True, text=True, check=True)
    usable = json.loads(done.stdout)
    if args.isa and args.isa not in usable:
        raise Failed(f"--isa: expected one of {', '.join(usable)}, found {args.isa}")
    fast = [i for i in usable if i != "scalar"] or usable
    return usable[0], [args.isa] if args.isa else fast


def choose_tables(args, cpus):
    if args.neighbor:
        found = tables.beside_tables(args.rounds)
    else:
        found = tables.all_tables(cpus, args.rounds, args.models and args.models.split(","),
                                  args.batch and (args.batch,))
    try:
        return tables.select(found, args.only.split(",")) if args.only else found
    except KeyError as error:
        raise Failed(f"--only: expected some of {', '.join(t.name for t in found)}, "
                     f"found {error.args[0]}") from None


def context_of(facts, args):
    now = datetime.datetime.now(datetime.timezone.utc)
    return {k: facts[k] for k in ("cpu", "caches", "version", "commit", "compiler", "flags",
                                  "missing", "libraries")} | {
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "rounds": args.rounds or tables.ROUNDS}


def write_report(args, best, results):
    """The flat file of bench/results.py: the libraries of the first level, and every level's
    results."""
    root = {"context": context_of(results[0][1], args), "results": []}
    for level, facts, chosen, answers in results:
        root["context"][f"libraries_{level}"] = facts["libraries"]
        for table in chosen:
            root["results"] += report.flat_results(table, answers[table.name], facts, level == best)
    store.write_json(args.json, root)
    print(f"\n{args.json} has every median, {args.store} every round")


def main(argv):
    args = parse(argv)
    best, levels = choose_levels(args)
    neighbor, args.neighbor = args.neighbor, None  # alone at first
    facts = {level: describe(args, level) for level in levels}
    args.neighbor = neighbor
    cpus = facts[levels[0]]["cpus"]
    chosen = choose_tables(args, cpus)
    if args.neighbor and cpus < 2:
        wanted = len(levels) * sum(len(t.rows) for t in chosen)
        print(f"0 of {wanted} rows run: this process may use one processor, and {args.neighbor} "
              "needs another")
        return 0
    if cpus < 2:
        print("two threads are not measured: this process may use one processor")
    key = programs(args) | {"cpu": facts[levels[0]]["cpu"], "cpus": cpus}
    results = []
    for level in levels:
        own = {k: facts[level][k] for k in ("level", "settings", "libraries")}
        found, answers = measure_level(args, level, chosen, key | own, facts[level])
        print_summary(args, chosen, found or facts[level], answers)
        if args.agree:
            print_agreement(args, level, chosen, key | own, answers)
        if found:
            results.append((level, found, chosen, answers))
    if results:
        write_report(args, best, results)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as failed_:
        sys.exit(f"bench-peers: {failed_}")
    except KeyboardInterrupt:
        sys.exit("\nbench-peers: interrupted; the same command with --resume goes on")
