"""run.py - runs the tests of the server, or those whose names contain an argument"""

import os
import sys
import unittest


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    os.chdir(os.path.join(here, '../..'))
    sys.path.insert(0, here)
    sys.dont_write_bytecode = True  # the tests leave no file in the repository
    every = list(flatten(unittest.defaultTestLoader.discover(here)))
    chosen = [t for t in every if not sys.argv[1:] or any(a in t.id() for a in sys.argv[1:])]
    result = unittest.TextTestRunner(verbosity=1).run(unittest.TestSuite(chosen))
    for test, reason in result.skipped:
        print(f'skipped: {test.id()}: {reason}')
    print(f'{result.testsRun - len(result.skipped)} of {len(chosen)} run')
    return 0 if result.wasSuccessful() and chosen else 1


if __name__ == '__main__':
    sys.exit(main())
