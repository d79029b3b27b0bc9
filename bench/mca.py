"""mca.py FOLDER - the matmuls' inner loops on CPUs that are not here, as llvm-mca predicts

FOLDER holds gcc-x86_64, clang-x86_64, gcc-aarch64 and clang-aarch64, each with kernels/. The loop of
the full tile is found in the object: the straight run of code that ends in a jump to its start and
has four steps' multiply-adds. Where a compiler made several, the slowest counts. A Markdown table on
standard output; exit status 1 if NEON is below 90 % of the limit of a Neoverse N1 or V1.
"""
import re
import shutil
import subprocess
import sys
from collections import namedtuple

STEPS = 4  # of k in a round of the loop, in every kernel
LEAST = 0.9

# A multiply-add in a disassembly, and one to write, of which `chains` need no register twice.
Level = namedtuple("Level", "name arch lanes found written chains")
NEON = Level("neon", "aarch64", 4, r"fmla", "fmla v{}.4s, v30.4s, v31.s[0]", 24)
AVX2 = Level("avx2", "x86_64", 8, r"vfmadd\w+ps\b.*%ymm", "vfmadd231ps %ymm14, %ymm15, %ymm{}", 12)
AVX512 = Level("avx512", "x86_64", 16, r"vfmadd\w+ps\b.*%zmm", "vfmadd231ps %zmm30, %zmm31, %zmm{}", 24)

# Multiply-adds of a whole vector that a core begins in a cycle, and who says so.
Core = namedtuple("Core", "level name cpu limit source required", defaults=[False])
CORES = [
    Core(NEON, "Neoverse N1", "neoverse-n1", 2, "Arm's N1 optimization guide: FMLA, 2 a cycle", True),
    Core(NEON, "Neoverse V1", "neoverse-v1", 4, "Arm's V1 optimization guide: FMLA, 4 a cycle", True),
    Core(NEON, "Neoverse V2", "neoverse-v2", 4, "Arm's V2 optimization guide: FMLA, 4 a cycle"),
    Core(NEON, "Cortex-A72", "cortex-a72", 1, "two pipes of 64 bits; the model is the Cortex-A57's"),
    Core(NEON, "Apple M1", "apple-m1", 4, "Apple's guide: 4 a cycle; the model is the A7's, with 3"),
    Core(AVX2, "Skylake-X", "skylake-avx512", 2, "Intel's optimization manual: ports 0 and 1"),
    Core(AVX2, "Zen 4", "znver4", 2, "AMD's Zen 4 optimization guide: pipes 0 and 1"),
    Core(AVX512, "Skylake-X", "skylake-avx512", 2, "Intel's manual: ports 0 with 1, and 5"),
    Core(AVX512, "Zen 4", "znver4", 1, "AMD's guide: both pipes of 256 bits for one"),
]


def tool(name):
    return shutil.which(name + "-19") or name


def output(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"mca.py: {' '.join(command)}:\n{done.stderr}")
    return done.stdout


def tile_multiply_adds(level):
    """Those of a round of the loop, from the tile that the kernel's source defines."""
    with open(f"kernels/{level.name}/matmul.h", encoding="utf-8") as f:
        size = dict(re.findall(r"#define (MR|NR) +(\d+)", f.read()))
    return STEPS * int(size["MR"]) * int(size["NR"]) // level.lanes


def loops(level, path):
    """The straight loops of an object, as lists of instructions."""
    code, at = [], {}
    for line in output(tool("llvm-objdump"), "-d", "--no-show-raw-insn", path).splitlines():
        found = re.match(r"\s*([0-9a-f]+):\s+(.*)", line)
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
    """Of one round, in the long run."""
    text = "again:\n" + "\n".join(body) + "\n"
    total = []
    for rounds in (500, 1000):
        report = output(tool("llvm-mca"), f"-mtriple={level.arch}-linux-gnu", f"-mcpu={cpu}",
                        f"-iterations={rounds}", "-instruction-info=0", "-resource-pressure=0",
                        text=text)
        total.append(int(re.search(r"Total Cycles: +(\d+)", report)[1]))
    return (total[1] - total[0]) / 500


def slowest(core, folder, compiler):
    """The multiply-adds per cycle of a compiler's full-tile loop."""
    level, expected = core.level, tile_multiply_adds(core.level)
    path = f"{folder}/{compiler}-{level.arch}/kernels/{level.name}/{level.name}.o"
    full = [body for body in loops(level, path)
            if sum(bool(re.match(level.found, line)) for line in body) == expected]
    if not full:
        sys.exit(f"mca.py: {path}: no loop of {expected} multiply-adds; is its tile in registers?")
    return min(expected / cycles(level, core.cpu, body) for body in full)


def main(folder):
    status = 0
    print("| level | core | limit | the model's | gcc | clang | limit from |")
    print("| --- | --- | ---: | ---: | ---: | ---: | --- |")
    for core in CORES:
        alone = [core.level.written.format(i) for i in range(core.level.chains)]
        model = core.level.chains / cycles(core.level, core.cpu, alone)
        cells = []
        for compiler in ("gcc", "clang"):
            rate = slowest(core, folder, compiler)
            cells.append(f"{rate:.2f} ({100 * rate / core.limit:.0f} %)")
            if core.required and rate < LEAST * core.limit:
                status = 1
                print(f"mca.py: {compiler}: {rate:.2f} of {core.limit} on {core.name}, expected "
                      f"{100 * LEAST:.0f} % at least", file=sys.stderr)
        print(f"| {core.level.name} | {core.name} | {core.limit} | {model:.2f} | {cells[0]} | "
              f"{cells[1]} | {core.source} |", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
