"""cache_misses.py PROGRAM [--all] [--update] - what one core's matmuls and attention read and write
beyond their last cache, as valgrind's cachegrind simulates it

Each case runs twice, with and without the operation, so that the difference is the operation's. The
last cache has the size that the library takes for L2. bench/cache_misses.json has the expected
bytes; more than 2 % above them is a failure. Prints a Markdown table.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor

EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache_misses.json")
MAX_GROWTH = 0.02
LINE = 64  # bytes
KIB = 1024
NO_LEVEL = 77  # the program's status where the machine lacks the level

Case = namedtuple("Case", "level l2 operation shape what")


def block(model, dim, heads, tokens=197):
    """The operations of an encoder block: what, operation, shape."""
    return [(f"{model} qkv", "matmul", (tokens, 3 * dim, dim)),
            (f"{model} proj", "matmul", (tokens, dim, dim)),
            (f"{model} fc1", "matmul", (tokens, 4 * dim, dim)),
            (f"{model} fc2", "matmul", (tokens, dim, 4 * dim)),
            (f"{model} attention", "attention", (tokens, heads, dim // heads))]


VIT_S, VIT_B = block("ViT-S", 384, 6), block("ViT-B", 768, 12)
TALL = [("ViT-S fc1, 8 images", "matmul", (1576, 1536, 384))]
LONG = [("ViT-B fc2, 8 images", "matmul", (1576, 768, 3072)),
        ("ViT-L fc2 at 336", "matmul", (577, 1024, 4096)),
        ("attention at 518", "attention", (1370, 2, 64)),
        ("attention at 1024", "attention", (4097, 1, 64))]


def cases(every):
    """The cases of CI; all of them if `every`. Scalar is slow: its small shapes suffice."""
    wanted = [("avx2", 512, VIT_S + VIT_B + TALL), ("scalar", 512, [VIT_S[1], VIT_S[4]])]
    if every:
        wanted += [("avx2", 512, LONG), ("scalar", 512, VIT_S + VIT_B + TALL)]
        for l2 in 1024, 2048:
            wanted += [("avx2", l2, VIT_S + VIT_B + TALL + LONG), ("scalar", l2, VIT_S)]
    found = [Case(level, l2 * KIB, operation, shape, what)
             for level, l2, operations in wanted for what, operation, shape in operations]
    return list(dict.fromkeys(found))


def multiply_adds(case):
    a, b, c = case.shape
    return a * b * c if case.operation == "matmul" else 2 * a * a * b * c


def least_bytes(case):
    """Operands read once, results written once."""
    a, b, c = case.shape
    return 4 * (a * c + b * c + a * b if case.operation == "matmul" else 4 * a * b * c)


def name(case):
    shape = "x".join(str(size) for size in case.shape)
    return f"{case.level}/{case.l2 // KIB}K/{case.operation}/{shape}"


def misses(output):
    """The bytes of data that cachegrind's file says the last cache missed."""
    events = re.search(r"^events: (.*)$", output, re.M).group(1).split()
    sums = re.search(r"^summary: (.*)$", output, re.M).group(1).replace(",", "").split()
    counts = dict(zip(events, map(int, sums)))
    return LINE * (counts["DLmr"] + counts["DLmw"])


def simulate(program, case, part):
    """None if the machine lacks the level."""
    with tempfile.TemporaryDirectory() as directory:
        out = os.path.join(directory, "out")
        command = ["valgrind", "-q", "--tool=cachegrind", "--cache-sim=yes",
                   "--I1=32768,8,64", "--D1=32768,8,64", f"--LL={case.l2},8,64",
                   f"--cachegrind-out-file={out}", program, case.level, str(case.l2),
                   case.operation, *map(str, case.shape), part]
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode == NO_LEVEL:
            return None
        if run.returncode != 0:
            sys.exit(f"{name(case)}: valgrind: status {run.returncode}\n{run.stderr}")
        with open(out, encoding="ascii") as file:
            return misses(file.read())


def measure(program, case):
    whole = simulate(program, case, "all")
    return None if whole is None else whole - simulate(program, case, "set-up")


def failures(found, expected):
    """A line for each case that has grown, and for each of CI's without a figure."""
    required = {name(case) for case in cases(False)}
    lines = []
    for key, count in found.items():
        if key not in expected:
            if key in required:
                lines.append(f"{key}: no expected figure; --update adds it")
        elif count > expected[key] * (1 + MAX_GROWTH):
            lines.append(f"{key}: expected {expected[key]} bytes that miss and at most "
                         f"{MAX_GROWTH:.0%} more, found {count}")
        elif count < expected[key] * (1 - MAX_GROWTH):
            print(f"{key}: {count} bytes miss, {count / expected[key] - 1:+.0%}; --update "
                  "makes that the limit", file=sys.stderr)
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--all", action="store_true", help="every case, not CI's alone")
    parser.add_argument("--update", action="store_true", help="write the expected figures")
    options = parser.parse_args()
    wanted = cases(options.all)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda case: measure(options.program, case), wanted))
    found = {name(c): count for c, count in zip(wanted, counts) if count is not None}
    print("| level | last cache | operation | shape | bytes that miss per multiply-add | "
          "least possible | ratio |\n| --- | ---: | --- | --- | ---: | ---: | ---: |")
    for case, count in zip(wanted, counts):
        if count is not None:
            shape = " × ".join(str(size) for size in case.shape)
            least = least_bytes(case)
            print(f"| {case.level} | {case.l2 // KIB} KiB | {case.what} | {shape} | "
                  f"{count / multiply_adds(case):.4f} | {least / multiply_adds(case):.4f} | "
                  f"{count / least:.2f} |")
    try:
        with open(EXPECTED, encoding="ascii") as file:
            expected = json.load(file)
    except FileNotFoundError:
        expected = {}
    if options.update:
        with open(EXPECTED, "w", encoding="ascii") as file:
            json.dump({**expected, **found}, file, indent=2, sort_keys=True)
            file.write("\n")
        return
    lines = failures(found, expected)
    print(f"{len(found)} of {len(wanted)} cases ran, {len(lines)} failed")
    if lines:
        sys.exit("\n".join(lines))


if __name__ == "__main__":
    main()
