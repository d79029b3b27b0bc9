#!/usr/bin/python3
"""test_compare.py - the statistics and the matching of names in compare.py"""
import random
import unittest

import compare


class Interval(unittest.TestCase):
    def test_ranks_are_those_of_the_tables(self):
        # Ranks of the 95 % interval of a median: Conover, Practical Nonparametric Statistics.
        for rounds, rank in ((5, 0), (6, 1), (8, 1), (9, 2), (15, 4), (20, 6), (25, 8)):
            self.assertEqual(compare.interval_rank(rounds), rank, rounds)

    def test_the_interval_holds_the_median_as_often_as_it_says(self):
        chance = random.Random(1)
        held = 0
        for _ in range(4000):
            found = compare.summarize([chance.lognormvariate(0, 0.1) for _ in range(15)])
            held += found["low"] <= 1 <= found["high"]
        self.assertTrue(0.955 < held / 4000 < 0.975, held)  # exactly 96.5 %


class Verdict(unittest.TestCase):
    def test_a_shift_above_the_noise_is_seen(self):
        chance = random.Random(2)
        ratios = [1.05 * chance.lognormvariate(0, 0.01) for _ in range(15)]
        found = compare.summarize(ratios)
        self.assertEqual(found["verdict"], "slower")
        self.assertAlmostEqual(found["ratio"], 1.05, delta=0.01)
        self.assertEqual(compare.summarize([1 / r for r in ratios])["verdict"], "faster")

    def test_three_wild_rounds_of_fifteen_do_not_decide(self):
        self.assertEqual(compare.summarize([0.99] * 6 + [1.01] * 6 + [9] * 3)["verdict"], "same")

    def test_few_rounds_decide_nothing(self):
        found = compare.summarize([2.0] * 5)
        self.assertEqual((found["verdict"], found["low"], found["high"]), ("unknown", 2.0, 2.0))


class Reports(unittest.TestCase):
    def test_a_rate_and_a_time_both_become_times(self):
        def report(**counters):
            return {"benchmarks": [{"name": "b", "run_type": "iteration", "real_time": 7.0}
                                   | counters]}
        self.assertEqual(compare.speed_of(report(GFLOP_per_s=4.0)), ("GFLOP_per_s", 4.0, 0.25))
        self.assertEqual(compare.speed_of(report(GFLOP_per_s=4.0, ms_per_image=3.0)),
                         ("ms_per_image", 3.0, 3.0))
        self.assertEqual(compare.speed_of(report()), ("real_time", 7.0, 7.0))

    def test_a_failed_benchmark_is_an_error(self):
        with self.assertRaisesRegex(compare.Failed, "not the bits"):
            compare.speed_of({"benchmarks": [{"error_occurred": True,
                                              "error_message": "not the bits"}]})
        with self.assertRaises(compare.Failed):
            compare.speed_of({"benchmarks": []})


class Names(unittest.TestCase):
    def test_renamed_benchmarks_are_paired_and_others_are_listed(self):
        pairs, gone, added = compare.pair(["avx2/a/x", "avx2/old/x", "avx2/gone/x"],
                                          ["avx2/new/x", "avx2/a/x", "avx2/added/x"],
                                          {"old": "new"})
        self.assertEqual(pairs, [("avx2/a/x", "avx2/a/x"), ("avx2/old/x", "avx2/new/x")])
        self.assertEqual((gone, added), (["avx2/gone/x"], ["avx2/added/x"]))

    def test_filter_level_and_threads_select(self):
        name = "avx2/forward/vit_base_patch16_224/batch:8/threads:2"
        for arguments, wanted in ((["--filter", "vit_(base|small)"], True),
                                  (["--filter", "matmul"], False), (["--isa", "avx512"], False),
                                  (["--isa", "avx2", "--threads", "2"], True),
                                  (["--threads", "1"], False)):
            args = compare.parse(["base", "new"] + arguments)
            self.assertEqual(compare.selected(name, args), wanted, arguments)


if __name__ == "__main__":
    unittest.main()
