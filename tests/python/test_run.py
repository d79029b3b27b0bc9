"""test_run.py - run.py counts every test, and no skip looks like a pass"""
import os
import subprocess
import sys
import tempfile
import unittest

from common import ROOT

HEAD = "import unittest\nclass T(unittest.TestCase):\n"
PASS = "    def test_a(self): pass\n"
SKIP = "    @unittest.skip('not here')\n    def test_b(self): pass\n"


class Counts(unittest.TestCase):
    def run_tests(self, body, *arguments):
        """The status of run.py with a module of tests, and the last line that it prints."""
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "test_made.py"), "w", encoding="utf-8") as file:
                file.write(HEAD + body)
            done = subprocess.run(
                [sys.executable, "-B", os.path.join(ROOT, "tests", "python", "run.py"),
                 *arguments, "test_made"], env={**os.environ, "PYTHONPATH": folder}, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        return done.returncode, done.stdout.rstrip().rpartition("\n")[2]

    def test_what_ran_and_what_was_skipped_is_counted(self):
        self.assertEqual(self.run_tests(PASS), (0, "python: 1 of 1 run"))
        self.assertEqual(self.run_tests(PASS + SKIP), (0, "python: 1 of 2 run"))

    def test_with_all_a_skip_is_an_error(self):
        self.assertEqual(self.run_tests(PASS, "--all")[0], 0)
        self.assertEqual(self.run_tests(PASS + SKIP, "--all")[0], 1)

    def test_a_class_that_skips_itself_is_an_error(self):
        skips = "    @classmethod\n    def setUpClass(cls): raise unittest.SkipTest('hidden')\n"
        self.assertEqual(self.run_tests(PASS + SKIP + skips)[0], 1)

    def test_failures_no_tests_and_expected_failures_are_errors(self):
        for body in ("    def test_a(self): self.fail()\n", "    def test_a(self): 1/0\n",
                     "    pass\n", "    no python\n",
                     "    @unittest.expectedFailure\n    def test_a(self): self.fail()\n"):
            self.assertEqual(self.run_tests(body)[0], 1, body)


if __name__ == "__main__":
    unittest.main()
