"""run.py [NAME...] - every test of bindings/python; prints how many of them ran

A test that is skipped is counted with its reason, and --all makes it an error. Exits with 1 if a
test fails, or if one neither ran nor was counted as skipped.
"""
import os
import sys
import unittest

sys.dont_write_bytecode = True


def main(arguments):
    everything = "--all" in arguments
    names = [a for a in arguments if a != "--all"]
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, here)
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(here)
    count = suite.countTestCases()
    result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
    reasons = {}
    for _, reason in result.skipped:
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, times in sorted(reasons.items()):
        print(f"skipped: {times} tests: {reason}")
    if os.environ.get("PYTHON_SHORT"):
        print("short: every fourth golden model")
    ran = result.testsRun - len(result.skipped)
    print(f"python: {ran} of {count} run")
    uncounted = count - ran - len(result.skipped)
    if uncounted or not count:
        print(f"run.py: expected every test to run or to be skipped, found {uncounted} of {count} "
              "that did neither", file=sys.stderr)
    bad = uncounted or not count or not result.wasSuccessful() or result.expectedFailures
    return 1 if bad or (everything and result.skipped) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
