"""coverage.py BUILD - what the fuzzers reach of each file, and whether it is enough

BUILD holds profile/*.profraw, which the fuzzers in tests/fuzz of it wrote. The script prints the
lines and the regions of each file that they ran, and exits with 1 if a file that reads untrusted
bytes is below its floor.
"""
import glob
import json
import os
import subprocess
import sys

# Percent of the lines of each file whose name begins so; the seeds alone reach it. Files with
# nothing but a table are not counted.
FLOORS = [
    ("lib/files/", 65),
    ("lib/checkpoint/", 60),
    ("lib/config/", 50),
    ("image/decode", 50),
    ("image/orientation", 50),
    ("tools/", 50),
    ("server/infer_", 60),
    ("server/inflate", 50),
]
TABLES = "lib/checkpoint/tensor_names_"
SHOWN = ("lib/files/", "lib/checkpoint/", "lib/config/", "lib/model/", "image/", "tools/", "server/")


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"coverage.py: {' '.join(command)}:\n{done.stderr}")
    return done.stdout


def floor_of(name):
    return max((floor for prefix, floor in FLOORS if name.startswith(prefix)), default=0)


def summaries(build):
    """By file: its summary as llvm-cov has it."""
    merged = f"{build}/profile/all.profdata"
    output("llvm-profdata", "merge", "-o", merged, *sorted(glob.glob(f"{build}/profile/*.profraw")))
    programs = [p for p in sorted(glob.glob(f"{build}/tests/fuzz/fuzz_*"))
                if os.access(p, os.X_OK) and "." not in os.path.basename(p)]
    arguments = [programs[0]] + [f"-object={p}" for p in programs[1:]]
    report = json.loads(output("llvm-cov", "export", "-summary-only", f"-instr-profile={merged}",
                               *arguments))
    root = os.getcwd() + "/"
    return {f["filename"].removeprefix(root): f["summary"] for f in report["data"][0]["files"]}


def main():
    found = summaries(sys.argv[1])
    low = []
    print(f"{'file':45} {'lines':>6} {'run':>7} {'regions':>8}")
    for name, summary in sorted(found.items()):
        lines, regions = summary["lines"], summary["regions"]
        if not name.endswith(".c") or not name.startswith(SHOWN):
            continue
        print(f"{name:45} {lines['count']:6} {lines['percent']:5.1f} % {regions['percent']:6.1f} %")
        if lines["percent"] < floor_of(name):
            low.append(f"{name}: expected at least {floor_of(name)} % of its lines, found "
                       f"{lines['percent']:.1f} %")
    sources = [p for d in ("lib/files", "lib/checkpoint", "lib/config", "image", "tools")
               for p in sorted(glob.glob(f"{d}/*.c"))]
    low += [f"{p}: expected to be part of a fuzzer, found in none" for p in sources
            if floor_of(p) and p not in found and not p.startswith(TABLES)]
    if low:
        sys.exit("\n".join(low))


if __name__ == "__main__":
    main()
