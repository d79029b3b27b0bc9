"""test_cache_misses.py - the limits of cache_misses.py and what it counts"""
import contextlib
import io
import unittest

import cache_misses

OUTPUT = """desc: LL cache:         524288 B, 64 B, 8-way associative
cmd: run
events: Ir I1mr ILmr Dr D1mr DLmr Dw D1mw DLmw
fn=main
1 10 1 1 2 3 4 5 6 7
summary: 1000 20 19 300 40 30 200 10 7
"""


class CacheMisses(unittest.TestCase):
    def check(self, found, expected):
        with contextlib.redirect_stderr(io.StringIO()) as notes:
            return cache_misses.failures(found, expected), notes.getvalue()

    def test_data_that_the_last_cache_lacks_counts_in_lines(self):
        self.assertEqual(cache_misses.misses(OUTPUT), 64 * (30 + 7))

    def test_two_percent_more_pass_and_the_next_byte_fails(self):
        self.assertEqual(self.check({"a": 102}, {"a": 100}), ([], ""))
        lines, _ = self.check({"a": 103, "b": 5}, {"a": 100, "b": 5})
        self.assertEqual(len(lines), 1)
        self.assertIn("a: expected 100", lines[0])
        self.assertIn("found 103", lines[0])

    def test_a_gain_is_a_note(self):
        lines, notes = self.check({"a": 90}, {"a": 100})
        self.assertEqual(lines, [])
        self.assertIn("-10%", notes)

    def test_only_a_case_of_ci_needs_a_figure(self):
        some = cache_misses.name(cache_misses.cases(False)[0])
        lines, _ = self.check({some: 1, "other": 1}, {})
        self.assertEqual(len(lines), 1)
        self.assertIn(some, lines[0])

    def test_the_cases_of_ci_are_among_all_and_names_differ(self):
        some, every = cache_misses.cases(False), cache_misses.cases(True)
        self.assertLessEqual(set(some), set(every))
        self.assertEqual(len({cache_misses.name(case) for case in every}), len(every))

    def test_least_bytes_are_operands_and_results(self):
        case = cache_misses.Case("avx2", 1, "matmul", (2, 3, 5), "")
        self.assertEqual(cache_misses.least_bytes(case), 4 * (10 + 15 + 6))
        self.assertEqual(cache_misses.multiply_adds(case), 30)


if __name__ == "__main__":
    unittest.main()
