"""mca.py DIRECTORY - the speed of the matmuls' inner loops on other CPUs, as llvm-mca predicts it

DIRECTORY holds gcc-x86_64, clang-x86_64, gcc-aarch64 and clang-aarch64, each with kernels/. The
script finds the loop of the full tile in its functions: straight code that ends in a jump to its
start and has the multiply-adds of K_STEPS steps of k. If a compiler made several copies, the
slowest counts. It prints a Markdown table, and exits with 1 if NEON is below 90 % of the limit of a
Neoverse N1 or V1.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
from collections import namedtuple

MIN_SHARE = 0.9

# A multiply-add as the disassembler prints it, one as the assembler reads it, and the number of
# independent accumulators that the registers hold.
Level = namedtuple("Level", "name arch lanes found written accumulators")
NEON = Level("neon", "aarch64", 4, r"fmla", "fmla v{}.4s, v30.4s, v31.s[0]", 24)
AVX2 = Level("avx2", "x86_64", 8, r"vfmadd\w+ps\b.*%ymm", "vfmadd231ps %ymm14, %ymm15, %ymm{}", 12)
AVX512 = Level("avx512", "x86_64", 16, r"vfmadd\w+ps\b.*%zmm",
               "vfmadd231ps %zmm30, %zmm31, %zmm{}", 24)

# Multiply-adds of a whole vector that a core starts per cycle, and the source of that number.
Core = namedtuple("Core", "level name cpu limit source required", defaults=[False])
CORES = [
    Core(NEON, "Neoverse N1", "neoverse-n1", 2, "Arm's N1 guide: FMLA, 2 per cycle", True),
    Core(NEON, "Neoverse V1", "neoverse-v1", 4, "Arm's V1 guide: FMLA, 4 per cycle", True),
    Core(NEON, "Neoverse V2", "neoverse-v2", 4, "Arm's V2 guide: FMLA, 4 per cycle"),
    Core(NEON, "Cortex-A72", "cortex-a72", 1, "two 64-bit pipes; the model is the Cortex-A57's"),
    Core(NEON, "Apple M1", "apple-m1", 4, "Apple's guide: 4; the model is the A7's, with 3"),
    Core(AVX2, "Skylake-X", "skylake-avx512", 2, "Intel's optimization manual: ports 0 and 1"),
    Core(AVX2, "Zen 4", "znver4", 2, "AMD's Zen 4 optimization guide: pipes 0 and 1"),
    Core(AVX512, "Skylake-X", "skylake-avx512", 2, "Intel's manual: ports 0 with 1, and 5"),
    Core(AVX512, "Zen 4", "znver4", 1, "AMD's guide: one takes both 256-bit pipes"),
]


def tool(name):
    return shutil.which(name + "-19") or name


def output(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"mca.py: {' '.join(command)}:\n{done.stderr}")
    return done.stdout


def check_levels():
    """Every level with registers of its own has a core here."""
    for path in sorted(glob.glob("kernels/*/matmul.h")):
        name = path.split("/")[1]
        if name not in ("scalar", "simd") and name not in [core.level.name for core in CORES]:
            sys.exit(f"mca.py: {path}: expected a core of level {name} in CORES, found none")


def directory_of(level):
    """The directory of a level's source: an extension shares that of the level that it extends."""
    return os.path.dirname(*glob.glob(f"kernels/*/{level.name}.c"))


def tile_of(level):
    """The multiply-adds of one iteration, and the functions of the full tile, as a pattern."""
    with open(f"{directory_of(level)}/matmul.h", encoding="utf-8") as f:
        found = dict(re.findall(r"#define (MR|NR|K_STEPS|COLUMN_GROUP) +(\d+)", f.read()))
    rows, columns = int(found["MR"]), int(found["NR"])
    function = rf"multiply_{rows}_{columns // int(found['COLUMN_GROUP'])}(_stores)?_f32_f32\b"
    return int(found["K_STEPS"]) * rows * columns // level.lanes, re.compile(function)


def loops(function, path):
    """The loops of an object's functions that have no branch inside, as lists of instructions."""
    code, at, inside = [], {}, False
    for line in output(tool("llvm-objdump"), "-d", "--no-show-raw-insn", path).splitlines():
        name = re.match(r"[0-9a-f]+ <(.*)>:", line)
        if name:
            inside = bool(function.match(name[1]))
        found = inside and re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
        if not found:
            continue
        at[int(found[1], 16)] = len(code)
        code.append(re.sub(r"\s*(<.*|//.*|# .*)$", "", found[2]).replace("\t", " "))
    jump = re.compile(r"(?:b|b\.\w+|j\w+|cbn?z|tbn?z|ret|retq|bl|callq?)\b")
    last_jump = -1
    for i, instruction in enumerate(code):
        if not jump.match(instruction):
            continue
        target = re.search(r"0x([0-9a-f]+)$", instruction)
        start = at.get(int(target[1], 16)) if target else None
        if start is not None and last_jump < start <= i:
            yield code[start:i] + [instruction[: target.start()] + "again"]
        last_jump = i


def cycles(level, cpu, body):
    """The cycles of one iteration in the steady state: the difference of two long runs."""
    text = "again:\n" + "\n".join(body) + "\n"
    total = []
    for rounds in (500, 1000):
        report = output(tool("llvm-mca"), f"-mtriple={level.arch}-linux-gnu", f"-mcpu={cpu}",
                        f"-iterations={rounds}", "-instruction-info=0", "-resource-pressure=0",
                        text=text)
        total.append(int(re.search(r"Total Cycles: +(\d+)", report)[1]))
    return (total[1] - total[0]) / 500


def slowest(core, directory, compiler):
    """The multiply-adds per cycle of a compiler's full-tile loop."""
    level = core.level
    expected, function = tile_of(level)
    path = f"{directory}/{compiler}-{level.arch}/{directory_of(level)}/{level.name}.o"
    full = [body for body in loops(function, path)
            if sum(bool(re.match(level.found, line)) for line in body) == expected]
    if not full:
        sys.exit(f"mca.py: {path}: expected a loop of {expected} multiply-adds, found none"
                 " (are the accumulators in registers?)")
    return min(expected / cycles(level, core.cpu, body) for body in full)


def main(directory):
    check_levels()
    status = 0
    print("| level | core | limit | the model's peak | gcc | clang | source of the limit |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    for core in CORES:
        alone = [core.level.written.format(i) for i in range(core.level.accumulators)]
        model = core.level.accumulators / cycles(core.level, core.cpu, alone)
        cells = []
        for compiler in ("gcc", "clang"):
            rate = slowest(core, directory, compiler)
            cells.append(f"{rate:.2f} ({100 * rate / core.limit:.0f} %)")
            if core.required and rate < MIN_SHARE * core.limit:
                status = 1
                print(f"mca.py: {compiler}: {core.name}: expected at least {100 * MIN_SHARE:.0f} % "
                      f"of {core.limit} multiply-adds per cycle, found {rate:.2f}", file=sys.stderr)
        print(f"| {core.level.name} | {core.name} | {core.limit} | {model:.2f} | {cells[0]} | "
              f"{cells[1]} | {core.source} |", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
