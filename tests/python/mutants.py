"""mutants.py BUILD [EVERY] - plants the faults of mutants.txt in the package; a test must find each

The format is that of tests/mutants.sh: TEST FILE NAME, then what is replaced (-) and by what (+).
With EVERY, only each EVERY-th is run; of the others the text must still exist.
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PACKAGE = os.path.join(ROOT, "bindings", "python", "libvit")


def read_table(path):
    """The entries (test, file, name, old lines, new lines)."""
    entries = []
    with open(path, encoding="utf-8") as file:
        for part in file.read().split("\n\n"):
            lines = [line for line in part.splitlines() if line and not line.startswith("#")]
            if not lines:
                continue
            test, name, title = lines[0].split(" ", 2)
            old = [line[2:] for line in lines[1:] if line.startswith("-")]
            new = [line[2:] for line in lines[1:] if line.startswith("+")]
            entries.append((test, name, title, old, new))
    return entries


def plant(text, old, new):
    """The text with the first place that is the old lines, whatever their indentation, replaced.

    None: there is no such place.
    """
    lines = text.splitlines()
    for i in range(len(lines) - len(old) + 1):
        if [line.strip() for line in lines[i:i + len(old)]] == [line.strip() for line in old]:
            indent = lines[i][:len(lines[i]) - len(lines[i].lstrip())]
            return "\n".join(lines[:i] + [indent + n for n in new] + lines[i + len(old):]) + "\n"
    return None


def run_test(package, build, test):
    """The status of run.py with one test and a copy of the package; None: it did not end."""
    environment = {**os.environ, "PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1",
                   "VIT_BUILD": build, "VIT_LIBRARY": build, "PYTHON_SHORT": "1"}
    try:
        return subprocess.run([sys.executable, os.path.join(HERE, "run.py"), "--all", test],
                              env=environment, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, timeout=120, check=False).returncode
    except subprocess.TimeoutExpired:
        return None


def main(build, every="1"):
    build, every = os.path.abspath(build), int(every or 1)
    entries = read_table(os.path.join(HERE, "mutants.txt"))
    passed, ran, found, failed = set(), 0, 0, 0
    with tempfile.TemporaryDirectory() as work:
        copy = os.path.join(work, "libvit")
        shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        for number, (test, name, title, old, new) in enumerate(entries, 1):
            path = os.path.join(copy, name)
            with open(path, encoding="utf-8") as file:
                original = file.read()
            mutant = plant(original, old, new)
            if mutant is None or mutant == original:
                verdict = "STALE"
            elif number % every:
                verdict = "not run"
            elif test not in passed and run_test(work, build, test) != 0:
                verdict = "UNFIT"  # the test does not pass without the fault
            else:
                passed.add(test)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(mutant)
                status = run_test(work, build, test)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(original)
                verdict = {0: "SURVIVED", None: "HUNG"}.get(status, "found")
                ran += 1
            found += verdict == "found"
            failed += verdict not in ("found", "not run")
            print(f"{verdict:9} {test} {name}: {title}", flush=True)
    print(f"python: {ran} of {len(entries)} mutants ran, {found} found")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
