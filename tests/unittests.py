"""unittests.py FOLDER [NAME...] - runs a folder's tests, or those whose names contain a NAME"""

import os
import sys
import unittest


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def main(folder, *names):
    folder = os.path.abspath(folder)
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
    sys.path.insert(0, folder)
    sys.dont_write_bytecode = True  # the tests leave no file in the repository
    every = list(flatten(unittest.defaultTestLoader.discover(folder)))
    chosen = [t for t in every if not names or any(name in t.id() for name in names)]
    result = unittest.TextTestRunner(verbosity=1).run(unittest.TestSuite(chosen))
    for test, reason in result.skipped:
        print(f'skipped: {test.id()}: {reason}')
    print(f'{result.testsRun - len(result.skipped)} of {len(chosen)} run')
    return 0 if result.wasSuccessful() and chosen else 1


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
